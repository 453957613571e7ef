// Names, types and values that a walk uses: ordinary ones and hostile ones.
import {
	ident,
	literal,
	qualified,
} from '../../supabase/functions/_shared/platform/postgres/index.ts';
import type { WalkCatalog, WalkColumn, WalkRelation } from './catalog.ts';
import type { Random } from './random.ts';

const WORDS = [
	'orders',
	'items',
	'users',
	'notes',
	'tags',
	'Mixed Case',
	'with.dot',
	'quo"te',
	"apo'strophe",
	'select',
	'größe',
	'back\\slash',
	'a',
	'a_name_that_is_as_long_as_postgres_takes_it_which_is_63_letters',
] as const;

/** A name for a new object: often one that is there already, so that things move and swap. */
export const newName = (random: Random): string =>
	random.chance(70) ? random.pick(WORDS) : `${random.pick(WORDS).slice(0, 50)}_${random.int(6)}`;

export const nameOf = ({ schema, name }: { schema: string; name: string }): string =>
	qualified(schema, name);

const BUILT_IN = [
	'int4',
	'int8',
	'text',
	'numeric',
	'numeric(10,2)',
	'bool',
	'date',
	'timestamptz',
	'uuid',
	'jsonb',
	'text[]',
	'int8[]',
	'int4range',
	'bytea',
	'interval',
	'float8',
	'varchar(20)',
	'char(5)',
	'inet',
	'bit(8)',
	'json',
	'time',
	'money',
	'"char"',
	'tsvector',
] as const;

/** A type for a new column: built in, or one of the walk's own. */
export function anyType(random: Random, { types }: WalkCatalog): string {
	const own = random.chance(25) ? random.pickAny(types) : undefined;
	if (!own) return random.pick(BUILT_IN);
	return `${nameOf(own)}${random.chance(20) ? '[]' : ''}`;
}

/** SQL of a value of the type; null where we have none. */
export function valueOf(random: Random, type: string, catalog: WalkCatalog): string {
	if (random.chance(12)) return 'null';
	const own = catalog.types.find((candidate) => type === printed(candidate));
	if (own?.kind === 'e') {
		const label = random.pickAny(own.labels);
		return label === undefined ? 'null' : literal(label);
	}
	if (own?.kind === 'c') return `row(${own.attributes.map(() => 'null').join(', ')})`;
	if (own) return random.chance(50) ? literal(String(random.int(50))) : 'null';
	const small = random.int(5);
	const text = `'${['a', 'b ', '', 'é\\x', 'long text '.repeat(30)][small] ?? ''}'`;
	const values: Readonly<Record<string, string>> = {
		integer: String(random.int(40)),
		bigint: ['1', '4294967296', '-1', '4294967295', '9223372036854775807'][small] ?? '0',
		numeric: ['1', '1.0', '1.00', 'null', "'NaN'"][small] ?? '0',
		'numeric(10,2)': String(random.int(1000) / 100),
		boolean: random.chance(50) ? 'true' : 'false',
		date: ["'2024-02-29'", "'infinity'", "'0044-03-15 BC'", 'null', "'2026-01-01'"][small] ?? '',
		'timestamp with time zone': `'2024-01-0${small + 1} 10:00:00.12345${small}+02'`,
		'time without time zone': `'0${small}:00:00.00000${small}'`,
		uuid: `'00000000-0000-4000-8000-00000000000${small}'`,
		jsonb: [`'{"a": 1}'`, `'{"a": 1.0}'`, `'[]'`, `'null'`, `'{"b": "x", "a": null}'`][small] ?? '',
		json: [`'{"a": 1}'`, `'{"a":1}'`, `'{"a":1,"a":2}'`, `'null'`, `'[1, 2]'`][small] ?? '',
		'text[]': [`'{}'`, `'{a,NULL}'`, `'{{a},{b}}'`, `'{""}'`, `'[2:3]={a,b}'`][small] ?? '',
		'bigint[]': [`'{1}'`, `'{4294967296}'`, `'{}'`, `'{NULL}'`, `'{-1}'`][small] ?? '',
		int4range: [`'[1,5)'`, `'empty'`, `'(,3)'`, `'[7,7]'`, 'null'][small] ?? '',
		bytea: [`'\\x00ff'`, `'\\x'`, `'\\x01'`, `'\\xdead'`, 'null'][small] ?? '',
		interval: [`'1 day'`, `'24 hours'`, `'1 mon'`, `'30 days'`, `'0'`][small] ?? '',
		'double precision': [`'-0'`, '0', `'NaN'`, '1.1', `'Infinity'`][small] ?? '',
		'character varying(20)': `'${['x', 'X', 'x ', '', 'é'][small] ?? ''}'`,
		'character(5)': `'${['x', 'X', 'x y', '', 'abcde'][small] ?? ''}'`,
		inet: [`'10.0.0.1'`, `'10.0.0.1/8'`, `'::1'`, 'null', `'127.0.0.1/32'`][small] ?? '',
		'bit(8)': `B'0000000${small % 2}'`,
		money: `'${small}.10'`,
		'"char"': `'${['a', 'b', '', 'z', '0'][small] ?? ''}'`,
		tsvector: [`'a b'`, `'a:1 b:2'`, `''`, `'x:3A'`, 'null'][small] ?? '',
		text,
	};
	return values[type] ?? 'null';
}

/** The type's name as `format_type` prints it outside of the search path. */
const printed = ({ schema, name }: { schema: string; name: string }): string => {
	const plain = (part: string): string => (/^[a-z_][a-z0-9_]*$/.test(part) ? part : ident(part));
	return schema === 'public' ? plain(name) : `${plain(schema)}.${plain(name)}`;
};

export const tablesOf = ({ relations }: WalkCatalog): WalkRelation[] =>
	relations.filter(({ kind }) => kind === 'r' || kind === 'p');

/** Tables whose structure is their own: no partitions. */
export const ownTablesOf = (catalog: WalkCatalog): WalkRelation[] =>
	tablesOf(catalog).filter(({ isPartition }) => !isPartition);

export const writableColumns = ({ columns }: WalkRelation): WalkColumn[] =>
	columns.filter(({ generated, identity }) => !generated && !identity);
