// Schemas and extensions: what everything else lives in.
import type { Kind } from '../fact.ts';
import { address, notOfExtension, userSchema } from '../scope.ts';

export const schemaKind: Kind = {
	name: 'schema',
	component: 'tables',
	stage: 'structure',
	holdsRows: true,
	read: `
select pg_catalog.format('%I', n.nspname) as identity, pg_catalog.format('%I', n.nspname) as object,
  array[${address('pg_namespace', 'n.oid')}] as addresses, null::text as parent, '{}'::jsonb as definition,
  array[pg_catalog.format('create schema %I', n.nspname)] as "create",
  case when n.nspname <> 'public' then pg_catalog.format('drop schema %I', n.nspname) end as "drop"
from pg_catalog.pg_namespace n
where ${userSchema('n.nspname')} and ${notOfExtension('pg_namespace', 'n.oid')}`,
	change: () => ({ how: 'alter', statements: [] }),
};

/** Addresses of an extension and all its members: who uses a member needs the extension. */
const extensionAddresses = `array(
    select ${address('pg_extension', 'e.oid')}
    union all
    select m.classid || '/' || m.objid || '/' || m.objsubid from pg_catalog.pg_depend m
    where m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and m.refobjid = e.oid and m.deptype = 'e')`;

export const extensionKind: Kind = {
	name: 'extension',
	component: 'tables',
	stage: 'structure',
	holdsRows: true,
	// Never a version: hosted projects ignore it and will refuse it.
	read: `
select pg_catalog.format('%I', e.extname) as identity, pg_catalog.format('extension %I', e.extname) as object,
  ${extensionAddresses} as addresses, null::text as parent,
  pg_catalog.jsonb_build_object('schema', pg_catalog.format('%I', n.nspname)) as definition,
  array[pg_catalog.format('create extension %I with schema %I', e.extname, n.nspname)] as "create",
  pg_catalog.format('drop extension %I', e.extname) as "drop"
from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
where e.extname <> 'plpgsql'`,
	change: (source) => ({
		how: 'alter',
		statements: [
			`alter extension ${source.identity} set schema ${String(source.definition['schema'])}`,
		],
	}),
};

// Apart from the extension, which must come even where the platform owns it and only the owner may comment.
const extensionCommentKind: Kind = {
	name: 'extension_comment',
	component: 'tables',
	stage: 'structure',
	attribute: true,
	apart: true,
	read: `
select pg_catalog.format('%I', e.extname) as identity, pg_catalog.format('extension %I', e.extname) as object,
  '{}'::pg_catalog.text[] as addresses, pg_catalog.format('extension:%I', e.extname) as parent,
  pg_catalog.jsonb_build_object('text', d.description) as definition,
  array[pg_catalog.format('comment on extension %I is %L', e.extname, d.description)] as "create",
  pg_catalog.format('comment on extension %I is null', e.extname) as "drop"
from pg_catalog.pg_extension e
join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.objoid = e.oid
where e.extname <> 'plpgsql'`,
	change: (source) => ({ how: 'alter', statements: source.create }),
	refusal: {
		outcome: 'skipped',
		why: 'the comment stays: the extension belongs to the platform on the target',
		fix: 'Nothing: it changes nothing else.',
	},
};

export const schemaKinds: readonly Kind[] = [schemaKind, extensionKind, extensionCommentKind];
