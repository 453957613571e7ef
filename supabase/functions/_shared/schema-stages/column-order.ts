// Tables whose columns stand in another order on the target than on the source: Postgres has no statement that moves a
// column, and a clone makes no table anew for it. What names no columns (`insert into t values …`) means others there.
import type { ReadContext } from '../contract/context.ts';
import type { EndpointRole } from '../domain/endpoint-role.ts';
import { both } from '../platform/both.ts';
import { readAgain } from '../platform/schema-changes.ts';
import type { Param } from '../platform/postgres/index.ts';
import { userTable } from '../schema/kinds/table-sql.ts';

/** A digest of the columns of every table first: most tables are equal, and some have a thousand columns. */
const columnsAs = (value: string, where: string): string => `
select pg_catalog.format('%I.%I', n.nspname, c.relname) as name, ${value} as columns
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where ${userTable(`'r', 'p', 'f'`)} and ${where}
group by 1`;
const DIGESTS = columnsAs(
	`pg_catalog.md5(pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ',' order by a.attnum))`,
	'true',
);
const NAMES = columnsAs(
	`pg_catalog.jsonb_agg(pg_catalog.quote_ident(a.attname) order by a.attnum)`,
	`pg_catalog.format('%I.%I', n.nspname, c.relname) = any ($1::pg_catalog.text[])`,
);

/** A table with the columns that both have, in the order of each. */
export interface ColumnOrder {
	readonly table: string;
	readonly source: readonly string[];
	readonly target: readonly string[];
}

type Context = Pick<ReadContext, 'source' | 'target'>;

async function read<T>(
	context: Context,
	sql: string,
	values: readonly Param[] = [],
): Promise<Record<EndpointRole, ReadonlyMap<string, T>>> {
	const of = async (role: EndpointRole) => {
		const session = await context[role].database();
		const rows = await readAgain(session, () =>
			session.query<{ name: string; columns: T }>(sql, values),
		);
		return new Map(rows.map(({ name, columns }) => [name, columns]));
	};
	const [source, target] = await both(of('source'), of('target'));
	return { source, target };
}

/** The tables of both endpoints whose common columns stand in another order. */
export async function readColumnOrders(context: Context): Promise<ColumnOrder[]> {
	const digests = await read<string>(context, DIGESTS);
	const differing = [...digests.source.keys()].filter(
		(name) => digests.target.has(name) && digests.target.get(name) !== digests.source.get(name),
	);
	if (differing.length === 0) return [];
	const names = await read<readonly string[]>(context, NAMES, [differing]);
	return differing.flatMap((table): ColumnOrder[] => {
		const [wanted, existing] = [names.source.get(table) ?? [], names.target.get(table) ?? []];
		const source = wanted.filter((name) => existing.includes(name));
		const target = existing.filter((name) => wanted.includes(name));
		return source.every((name, at) => name === target[at]) ? [] : [{ table, source, target }];
	});
}
