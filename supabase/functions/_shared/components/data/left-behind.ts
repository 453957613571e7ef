// What holds the user's content and is no row of a table that a clone copies: large objects, secrets of Vault,
// message queues, the history of migrations. Named, so that nobody misses it later.
import { type Session, ident, literal } from '../../platform/postgres/index.ts';

export interface LeftBehind {
	readonly object: string;
	readonly detail: string;
	readonly fix: string;
}

const LARGE_OBJECTS = `select pg_catalog.count(*)::pg_catalog.int4 as count from pg_catalog.pg_largeobject_metadata`;
const LISTED = 100;

/** Named things in a platform table that both endpoints may have. */
interface Named {
	readonly kind: string;
	readonly table: readonly [schema: string, table: string];
	readonly column: string;
	readonly detail: string;
	readonly fix: (name: string) => string;
}

const NAMED: readonly Named[] = [
	{
		kind: 'Vault secret',
		table: ['vault', 'secrets'],
		column: 'name',
		detail: 'The target lacks this secret; secrets are not copied',
		fix: (name) => `Run on the target: select vault.create_secret('…', ${literal(name)})`,
	},
	{
		kind: 'queue',
		table: ['pgmq', 'meta'],
		column: 'queue_name',
		detail: 'The target lacks this message queue; queues are not copied',
		fix: (name) => `Run on the target: select pgmq.create(${literal(name)})`,
	},
];

/** Everything of the source that stays behind and is not on the target already. */
export async function readLeftBehind(source: Session, target: Session): Promise<LeftBehind[]> {
	const found: LeftBehind[] = [];
	for (const named of NAMED) {
		const present = new Set(await namesIn(target, named));
		const missing = (await namesIn(source, named)).filter((name) => !present.has(name));
		found.push(
			...missing.slice(0, LISTED).map((name) => ({
				object: `${named.kind} ${name}`,
				detail: named.detail,
				fix: named.fix(name),
			})),
			...rest(named.kind, missing),
		);
	}
	found.push(...(await unnamedSecrets(source)), ...(await queuedMessages(source)));
	const [large] = await source.query<{ count: number }>(LARGE_OBJECTS);
	if (large && large.count > 0) {
		found.push({
			object: 'large objects',
			detail: `${large.count} large objects are not copied`,
			fix: 'Keep such data in bytea columns or in Storage; or copy them with pg_dump --large-objects.',
		});
	}
	return [...found, ...(await migrationHistory(source, target))];
}

function rest(kind: string, missing: readonly string[]): LeftBehind[] {
	if (missing.length <= LISTED) return [];
	return [
		{
			object: `more of kind ${kind}`,
			detail: `${missing.length - LISTED} beyond those named, in the order of their names`,
			fix: 'Clone again once those that are named are on the target: the next are named then.',
		},
	];
}

async function unnamedSecrets(source: Session): Promise<LeftBehind[]> {
	if (!(await isReadable(source, ['vault', 'secrets']))) return [];
	const [row] = await source.query<{ count: number }>(
		'select count(*)::int as count from vault.secrets where name is null',
	);
	if (!row || row.count === 0) return [];
	return [
		{
			object: 'Vault secrets without a name',
			detail: `${row.count} on the source; secrets are not copied`,
			fix: 'Give them names on the source, and make them on the target with vault.create_secret.',
		},
	];
}

/** Waiting messages of each queue, also of those that the target has. */
async function queuedMessages(source: Session): Promise<LeftBehind[]> {
	const found: LeftBehind[] = [];
	for (const queue of await namesIn(source, { table: ['pgmq', 'meta'], column: 'queue_name' })) {
		const table = ['pgmq', `q_${queue.toLowerCase()}`] as const;
		if (!(await isReadable(source, table))) continue;
		const [row] = await source.query<{ count: number }>(
			`select pg_catalog.count(*)::pg_catalog.int4 as count from ${ident(table[0])}.${ident(table[1])}`,
		);
		if (!row || row.count === 0) continue;
		found.push({
			object: `messages of queue ${queue}`,
			detail: `${row.count} waiting messages are not copied: two projects would do their work twice`,
			fix: 'Send them again on the target, if they are to be worked on there.',
		});
	}
	return found;
}

async function migrationHistory(source: Session, target: Session): Promise<LeftBehind[]> {
	const history = {
		table: ['supabase_migrations', 'schema_migrations'],
		column: 'version',
	} as const;
	const present = new Set(await namesIn(target, history));
	const missing = (await namesIn(source, history)).filter((version) => !present.has(version));
	if (missing.length === 0) return [];
	const [first] = missing;
	return [
		{
			object: 'migration history',
			detail: `${missing.length} migrations (from ${first}) are recorded on the source only; the history is not copied`,
			fix: 'Before the next supabase db push to the target: supabase migration repair --status applied <versions>',
		},
	];
}

async function isReadable(
	session: Session,
	[schema, table]: readonly [schema: string, table: string],
): Promise<boolean> {
	const [access] = await session.query(
		`select coalesce((select pg_catalog.has_table_privilege(t, 'select')
			from pg_catalog.to_regclass(${literal(`${ident(schema)}.${ident(table)}`)}) t where t is not null), false)
			and coalesce(pg_catalog.has_schema_privilege(
				pg_catalog.to_regnamespace(${literal(schema)})::pg_catalog.oid, 'usage'), false) as is_open`,
	);
	return access?.['is_open'] === true;
}

/** Names in a table, in order; none where the project has no such table or may not read it. */
async function namesIn(
	session: Session,
	{ table, column }: Pick<Named, 'table' | 'column'>,
): Promise<string[]> {
	if (!(await isReadable(session, table))) return [];
	const name = table.map(ident).join('.');
	const rows = await session.query(
		`select ${ident(column)}::pg_catalog.text as name from ${name} where ${ident(column)} is not null order by 1`,
	);
	return rows.map((row) => String(row['name']));
}
