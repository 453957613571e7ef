// What holds the user's content and is no row of a table that a clone copies: large objects, secrets of Vault,
// message queues, the history of migrations. Named, so that nobody misses it later.
import type { Session } from '../../platform/session.ts';
import { ident, literal } from '../../platform/sql.ts';

export interface LeftBehind {
	readonly object: string;
	readonly detail: string;
	readonly fix: string;
}

const LARGE_OBJECTS = `select count(*)::int as count from pg_catalog.pg_largeobject_metadata`;
const LISTED = 100;

/** Named things in a platform table that both sides may have. */
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
		detail: 'the target lacks this secret; secrets are not copied',
		fix: (name) => `Run on the target: select vault.create_secret('…', ${literal(name)})`,
	},
	{
		kind: 'queue',
		table: ['pgmq', 'meta'],
		column: 'queue_name',
		detail: 'the target lacks this message queue; queues are not copied',
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
		);
	}
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

/** Names in a table, in order; none where the project has no such table or may not read it. */
async function namesIn(
	session: Session,
	{ table: [schema, table], column }: Pick<Named, 'table' | 'column'>,
): Promise<string[]> {
	const name = `${ident(schema)}.${ident(table)}`;
	const [access] = await session.query(
		`select coalesce((select pg_catalog.has_table_privilege(t, 'select')
			from pg_catalog.to_regclass(${literal(name)}) t where t is not null), false)
			and coalesce(pg_catalog.has_schema_privilege(pg_catalog.to_regnamespace(${literal(schema)})::oid, 'usage'), false) as is_open`,
	);
	if (access?.['is_open'] !== true) return [];
	const rows = await session.query(
		`select ${ident(column)}::text as name from ${name} where ${ident(column)} is not null order by 1`,
	);
	return rows.map((row) => String(row['name']));
}
