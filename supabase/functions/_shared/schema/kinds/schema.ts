// Schemas and extensions: what everything else lives in.
import type { Fact, Kind } from '../fact.ts';
import { address } from '../address.ts';
import { notOfExtension, userSchema } from '../../platform/supabase/managed-schemas.ts';

export const schemaKind: Kind = {
	name: 'schema',
	component: 'tables',
	stage: 'structure',
	rows: { held: true },
	read: `
select pg_catalog.format('%I', n.nspname) as identity, pg_catalog.format('%I', n.nspname) as object,
  array[${address('pg_namespace', 'n.oid')}] as addresses, null::pg_catalog.text as parent,
  '{}'::pg_catalog.jsonb as definition,
  array[pg_catalog.format('create schema %I', n.nspname)] as create,
  pg_catalog.jsonb_build_object('where_missing',
    pg_catalog.format('create schema if not exists %I', n.nspname)) as parts,
  case when n.nspname <> 'public' then pg_catalog.format('drop schema %I', n.nspname) end as drop
from pg_catalog.pg_namespace n
where ${userSchema('n.nspname')} and ${notOfExtension('pg_namespace', 'n.oid')}`,
	ways: {},
};

/** Addresses of an extension and all its members: who uses a member needs the extension. */
const extensionAddresses = `array(
    select ${address('pg_extension', 'e.oid')}
    union all
    select m.classid || '/' || m.objid || '/' || m.objsubid from pg_catalog.pg_depend m
    where m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and m.refobjid = e.oid and m.deptype = 'e')`;

// With an extension its tables go, and what the platform or another component keeps in them: jobs, queues, secrets.
const HOLDS_DATA = `(e.extconfig is not null
    or e.extname in ('pg_cron', 'pg_graphql', 'pg_net', 'pg_stat_statements', 'pgmq', 'pgsodium', 'supabase_vault')
    or exists (select from pg_catalog.pg_depend m join pg_catalog.pg_class c on c.oid = m.objid
      where m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
        and m.refobjid = e.oid and m.deptype = 'e' and c.relkind in ('r', 'p', 'm')))`;

/** Brings an extension to the schema that it has on the source. */
export const moveStatement = ({ identity, definition }: Fact): string =>
	`alter extension ${identity} set schema ${String(definition['schema'])}`;

export const extensionKind: Kind = {
	name: 'extension',
	component: 'tables',
	stage: 'structure',
	rows: { held: true },
	report: {
		kept: {
			why: 'only the target has it, and it holds tables or belongs to the platform: it is not removed',
			fix: 'If nothing on the target needs it, drop it there by hand.',
		},
	},
	// Never a version: hosted projects ignore it and will refuse it. An extension that fixes its schema makes it, but
	// not when that is named (pgmq).
	read: `
select pg_catalog.format('%I', e.extname) as identity, pg_catalog.format('extension %I', e.extname) as object,
  ${extensionAddresses} as addresses, null::pg_catalog.text as parent,
  pg_catalog.jsonb_build_object('schema', pg_catalog.format('%I', n.nspname)) as definition,
  array['create extension ' || m.rest] as create,
  pg_catalog.jsonb_build_object('where_missing', 'create extension if not exists ' || m.rest) as parts,
  case when not ${HOLDS_DATA} then pg_catalog.format('drop extension %I', e.extname) end as drop
from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
left join (
  select distinct v.name from pg_catalog.pg_available_extension_versions v where v.schema is not null
) fixed on fixed.name = e.extname
cross join lateral (select pg_catalog.quote_ident(e.extname)
  || case when fixed.name is null then pg_catalog.format(' with schema %I', n.nspname) else '' end as rest) m
where e.extname <> 'plpgsql'`,
	ways: { schema: { alter: (source) => [moveStatement(source)] } },
};

// Separate from the extension, which must come even where the platform owns it and only the owner may comment.
const extensionCommentKind: Kind = {
	name: 'extension_comment',
	component: 'tables',
	stage: 'structure',
	attribute: { later: true },
	report: {
		refusal: {
			outcome: 'skipped',
			why: 'the comment stays: the extension belongs to the platform on the target',
			fix: 'Nothing: it changes nothing else.',
		},
	},
	read: `
select pg_catalog.format('%I', e.extname) as identity, pg_catalog.format('extension %I', e.extname) as object,
  '{}'::pg_catalog.text[] as addresses, pg_catalog.format('extension:%I', e.extname) as parent,
  pg_catalog.jsonb_build_object('text', d.description) as definition,
  array[pg_catalog.format('comment on extension %I is %L', e.extname, d.description)] as create,
  pg_catalog.format('comment on extension %I is null', e.extname) as drop
from pg_catalog.pg_extension e
join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.objoid = e.oid
where e.extname <> 'plpgsql'`,
	ways: { text: 'create' },
};

export const schemaKinds: readonly Kind[] = [schemaKind, extensionKind, extensionCommentKind];
