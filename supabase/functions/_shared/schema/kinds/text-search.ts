// Full text search: configurations with their token mappings, dictionaries, and the templates and parsers
// that only a superuser may make.
import type { Fact, Kind } from '../fact.ts';
import { ident } from '../../platform/postgres/index.ts';
import { address, type Catalog } from '../address.ts';
import { notOfExtension, ofUser, userSchema } from '../../platform/supabase/managed-schemas.ts';
import { anyIn } from './text.ts';

const refusal = {
	outcome: 'skipped',
	why: 'Only a superuser may make text search parsers and templates.',
	fix: 'Install the extension that brings it on the target, then clone again.',
} as const;

const named = (catalog: string, column: string, oid: string): string =>
	`(select pg_catalog.format('%I.%I', xn.nspname, x.${column}name) from pg_catalog.${catalog} x
    join pg_catalog.pg_namespace xn on xn.oid = x.${column}namespace where x.oid = ${oid})`;

const readConfigurations = `
select d.name as identity, 'text search configuration ' || d.name as object,
  array[${address('pg_ts_config', 'd.oid')}] as addresses,
  'schema:' || pg_catalog.quote_ident(d.nspname) as parent,
  pg_catalog.jsonb_build_object('parser', d.parser,
    'mappings', coalesce((select pg_catalog.jsonb_object_agg(m.token, m.dictionaries) from mappings m
      where m.config = d.oid), '{}')) as definition,
  array[pg_catalog.format('create text search configuration %s (parser = %s)', d.name, d.parser)]
    || array(select pg_catalog.format('alter text search configuration %s add mapping for %I with %s', d.name, m.token,
      m.dictionaries)
      from mappings m where m.config = d.oid order by m.token) as create,
  'drop text search configuration ' || d.name as drop
from (
  select c.oid, n.nspname, pg_catalog.format('%I.%I', n.nspname, c.cfgname) as name,
    ${named('pg_ts_parser', 'prs', 'c.cfgparser')} as parser
  from pg_catalog.pg_ts_config c
  join pg_catalog.pg_namespace n on n.oid = c.cfgnamespace
  where ${ofUser('c.cfgowner')} and ${notOfExtension('pg_ts_config', 'c.oid')}
) d
order by 1`;

const withMappings = `with mappings as (
  select c.oid as config, t.alias as token,
    pg_catalog.string_agg(${named('pg_ts_dict', 'dict', 'm.mapdict')}, ', ' order by m.mapseqno) as dictionaries
  from pg_catalog.pg_ts_config c
  join pg_catalog.pg_namespace n on n.oid = c.cfgnamespace
  cross join lateral pg_catalog.ts_token_type(c.cfgparser) t
  join pg_catalog.pg_ts_config_map m on m.mapcfg = c.oid and m.maptokentype = t.tokid
  where ${ofUser('c.cfgowner')}
  group by c.oid, t.alias
)`;

function mappingsOf(fact: Fact): ReadonlyMap<string, string> {
	const value = fact.definition['mappings'];
	if (typeof value !== 'object' || value === null) return new Map();
	return new Map(Object.entries(value).map(([token, names]) => [token, String(names)]));
}

/** Mappings are changed one by one, so that indexes built on the configuration stay. */
function changeMappings(source: Fact, target: Fact): string[] {
	const alter = (action: string): string =>
		`alter text search configuration ${source.identity} ${action}`;
	const wanted = mappingsOf(source);
	const present = mappingsOf(target);
	const statements: string[] = [];
	for (const token of present.keys()) {
		if (!wanted.has(token)) statements.push(alter(`drop mapping for ${ident(token)}`));
	}
	for (const [token, dictionaries] of wanted) {
		if (present.get(token) === dictionaries) continue;
		const verb = present.has(token) ? 'alter' : 'add';
		statements.push(alter(`${verb} mapping for ${ident(token)} with ${dictionaries}`));
	}
	return statements;
}

const textSearchConfigurationKind: Kind = {
	name: 'text_search_configuration',
	mayExist: anyIn('pg_ts_config'),
	component: 'functions',
	stage: 'functions',
	read: `${withMappings}${readConfigurations}`,
	ways: { parser: 'replace', mappings: { alter: changeMappings } },
};

const readDictionaries = `
select d.name as identity, 'text search dictionary ' || d.name as object,
  array[${address('pg_ts_dict', 'd.oid')}] as addresses,
  'schema:' || pg_catalog.quote_ident(d.nspname) as parent,
  pg_catalog.jsonb_build_object('template', d.template, 'options', d.options) as definition,
  array[pg_catalog.format('create text search dictionary %s (%s)', d.name,
    pg_catalog.concat_ws(', ', 'template = ' || d.template, d.options))] as create,
  'drop text search dictionary ' || d.name as drop
from (
  select t.oid, n.nspname, pg_catalog.format('%I.%I', n.nspname, t.dictname) as name,
    ${named('pg_ts_template', 'tmpl', 't.dicttemplate')} as template, t.dictinitoption as options
  from pg_catalog.pg_ts_dict t
  join pg_catalog.pg_namespace n on n.oid = t.dictnamespace
  where ${ofUser('t.dictowner')} and ${notOfExtension('pg_ts_dict', 't.oid')}
) d
order by 1`;

const textSearchDictionaryKind: Kind = {
	name: 'text_search_dictionary',
	mayExist: anyIn('pg_ts_dict'),
	component: 'functions',
	stage: 'functions',
	read: readDictionaries,
	ways: { template: 'replace', options: 'replace' },
};

const part = (column: string, word: string, alias: string): string =>
	`case when ${alias}.${column} <> 0 then '${word} = ' || ${alias}.${column}::pg_catalog.regproc::pg_catalog.text end`;

/** Templates and parsers are both a name and a list of functions. */
const readFunctionList = (
	catalog: Catalog,
	prefix: string,
	what: string,
	functions: string,
): string => `
select d.name as identity, '${what} ' || d.name as object,
  array[${address(catalog, 'd.oid')}] as addresses,
  'schema:' || pg_catalog.quote_ident(d.nspname) as parent,
  pg_catalog.jsonb_build_object('functions', d.functions) as definition,
  array[pg_catalog.format('create ${what} %s (%s)', d.name, d.functions)] as create,
  'drop ${what} ' || d.name as drop
from (
  select x.oid, n.nspname, pg_catalog.format('%I.%I', n.nspname, x.${prefix}name) as name,
    pg_catalog.concat_ws(', ', ${functions}) as functions
  from pg_catalog.${catalog} x
  join pg_catalog.pg_namespace n on n.oid = x.${prefix}namespace
  where ${userSchema('n.nspname')} and ${notOfExtension(catalog, 'x.oid')}
) d
order by 1`;

const textSearchTemplateKind: Kind = {
	name: 'text_search_template',
	mayExist: anyIn('pg_ts_template'),
	component: 'functions',
	stage: 'functions',
	read: readFunctionList(
		'pg_ts_template',
		'tmpl',
		'text search template',
		[part('tmplinit', 'init', 'x'), part('tmpllexize', 'lexize', 'x')].join(', '),
	),
	ways: { functions: 'replace' },
	report: { refusal },
};

const textSearchParserKind: Kind = {
	name: 'text_search_parser',
	mayExist: anyIn('pg_ts_parser'),
	component: 'functions',
	stage: 'functions',
	read: readFunctionList(
		'pg_ts_parser',
		'prs',
		'text search parser',
		[
			part('prsstart', 'start', 'x'),
			part('prstoken', 'gettoken', 'x'),
			part('prsend', 'end', 'x'),
			part('prsheadline', 'headline', 'x'),
			part('prslextype', 'lextypes', 'x'),
		].join(', '),
	),
	ways: { functions: 'replace' },
	report: { refusal },
};

export const textSearchKinds: readonly Kind[] = [
	textSearchParserKind,
	textSearchTemplateKind,
	textSearchDictionaryKind,
	textSearchConfigurationKind,
];
