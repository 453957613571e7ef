// Changes that Postgres makes only once dependents are dropped: a column of another type, and a type made
// anew, with all columns of it carried over through text.
import type { Change, ChangeContext, Fact, Facts, RowsBrought } from '../fact.ts';
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
export function blockersOf(column: Fact, target: Facts): string[] {
	return restingOn(column, target).filter((id) => !CARRIED.has(target.byId.get(id)?.kind ?? ''));
}

/** Columns whose type has the domain inside: in an array, a composite type, a range. */
export function storedWithin(domain: string, { byId, dependents }: Facts): string[] {
	const found = new Set<string>();
	const seen = new Set<string>();
	const visit = (id: string, isNested: boolean): void => {
		for (const user of (dependents.get(id) ?? []).flatMap((other) => byId.get(other) ?? [])) {
			const key = `${String(isNested)} ${user.id}`;
			if (seen.has(key)) continue;
			seen.add(key);
			if (user.kind === 'domain') visit(user.id, isNested);
			else if (['composite_type', 'range', 'table'].includes(user.kind)) visit(user.id, true);
			else if (user.kind === 'column') {
				if (isNested || user.parts?.['element'] != null) found.add(user.id);
				if (user.parent !== null) visit(user.parent, true);
			}
		}
	};
	visit(domain, false);
	return [...found];
}

/**
 * Takes away the rows of those tables that the clone fills again, whatever refers to them. Empty where it fills none.
 * What is below a table keeps its rows unless it is named itself.
 */
export function emptied(tables: Iterable<string>, rows: RowsBrought): string[] {
	const filled = [...new Set(tables)].filter((table) => rows.brings(table));
	if (filled.length === 0) return [];
	return [
		'set local session_replication_role = replica',
		...filled.map((table) => `delete from only ${table}`),
		'set local session_replication_role = origin',
	];
}

const retype = ({ definition }: Fact, type: string, through: string): string => {
	const name = String(definition['name']);
	const table = String(definition['table']);
	return `alter table ${table} alter column ${name} type ${type} using ${name}${through}::${type}`;
};

/**
 * The source's type under its name, and every column of the old one moved to it. What else rests on the
 * type (functions, views, checks) is dropped and recreated.
 */
export function rebuildType(
	source: Fact,
	target: Fact,
	{ target: facts, rows }: Pick<ChangeContext, 'target' | 'rows'>,
): Change {
	const users = (facts.dependents.get(target.id) ?? []).flatMap((id) => facts.byId.get(id) ?? []);
	const columns = users.filter(
		(fact) => fact.kind === 'column' && fact.definition['generated'] === null,
	);
	// The types that are made of it are made anew as well, and their columns come back from text.
	if (users.some((fact) => ['composite_type', 'domain', 'range'].includes(fact.kind)))
		return { how: 'replace' };
	const dropFirst = new Set(users.filter((fact) => !columns.includes(fact)).map((fact) => fact.id));
	for (const column of columns) for (const id of blockersOf(column, facts)) dropFirst.add(id);
	const [schema] = partsOf(target.identity);
	const temporary = '_twins_old_type';
	const statements = [
		`alter type ${target.identity} rename to ${temporary}`,
		...source.create,
		...columns.map((column) =>
			retype(column, String(column.definition['type']), '::pg_catalog.text'),
		),
		`drop type ${schema}.${temporary}`,
	];
	const empty = emptied(
		columns.map((column) => String(column.definition['table'])),
		rows,
	);
	return {
		how: 'recreate_dependents',
		dropFirst: [...dropFirst],
		statements,
		otherwise: empty.length > 0 ? [[...empty, ...statements]] : [],
	};
}
