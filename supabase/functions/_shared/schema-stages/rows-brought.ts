// Which tables of the target a clone fills again: all of their rows, and every value of those. Whatever it does not
// bring again must not be lost by a change of structure: rows of tables that only the target has, of tables that are
// left out, and values of columns that the source does not have.
import type { EndpointRole } from '../domain/endpoint-role.ts';
import type { ReadContext } from '../contract/context.ts';
import { ruleMatches } from '../domain/ignore-rule.ts';
import { both } from '../platform/both.ts';
import { readAgain } from '../platform/schema-changes.ts';
import type { RowsBrought } from '../schema/fact.ts';
import { userTable } from '../schema/kinds/table-sql.ts';

const TABLES = `
select pg_catalog.format('%I.%I', n.nspname, c.relname) as id, n.nspname || '.' || c.relname as name,
  (select rn.nspname || '.' || rc.relname
    from pg_catalog.pg_class rc join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
    where c.relispartition and rc.oid = pg_catalog.pg_partition_root(c.oid)) as root,
  (select coalesce(pg_catalog.jsonb_agg(a.attname), '[]') from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
  (select coalesce(pg_catalog.jsonb_agg(pg_catalog.format('%I.%I', pn.nspname, p.relname)), '[]')
  from pg_catalog.pg_inherits i
    join pg_catalog.pg_class p on p.oid = i.inhparent join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
    where i.inhrelid = c.oid) as parents
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where ${userTable()}`;

interface Table extends Record<string, unknown> {
	readonly id: string;
	/** As ignore rules and strategies name it, and the partitioned table it belongs to. */
	readonly name: string;
	readonly root: string | null;
	readonly columns: readonly string[];
	readonly parents: readonly string[];
}

type Context = Pick<ReadContext, 'source' | 'target' | 'options' | 'ignoreRules'>;

/** Reads both catalogs. */
export async function readRowsBrought(context: Context): Promise<RowsBrought> {
	const read = async (role: EndpointRole) => {
		const session = await context[role].database();
		return readAgain(session, () => session.query<Table>(TABLES));
	};
	const [source, target] = await both(read('source'), read('target'));
	return rowsBrought(source, target, context);
}

function rowsBrought(
	source: readonly Table[],
	target: readonly Table[],
	{ options, ignoreRules }: Context,
): RowsBrought {
	const wanted = new Map(source.map((table) => [table.id, table]));
	const existing = new Map(target.map((table) => [table.id, table]));
	const children = new Map<string, string[]>();
	for (const { id, parents } of target)
		for (const parent of parents) children.set(parent, [...(children.get(parent) ?? []), id]);
	const isMirrored = ({ name, root }: Table): boolean => {
		const names = [name, ...(root === null ? [] : [root])];
		const strategy = names.map((one) => options.strategies[one]).find(Boolean) ?? 'mirror';
		const isIgnored = ignoreRules.some((rule) => names.some((one) => ruleMatches(rule, one)));
		return strategy === 'mirror' && !isIgnored;
	};
	const below = (table: string): string[] => [
		...new Set([table, ...(children.get(table) ?? []).flatMap(below)]),
	];
	const bringsRows = options.components.data && options.row_limit === 0;
	const isOnlyOnTarget = (table: string): boolean => existing.has(table) && !wanted.has(table);
	const goes = options.remove_extra && options.components.tables;
	return {
		brings: (table) => {
			const [from, to] = [wanted.get(table), existing.get(table)];
			return (
				bringsRows &&
				from !== undefined &&
				to !== undefined &&
				isMirrored(from) &&
				to.columns.every((column) => from.columns.includes(column))
			);
		},
		isOnlyOnTarget,
		leaves: (table) => {
			if (!options.components.data) return false;
			const from = wanted.get(table);
			return from === undefined ? isOnlyOnTarget(table) && !goes : !bringsRows || !isMirrored(from);
		},
		below,
	};
}
