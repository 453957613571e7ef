// SQL fragments that the kinds of tables share: names, column texts, options. They expect the aliases n
// (pg_namespace), c (pg_class), a (pg_attribute), y (its pg_type), d (its pg_attrdef). Queries run with an
// empty search_path, so that plain names are pg_catalog's and printed ones are qualified.
import { literal } from '../../platform/postgres/index.ts';
import { notOfExtension, ofUser } from '../../platform/supabase/managed-schemas.ts';

/**
 * How a sequence or an index is called in reports, by its row in pg_class and the schema's in pg_namespace. Types of no
 * relation may have the same name: items are kept by name, and one would hide what is said of the other.
 */
export const besideTypes = (word: string, relation: string): string =>
	`case when exists (select from pg_catalog.pg_type t
    where t.typnamespace = n.oid and t.typname = ${relation}.relname and t.typrelid = 0)
    then '${word} ' else '' end || pg_catalog.format('%I.%I', n.nspname, ${relation}.relname)`;

export const RELATION = `pg_catalog.format('%I.%I', n.nspname, c.relname)`;

/** Tables and partitioned tables of the user. */
export const userTable = (kinds: string = `'r', 'p'`): string =>
	`c.relkind in (${kinds}) and ${ofUser('c.relowner')} and ${notOfExtension('pg_class', 'c.oid')}`;

/** Id of the fact of the relation `c`. */
export const RELATION_FACT = `case c.relkind when 'f' then 'foreign_table:' when 'm' then 'materialized_view:'
    when 'v' then 'view:' else 'table:' end || ${RELATION}`;

/**
 * SQL: id of the fact of a key, from its pg_constraint and the printed name of its table. A table has one primary
 * key, whatever its name.
 */
export const keyFact = (constraint: string, relation: string): string =>
	`case ${constraint}.contype when 'p' then 'primary_key:' || ${relation} else
    case ${constraint}.contype when 'u' then 'unique_constraint:' else 'exclusion_constraint:' end || ${relation} || '.'
      || pg_catalog.quote_ident(${constraint}.conname) end`;

/**
 * True when an expression uses no function or operator of the user, so that it can stand in the text that
 * creates the table: those may themselves need the table.
 */
export const foldable = (catalog: string, oid: string): string =>
	`not exists (select from pg_catalog.pg_depend f
    where f.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and f.objid = ${oid}
      and f.refclassid in ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass)
      and not exists (select from pg_catalog.pg_depend e where e.classid = f.refclassid and e.objid = f.refobjid
        and e.deptype = 'e'))`;

export const COLUMN_TYPE = `pg_catalog.format_type(a.atttypid, a.atttypmod)`;

export const COLUMN_COLLATION = `(select pg_catalog.format('%I.%I', s.nspname, o.collname)
    from pg_catalog.pg_collation o
    join pg_catalog.pg_namespace s on s.oid = o.collnamespace
    where o.oid = a.attcollation and a.attcollation <> y.typcollation)`;

/** SQL: settings of the sequence `q` of an identity column, as they are written when the column is made. */
export const IDENTITY_SETTINGS = `array[pg_catalog.format('start with %s', q.seqstart),
      pg_catalog.format('increment by %s', q.seqincrement), pg_catalog.format('minvalue %s', q.seqmin),
      pg_catalog.format('maxvalue %s', q.seqmax),
      pg_catalog.format('cache %s', q.seqcache), case when q.seqcycle then 'cycle' else 'no cycle' end]`;

/** SQL: something about the sequence of an identity column, `s` in the schema `sn` with the settings `q`. */
export const ofIdentity = (what: string): string => `(select ${what}
    from pg_catalog.pg_depend i join pg_catalog.pg_class s on s.oid = i.objid and s.relkind = 'S'
    join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
    join pg_catalog.pg_sequence q on q.seqrelid = s.oid
    where i.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
      and i.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and i.refobjid = a.attrelid
      and i.refobjsubid = a.attnum and i.deptype = 'i')`;

const IDENTITY_OPTIONS = ofIdentity(
	`pg_catalog.format('sequence name %I.%I %s', sn.nspname, s.relname,
    pg_catalog.array_to_string(${IDENTITY_SETTINGS}, ' '))`,
);

/**
 * SQL: a default as Postgres prints it. Defaults name no columns, so none are asked for: finding unique names for the
 * columns of a table takes time that grows with their number squared, for each default.
 */
export const DEFAULT = `pg_catalog.pg_get_expr(d.adbin, 0)`;

export const SIMPLE_DEFAULT = `(d.oid is not null and a.attgenerated = '' and ${foldable('pg_attrdef', 'd.oid')})`;

/** Options as `name='value', …` in their own order, which dumps show. */
export const optionText = (options: string, prefix = ''): string =>
	`(select pg_catalog.string_agg(pg_catalog.format('${prefix}%I=%L', o.option_name, o.option_value), ', '
    order by o.place) from pg_catalog.pg_options_to_table(${options}) with ordinality o (option_name,
    option_value, place))`;

/** The same as a JSON object. */
export const optionObject = (options: string): string =>
	`(select pg_catalog.jsonb_object_agg(o.option_name, o.option_value)
    from pg_catalog.pg_options_to_table(${options}) o)`;

/** Names of foreign options that sound like secrets but say which column or name something has. */
const NO_SECRET = `^((primary|foreign|partition|sort|row|unique)keys?|key(columns?|fields?)|keyspace|tokenizer)$`;
const SECRET = `(pass(word|wd|code|phrase|file)|^pass$|pwd|secret|token|key|credential|^auth)`;
const LETTERS = `pg_catalog.regexp_replace(o.option_name, '[^A-Za-z0-9]', '', 'g')`;

/**
 * SQL: whether the option `o` of a wrapper, server, mapping, foreign table or column may carry a secret, by the names
 * that wrappers give those or because its value is an address or a connection string with one. Ids of Vault secrets
 * count: they are others on every project.
 */
export const SECRET_OPTION = `((${LETTERS} ~* '${SECRET}'
    and ${LETTERS} !~* '${NO_SECRET}'
    and (o.option_name ~* 'pass'
      or pg_catalog.lower(o.option_value) not in ('true', 'false', 'on', 'off', 'yes', 'no', '')))
  or o.option_value ~* '(password|passwd|passcode|pwd|secret|token|api_?-?key)\\s*[=:]'
  or o.option_value ~ '://[^/@\\s]*:[^/@\\s]+@' or o.option_value ~ 'eyJ[\\w-]{8,}\\.')`;

/** Options of foreign data as an object, without those that carry secrets. */
export const foreignOptionObject = (options: string): string =>
	`(select pg_catalog.jsonb_object_agg(o.option_name, o.option_value) from pg_catalog.pg_options_to_table(${options}) o
    where not ${SECRET_OPTION})`;

/** ` options (…)` of the same, or nothing. */
export const foreignOptions = (options: string): string =>
	`coalesce((select ' options (' || pg_catalog.string_agg(pg_catalog.format('%I %L', o.option_name, o.option_value), ', '
    order by o.option_name) || ')'
    from pg_catalog.pg_options_to_table(${options}) o where not ${SECRET_OPTION}), '')`;

/** Text of a column without its name and NOT NULL: type, collation, compression, default, identity. */
export const COLUMN_TEXT = `${COLUMN_TYPE}
    || ${foreignOptions('a.attfdwoptions')}
    || coalesce(' collate ' || ${COLUMN_COLLATION}, '')
    || case a.attcompression when 'p' then ' compression pglz' when 'l' then ' compression lz4' else '' end
    || case when a.attgenerated <> '' then pg_catalog.format(' generated always as (%s) stored',
      pg_catalog.pg_get_expr(d.adbin, d.adrelid))
         when ${SIMPLE_DEFAULT} then ' default ' || ${DEFAULT} else '' end
    || case a.attidentity when 'a' then ' generated always as identity (' || ${IDENTITY_OPTIONS} || ')'
         when 'd' then ' generated by default as identity (' || ${IDENTITY_OPTIONS} || ')' else '' end`;

/** Array of statements for what a column's text cannot say. \`only\` keeps it from the children. */
export const COLUMN_SETTINGS = `pg_catalog.array_remove(array[
    case when a.attstorage <> y.typstorage then pg_catalog.format('alter table only %s alter column %I set storage %s',
      ${RELATION}, a.attname,
      case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end) end,
    case when coalesce(a.attstattarget,
      -1) >= 0 then pg_catalog.format('alter table only %s alter column %I set statistics %s', ${RELATION}, a.attname,
      a.attstattarget) end,
    case when a.attoptions is not null then pg_catalog.format('alter table only %s alter column %I set (%s)',
      ${RELATION}, a.attname, ${optionText('a.attoptions')}) end
  ], null)`;

type Options = Readonly<Record<string, unknown>>;
const isOptions = (value: unknown): value is Options => typeof value === 'object' && value !== null;
const optionsOf = (value: unknown): Options => (isOptions(value) ? value : {});

/** Actions `set (…)` and `reset (…)` that lead from the target's options to the source's. */
export function optionChanges(wanted: unknown, existing: unknown, prefix = ''): string[] {
	const [to, from] = [optionsOf(wanted), optionsOf(existing)];
	const set = Object.entries(to).filter(([name, value]) => from[name] !== value);
	const reset = Object.keys(from).filter((name) => !(name in to));
	return [
		...(set.length > 0
			? [
					`set (${set.map(([name, value]) => `${prefix}${name}=${literal(String(value))}`).join(', ')})`,
				]
			: []),
		...(reset.length > 0 ? [`reset (${reset.map((name) => `${prefix}${name}`).join(', ')})`] : []),
	];
}
