// Rows: added, changed, moved between tables of one shape, swapped, removed.
import { ident } from '../../../supabase/functions/_shared/platform/postgres/index.ts';
import { nameOf, tablesOf, valueOf, writableColumns } from '../names.ts';
import type { Generator } from './generator.ts';

const insert: Generator = (random, catalog) => {
	const table = random.pickAny(tablesOf(catalog));
	if (!table) return undefined;
	const columns = writableColumns(table);
	const rows = Array.from({ length: 1 + random.int(6) }, () => {
		const values = columns.map(({ type }) => valueOf(random, type, catalog));
		return `(${values.join(', ')})`;
	});
	const list = columns.map(({ name }) => ident(name)).join(', ');
	return columns.length === 0
		? `insert into ${nameOf(table)} default values`
		: `insert into ${nameOf(table)} (${list}) values ${rows.join(', ')} on conflict do nothing`;
};

export const rowStatements: readonly Generator[] = [
	insert,
	insert,
	insert,
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog));
		const column = random.pickAny(table ? writableColumns(table) : []);
		if (!table || !column) return undefined;
		return `update ${nameOf(table)} set ${ident(column.name)} = ${valueOf(random, column.type, catalog)} where ctid in (select ctid from ${nameOf(table)} order by ctid limit ${1 + random.int(3)})`;
	},
	// Two rows swap the values of a column: no sum over columns sees that.
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog).filter(({ kind }) => kind === 'r'));
		const column = random.pickAny(table ? writableColumns(table) : []);
		if (!table || !column) return undefined;
		const name = ident(column.name);
		return `with two as (select ctid as at, ${name} as value, row_number() over (order by ctid) as nth from only ${nameOf(table)} order by ctid limit 2)
update only ${nameOf(table)} as t set ${name} = other.value from two as own join two as other on other.nth = 3 - own.nth where t.ctid = own.at`;
	},
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog));
		return (
			table &&
			`delete from ${nameOf(table)} where ctid in (select ctid from ${nameOf(table)} order by ctid limit ${1 + random.int(3)})`
		);
	},
	(random, catalog) => {
		const table = random.chance(20) ? random.pickAny(tablesOf(catalog)) : undefined;
		return table && `truncate ${nameOf(table)}`;
	},
];
