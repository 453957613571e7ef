// Casts, transforms and conversions: what ties types, languages and encodings to functions.
import type { Kind } from '../fact.ts';
import { address } from '../address.ts';
import { notOfExtension, ofUser } from '../../platform/supabase/managed-schemas.ts';
import { anyIn, FIRST_USER_OID } from './text.ts';

const castName = `pg_catalog.format('(%s as %s)', pg_catalog.format_type(c.castsource, null),
    pg_catalog.format_type(c.casttarget, null))`;

const readCasts = `
select d.name as identity, 'cast ' || d.name as object,
  array[${address('pg_cast', 'd.oid')}] as addresses,
  null::pg_catalog.text as parent,
  pg_catalog.jsonb_build_object('how', d.how) as definition,
  array['create cast ' || d.name || d.how] as create,
  'drop cast ' || d.name as drop
from (
  select c.oid, ${castName} as name,
    case c.castmethod
      when 'f' then ' with function ' || c.castfunc::pg_catalog.regprocedure::pg_catalog.text
      when 'i' then ' with inout' else ' without function' end
    || case c.castcontext when 'a' then ' as assignment' when 'i' then ' as implicit' else '' end as how
  from pg_catalog.pg_cast c
  -- A cast has no schema that would tell.
  where c.oid >= ${FIRST_USER_OID} and ${notOfExtension('pg_cast', 'c.oid')}
    -- a range type brings its own cast to its multirange
    and not exists (select from pg_catalog.pg_depend i
      where i.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass and i.objid = c.oid and i.deptype = 'i')
) d
order by 1`;

const castKind: Kind = {
	name: 'cast',
	mayExist: anyIn('pg_cast'),
	component: 'functions',
	stage: 'functions',
	read: readCasts,
	ways: { how: 'replace' },
};

const transformFunction = (oid: string): string =>
	`case when ${oid} <> 0 then ${oid}::pg_catalog.regprocedure::pg_catalog.text end`;

const readTransforms = `
select d.name as identity, 'transform ' || d.name as object,
  array[${address('pg_transform', 'd.oid')}] as addresses,
  null::pg_catalog.text as parent,
  pg_catalog.jsonb_build_object('functions', d.functions) as definition,
  array[pg_catalog.format('create transform %s (%s)', d.name, d.functions)] as create,
  'drop transform ' || d.name as drop
from (
  select t.oid,
    pg_catalog.format('for %s language %I', pg_catalog.format_type(t.trftype, null), l.lanname) as name,
    pg_catalog.concat_ws(', ', 'from sql with function ' || ${transformFunction('t.trffromsql')},
      'to sql with function ' || ${transformFunction('t.trftosql')}) as functions
  from pg_catalog.pg_transform t
  join pg_catalog.pg_language l on l.oid = t.trflang
  where ${notOfExtension('pg_transform', 't.oid')}
) d
order by 1`;

const transformKind: Kind = {
	name: 'transform',
	mayExist: anyIn('pg_transform'),
	component: 'functions',
	stage: 'functions',
	read: readTransforms,
	ways: { functions: 'replace' },
	report: {
		refusal: {
			outcome: 'skipped',
			why: 'The target does not let us tie a type to this language.',
			fix: 'Install the extension that brings the transform.',
		},
	},
};

const conversionName = `pg_catalog.format('%I.%I', n.nspname, c.conname)`;

const readConversions = `
select ${conversionName} as identity, 'conversion ' || ${conversionName} as object,
  array[${address('pg_conversion', 'c.oid')}] as addresses,
  'schema:' || pg_catalog.quote_ident(n.nspname) as parent,
  pg_catalog.jsonb_build_object('default', c.condefault, 'from', c.conforencoding, 'to', c.contoencoding,
    'function', c.conproc::pg_catalog.regproc::pg_catalog.text) as definition,
  array[pg_catalog.format('create %sconversion %s for %L to %L from %s',
    case when c.condefault then 'default ' else '' end, ${conversionName},
    pg_catalog.pg_encoding_to_char(c.conforencoding), pg_catalog.pg_encoding_to_char(c.contoencoding),
    c.conproc::pg_catalog.regproc)] as create,
  'drop conversion ' || ${conversionName} as drop
from pg_catalog.pg_conversion c
join pg_catalog.pg_namespace n on n.oid = c.connamespace
where ${ofUser('c.conowner')} and ${notOfExtension('pg_conversion', 'c.oid')}
order by 1`;

const conversionKind: Kind = {
	name: 'conversion',
	mayExist: anyIn('pg_conversion'),
	component: 'functions',
	stage: 'functions',
	read: readConversions,
	ways: { default: 'replace', from: 'replace', to: 'replace', function: 'replace' },
};

export const castKinds: readonly Kind[] = [castKind, transformKind, conversionKind];
