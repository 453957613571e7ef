// Changes that Postgres makes only with others out of the way: a column of another type, and a type made
// anew, with all columns of it carried over through text.
import type { Change, ChangeContext, Fact, Facts } from '../fact.ts';
import { partsOf } from '../names.ts';

/** Kinds that Postgres itself carries along when a column changes its type. */
const CARRIED = new Set([
	'clustered',
	'comment',
	'index',
	'index_partition',
	'inheritance',
	'not_null',
	'partition',
	'primary_key',
	'privileges',
	'replica_identity',
	'sequence_owner',
	'statistics',
	'table',
	'unique_constraint',
]);

/** All that rests on a column. One of a child or partition goes with its parent's, but for what rests on that. */
export function restingOn(column: Fact, target: Facts): string[] {
	return (target.dependents.get(column.id) ?? []).flatMap((id) => {
		const fact = target.byId.get(id);
		if (fact === undefined) return [];
		return fact.definition['inherited'] === 'from parent' ? restingOn(fact, target) : [id];
	});
}

/** What rests on a column and must be dropped before its type can change: views, policies, defaults … */
export function inTheWay(column: Fact, target: Facts): string[] {
	return restingOn(column, target).filter((id) => !CARRIED.has(target.byId.get(id)?.kind ?? ''));
}

/** Takes away the rows of tables that will be mirrored, whatever refers to them: the clone brings the source's. */
export const emptied = (tables: Iterable<string>): string[] => [
	'set local session_replication_role = replica',
	...[...new Set(tables)].map((table) => `delete from ${table}`),
	'set local session_replication_role = origin',
];

const retype = (column: Fact, type: string, through: string): string =>
	`alter table ${String(column.definition['table'])} alter column ${String(column.definition['name'])} type ${type} using ${String(column.definition['name'])}${through}::${type}`;

/**
 * The source's type under its name, and every column of the old one moved to it. What else rests on the
 * type (functions, views, checks) is dropped and made again. A type within a type is left to the user.
 */
export function rebuildType(
	source: Fact,
	target: Fact,
	{ target: facts, mirrored }: Pick<ChangeContext, 'target' | 'mirrored'>,
): Change {
	const users = (facts.dependents.get(target.id) ?? []).flatMap((id) => facts.byId.get(id) ?? []);
	const columns = users.filter(
		(fact) => fact.kind === 'column' && fact.definition['generated'] === null,
	);
	const nested = users.find((fact) => ['composite_type', 'domain', 'range'].includes(fact.kind));
	if (nested) {
		return {
			how: 'leave',
			why: `it cannot be altered in place, and ${nested.object} is made of it`,
			fix: `Change both by hand on the target, then clone again.`,
		};
	}
	const apart = new Set(users.filter((fact) => !columns.includes(fact)).map((fact) => fact.id));
	for (const column of columns) for (const id of inTheWay(column, facts)) apart.add(id);
	const [schema] = partsOf(target.identity);
	const temporary = '_twins_old_type';
	const statements = [
		`alter type ${target.identity} rename to ${temporary}`,
		...source.create,
		...columns.map((column) => retype(column, String(column.definition['type']), '::text')),
		`drop type ${schema}.${temporary}`,
	];
	const tables = columns.map((column) => String(column.definition['table']));
	return {
		how: 'around',
		apart: [...apart],
		statements,
		otherwise: mirrored ? [[...emptied(tables), ...statements]] : [],
	};
}
