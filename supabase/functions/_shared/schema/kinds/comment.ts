// Comments on everything that is a fact, whatever its kind: found through the addresses of facts.
import type { Kind } from '../fact.ts';

export const commentKind: Kind = {
	name: 'comment',
	component: 'tables',
	stage: 'structure',
	attribute: { describes: true },
	read: `
select c.on_text as identity, c.on_text as object, '{}'::pg_catalog.text[] as addresses, c.parent,
  pg_catalog.jsonb_build_object('text', c.description) as definition,
  array[pg_catalog.format('comment on %s is %L', c.on_text, c.description)] as create,
  pg_catalog.format('comment on %s is null', c.on_text) as drop
from (
  select d.description, coalesce(exact.id, whole.id) as parent, case
      when o.type in ('function', 'procedure', 'aggregate') then 'routine ' || o.identity
      when o.type = 'table constraint' then 'constraint ' || o.identity
      when o.type = 'domain constraint' then (select pg_catalog.format('constraint %I on domain %I.%I', k.conname,
        n.nspname, t.typname)
        from pg_catalog.pg_constraint k join pg_catalog.pg_type t on t.oid = k.contypid
        join pg_catalog.pg_namespace n on n.oid = t.typnamespace where k.oid = d.objoid)
      when o.type like '% column' then 'column ' || o.identity
      when o.type = 'statistics object' then 'statistics ' || o.identity
      when o.type = 'foreign-data wrapper' then 'foreign data wrapper ' || o.identity
      else o.type || ' ' || o.identity end as on_text
  from pg_catalog.pg_description d
  left join part exact on exact.address = d.classoid || '/' || d.objoid || '/' || d.objsubid
  left join part whole on d.objsubid <> 0 and whole.address = d.classoid || '/' || d.objoid || '/0'
  cross join lateral pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) o
  -- Objects of the user start at 16384; 2200 is the schema public.
  where (d.objoid >= 16384 or d.objoid = 2200) and coalesce(exact.kind, whole.kind) not in ('extension', 'role')
) c`,
	ways: { text: 'create' },
};
