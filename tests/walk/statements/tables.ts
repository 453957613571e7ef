// Schemas, tables, columns, keys, indexes, partitions, sequences, statistics.
import { ident, literal } from '../../../supabase/functions/_shared/platform/postgres/index.ts';
import {
	anyType,
	nameOf,
	newName,
	ownTablesOf,
	tablesOf,
	valueOf,
	writableColumns,
} from '../names.ts';
import type { Generator } from './generator.ts';
import type { WalkCatalog, WalkColumn, WalkRelation } from '../catalog.ts';
import type { Random } from '../random.ts';

const inSchema = (random: Random, { schemas }: WalkCatalog): string =>
	ident(random.pickAny(schemas) ?? 'public');

/** A column of a random table, for statements about one. */
function anyColumn(
	random: Random,
	catalog: WalkCatalog,
): { table: WalkRelation; column: WalkColumn; name: string } | undefined {
	const table = random.pickAny(ownTablesOf(catalog));
	const column = random.pickAny(table?.columns ?? []);
	return table && column ? { table, column, name: ident(column.name) } : undefined;
}

const immutableFunction = (random: Random, { routines }: WalkCatalog): string => {
	const own = random.pickAny(
		routines.filter(({ arguments: list, kind }) => kind === 'f' && /^\S+ text$|^text$/.test(list)),
	);
	return own && random.chance(50) ? nameOf(own) : 'pg_catalog.lower';
};

const expressionOn = (random: Random, catalog: WalkCatalog, { columns }: WalkRelation): string => {
	const column = random.pickAny(columns);
	if (!column) return 'true';
	return random.chance(50)
		? ident(column.name)
		: `(${immutableFunction(random, catalog)}(${ident(column.name)}::text))`;
};

export const tableStatements: readonly Generator[] = [
	(random) => `create schema ${ident(`walk ${random.int(3)}`)}`,
	(random, catalog) => {
		const columns = Array.from({ length: 1 + random.int(5) }, () => {
			const type = anyType(random, catalog);
			const notNull = random.chance(15) ? ' not null' : '';
			return `${ident(newName(random))} ${type}${notNull}`;
		});
		const key = random.pick([
			['id int4 primary key'],
			['id int8 generated always as identity primary key'],
			['id uuid primary key default gen_random_uuid()'],
			['k1 int4, k2 text, primary key (k1, k2)'],
			['id serial'],
			[],
		]);
		return `create ${random.chance(5) ? 'unlogged ' : ''}table ${inSchema(random, catalog)}.${ident(newName(random))} (${[...key, ...columns].join(', ')})`;
	},
	(random, catalog) =>
		random.pick([
			`create table ${inSchema(random, catalog)}.${ident(newName(random))} (k int4 not null, v text, at date default '2024-01-01') partition by range (k)`,
			`create table ${inSchema(random, catalog)}.${ident(newName(random))} (k int4 not null, v text, primary key (k)) partition by list (k)`,
			`create table ${inSchema(random, catalog)}.${ident(newName(random))} (k int4 not null, v text) partition by hash (k)`,
		]),
	(random, catalog) => {
		const parent = random.pickAny(
			tablesOf(catalog).filter(({ strategy }) => strategy === 'r' || strategy === 'l'),
		);
		if (!parent) return undefined;
		const from = random.int(6) * 10;
		const bound = random.chance(25)
			? 'default'
			: parent.strategy === 'r'
				? `for values from (${from}) to (${from + 10})`
				: `for values in (${from}, ${from + 1})`;
		const table = `${inSchema(random, catalog)}.${ident(newName(random))}`;
		return random.chance(80)
			? `create table ${table} partition of ${nameOf(parent)} ${bound}`
			: `create table ${table} (like ${nameOf(parent)} including all); alter table ${nameOf(parent)} attach partition ${table} ${bound}`;
	},
	(random, catalog) => {
		const parent = random.pickAny(tablesOf(catalog).filter(({ strategy }) => strategy === 'h'));
		return (
			parent &&
			`create table ${inSchema(random, catalog)}.${ident(newName(random))} partition of ${nameOf(parent)} for values with (modulus 2, remainder ${random.int(2)})`
		);
	},
	(random, catalog) => {
		const partition = random.pickAny(tablesOf(catalog).filter(({ isPartition }) => isPartition));
		if (!partition) return undefined;
		const parent = random.pickAny(tablesOf(catalog).filter(({ kind }) => kind === 'p'));
		return parent && `alter table ${nameOf(parent)} detach partition ${nameOf(partition)}`;
	},
	(random, catalog) => {
		const table = random.pickAny(ownTablesOf(catalog));
		if (!table) return undefined;
		return `create table ${inSchema(random, catalog)}.${ident(newName(random))} (${ident(newName(random))} text) inherits (${nameOf(table)})`;
	},
	(random, catalog) => {
		const table = random.chance(40) ? random.pickAny(tablesOf(catalog)) : undefined;
		return table && `drop table ${nameOf(table)}${random.chance(60) ? ' cascade' : ''}`;
	},
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog));
		return table && `alter table ${nameOf(table)} rename to ${ident(newName(random))}`;
	},
	(random, catalog) => {
		const table = random.pickAny(ownTablesOf(catalog));
		return table && `alter table ${nameOf(table)} set schema ${inSchema(random, catalog)}`;
	},
	(random, catalog) => {
		const [one, two] = [random.pickAny(ownTablesOf(catalog)), random.pickAny(ownTablesOf(catalog))];
		if (!one || !two || one === two || one.schema !== two.schema) return undefined;
		return `alter table ${nameOf(one)} rename to walk_swap; alter table ${nameOf(two)} rename to ${ident(one.name)}; alter table ${ident(one.schema)}.walk_swap rename to ${ident(two.name)}`;
	},
	(random, catalog) => {
		const table = random.pickAny(ownTablesOf(catalog));
		if (!table) return undefined;
		const type = anyType(random, catalog);
		const value = valueOf(random, type, catalog);
		const extra = random.pick([
			'',
			'',
			value === 'null' ? '' : ` default ${value}`,
			value === 'null' ? '' : ` default ${value} not null`,
		]);
		return `alter table ${nameOf(table)} add column ${ident(newName(random))} ${type}${extra}`;
	},
	(random, catalog) => {
		const table = random.pickAny(ownTablesOf(catalog));
		if (!table) return undefined;
		return `alter table ${nameOf(table)} add column ${ident(newName(random))} text generated always as (${expressionOn(random, catalog, table)}::text) stored`;
	},
	(random, catalog) => {
		const found = anyColumn(random, catalog);
		return (
			found &&
			`alter table ${nameOf(found.table)} drop column ${found.name}${random.chance(40) ? ' cascade' : ''}`
		);
	},
	(random, catalog) => {
		const found = anyColumn(random, catalog);
		return (
			found &&
			`alter table ${nameOf(found.table)} rename column ${found.name} to ${ident(newName(random))}`
		);
	},
	(random, catalog) => {
		const table = random.pickAny(ownTablesOf(catalog));
		const [one, two] = [random.pickAny(table?.columns ?? []), random.pickAny(table?.columns ?? [])];
		if (!table || !one || !two || one === two) return undefined;
		return `alter table ${nameOf(table)} rename column ${ident(one.name)} to walk_swap; alter table ${nameOf(table)} rename column ${ident(two.name)} to ${ident(one.name)}; alter table ${nameOf(table)} rename column walk_swap to ${ident(two.name)}`;
	},
	(random, catalog) => {
		const found = anyColumn(random, catalog);
		if (!found) return undefined;
		const type = anyType(random, catalog);
		return `alter table ${nameOf(found.table)} alter column ${found.name} type ${type} using ${random.chance(50) ? `${found.name}::text::${type}` : 'null'}`;
	},
	(random, catalog) => {
		const found = anyColumn(random, catalog);
		if (!found) return undefined;
		const change = random.pick([
			'set not null',
			'drop not null',
			'drop default',
			`set default ${valueOf(random, found.column.type, catalog)}`,
			'set statistics 77',
			'set (n_distinct = 5)',
			'set storage external',
			'drop identity if exists',
			'add generated by default as identity',
			'drop expression if exists',
		]);
		return `alter table ${nameOf(found.table)} alter column ${found.name} ${change}`;
	},
	(random, catalog) => {
		const table = random.pickAny(ownTablesOf(catalog));
		const column = random.pickAny(table ? writableColumns(table) : []);
		if (!table || !column) return undefined;
		const name = random.chance(60) ? `constraint ${ident(newName(random))} ` : '';
		const other = random.pickAny(ownTablesOf(catalog).filter(({ key }) => key.length === 1));
		const what = random.pick([
			`unique (${ident(column.name)})${random.chance(20) ? ' deferrable initially deferred' : ''}`,
			`primary key (${ident(column.name)})`,
			`check (${ident(column.name)} is not null or true)${random.chance(30) ? ' not valid' : ''}`,
			`check (${immutableFunction(random, catalog)}(${ident(column.name)}::text) <> 'zz')`,
			`exclude (${ident(column.name)} with =)`,
			other
				? `foreign key (${ident(column.name)}) references ${nameOf(other)} on delete ${random.pick(['cascade', 'set null', 'no action'])}${random.chance(30) ? ' not valid' : ''}`
				: `unique (${ident(column.name)})`,
		]);
		return `alter table ${nameOf(table)} add ${name}${what}`;
	},
	(random, catalog) => {
		const table = random.pickAny(ownTablesOf(catalog));
		const constraint = random.pickAny(table?.constraints ?? []);
		if (!table || !constraint) return undefined;
		return random.pick([
			`alter table ${nameOf(table)} drop constraint ${ident(constraint.name)}${random.chance(50) ? ' cascade' : ''}`,
			`alter table ${nameOf(table)} rename constraint ${ident(constraint.name)} to ${ident(newName(random))}`,
			`alter table ${nameOf(table)} validate constraint ${ident(constraint.name)}`,
			`comment on constraint ${ident(constraint.name)} on ${nameOf(table)} is 'note ${random.int(9)}'`,
		]);
	},
	(random, catalog) => {
		const table = random.pickAny(catalog.relations.filter(({ kind }) => 'rpm'.includes(kind)));
		if (!table) return undefined;
		const method = random.pick(['', '', '', ' using hash', ' using brin']);
		const parts = method === '' && random.chance(40) ? 2 : 1;
		const columns = Array.from({ length: parts }, () => expressionOn(random, catalog, table));
		const where = random.chance(20) ? ' where true' : '';
		return `create ${method === '' && random.chance(20) ? 'unique ' : ''}index ${ident(newName(random))} on ${nameOf(table)}${method} (${columns.join(', ')})${where}`;
	},
	(random, catalog) => {
		const table = random.pickAny(catalog.relations.filter(({ indexes }) => indexes.length > 0));
		const index = random.pickAny(table?.indexes ?? []);
		if (!table || index === undefined) return undefined;
		const name = `${ident(table.schema)}.${ident(index)}`;
		return random.pick([
			`drop index ${name}`,
			`alter index ${name} rename to ${ident(newName(random))}`,
			`alter table ${nameOf(table)} cluster on ${ident(index)}`,
			`alter table ${nameOf(table)} replica identity using index ${ident(index)}`,
			`comment on index ${name} is 'index ${random.int(9)}'`,
		]);
	},
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog));
		if (!table) return undefined;
		return random.pick([
			`alter table ${nameOf(table)} set (fillfactor = ${50 + random.int(50)})`,
			`alter table ${nameOf(table)} replica identity ${random.pick(['full', 'default', 'nothing'])}`,
			`comment on table ${nameOf(table)} is 'table ${random.int(9)}'`,
			`alter table ${nameOf(table)} set ${random.pick(['logged', 'unlogged'])}`,
		]);
	},
	(random, catalog) => {
		const table = random.pickAny(ownTablesOf(catalog));
		const columns = table?.columns.slice(0, 2) ?? [];
		if (!table || columns.length < 2) return undefined;
		return `create statistics ${inSchema(random, catalog)}.${ident(newName(random))} on ${columns.map(({ name }) => ident(name)).join(', ')} from ${nameOf(table)}`;
	},
	(random, catalog) =>
		`create sequence ${inSchema(random, catalog)}.${ident(newName(random))} increment ${1 + random.int(3)}`,
	(random, catalog) => {
		const sequence = random.pickAny(catalog.relations.filter(({ kind }) => kind === 'S'));
		if (!sequence) return undefined;
		return random.pick([
			`select setval(${literal(nameOf(sequence))}, ${1 + random.int(99)})`,
			`alter sequence ${nameOf(sequence)} rename to ${ident(newName(random))}`,
			`alter sequence ${nameOf(sequence)} maxvalue ${1000 + random.int(9)} cycle`,
			`drop sequence ${nameOf(sequence)}`,
		]);
	},
];
