// What of the three tables is copied: columns that both endpoints have, what becomes of each on the way, and
// the rows that stay behind. Auth versions differ between projects, so no list is fixed.
import { type Session, ident, literal } from '../../platform/postgres/index.ts';
import {
	COLUMNS,
	HAS_SSO_PROVIDERS,
	isEncrypted,
	SSO_PROVIDERS,
	UNIQUE_INDEXES,
} from './queries.ts';

export const AUTH_TABLES = ['users', 'identities', 'mfa_factors'] as const;
export type AuthTable = (typeof AUTH_TABLES)[number];

export interface CopiedColumn {
	readonly name: string;
	/** Its value, over a row of the source's table. */
	readonly expression: string;
	/** False: set on new rows only, and of no account when rows are compared. */
	readonly isCompared: boolean;
}

export interface UniqueIndex {
	readonly name: string;
	readonly columns: readonly string[];
	/** Condition of a partial index over the table's columns; null: all rows. */
	readonly condition: string | null;
}

export interface TableLayout {
	readonly table: AuthTable;
	readonly columns: readonly CopiedColumn[];
	/** Condition over the source's rows: others are left out, and reported. */
	readonly filter: string;
	readonly uniqueIndexes: readonly UniqueIndex[];
	/** Columns of those indexes that may be null. */
	readonly releasable: readonly string[];
}

/** Auth hides users of any other instance from its own service. */
const INSTANCE = "'00000000-0000-0000-0000-000000000000'::uuid";

/** Links and codes that the source sent out. They work nowhere else, and null makes signing in fail. */
const TOKENS: readonly string[] = [
	'confirmation_token',
	'recovery_token',
	'email_change_token_new',
	'email_change_token_current',
	'phone_change_token',
	'reauthentication_token',
];

/** Read as plain text by the service, which fails on null. */
const NEVER_NULL: readonly string[] = ['email_change', 'phone_change'];

/** Half-done challenges of the source. */
const TRANSIENT: readonly string[] = ['last_webauthn_challenge_data'];

interface Column {
	readonly name: string;
	readonly nullable: boolean;
}

async function readColumns(session: Session, table: AuthTable): Promise<Column[]> {
	const rows = await session.query(COLUMNS, [table]);
	return rows.map((row) => ({ name: String(row['name']), nullable: row['nullable'] === true }));
}

async function readUniqueIndexes(session: Session, table: AuthTable): Promise<UniqueIndex[]> {
	const rows = await session.query(UNIQUE_INDEXES, [table]);
	return rows.map(({ name, columns, condition }) => ({
		name: String(name),
		columns: Array.isArray(columns) ? columns.map(String) : [],
		condition: typeof condition === 'string' ? condition : null,
	}));
}

/** SSO providers that the target has under the same id; only their identities mean something there. */
async function readSsoProviders(target: Session): Promise<string[]> {
	const [known] = await target.query(HAS_SSO_PROVIDERS);
	if (known?.['present'] !== true) return [];
	return (await target.query(SSO_PROVIDERS)).map(({ provider }) => String(provider));
}

export async function readLayout(
	source: Session,
	target: Session,
	table: AuthTable,
): Promise<TableLayout> {
	const theirs = new Set((await readColumns(source, table)).map(({ name }) => name));
	const ours = await readColumns(target, table);
	const columns = ours
		.filter(({ name }) => theirs.has(name) || TOKENS.includes(name))
		.filter(({ name }) => !TRANSIENT.includes(name))
		.map(({ name }) => copiedColumn(table, name));
	const copied = new Set(columns.filter(({ isCompared }) => isCompared).map(({ name }) => name));
	const uniqueIndexes = (await readUniqueIndexes(target, table)).filter(
		({ columns: keys }) => keys.length > 0 && keys.every((key) => copied.has(key)),
	);
	const keys = new Set(uniqueIndexes.flatMap((index) => index.columns));
	return {
		table,
		columns,
		filter: await filterOf(target, table),
		uniqueIndexes,
		releasable: ours
			.filter(({ name, nullable }) => nullable && keys.has(name))
			.map(({ name }) => name),
	};
}

function copiedColumn(table: AuthTable, name: string): CopiedColumn {
	const column = ident(name);
	if (table !== 'users') return { name, expression: column, isCompared: true };
	if (TOKENS.includes(name)) return { name, expression: "''::text", isCompared: false };
	if (NEVER_NULL.includes(name)) {
		return { name, expression: `coalesce(${column}, '')`, isCompared: true };
	}
	if (name === 'instance_id') return { name, expression: INSTANCE, isCompared: true };
	if (name === 'encrypted_password') {
		// Encrypted with a key that only the source has: without it, the user asks for a new password.
		const expression = `case when ${isEncrypted(column)} then '' else ${column} end`;
		return { name, expression, isCompared: true };
	}
	return { name, expression: column, isCompared: true };
}

async function filterOf(target: Session, table: AuthTable): Promise<string> {
	if (table === 'mfa_factors') return `(secret is null or not ${isEncrypted('secret')})`;
	if (table === 'users') return 'true';
	const providers = await readSsoProviders(target);
	if (providers.length === 0) return "provider not like 'sso:%'";
	return `(provider not like 'sso:%' or provider in (${providers.map(literal).join(', ')}))`;
}
