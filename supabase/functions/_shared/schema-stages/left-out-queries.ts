// SQL for what no kind of fact reads and yet may be the user's: objects in schemas of the platform, additions to its
// tables, privileges on them, and what belongs to no schema. The same on both endpoints: what differs is reported.
import type { Kind } from '../schema/fact.ts';
import { FIRST_USER_OID } from '../schema/kinds/text.ts';
import { anyBeside } from '../schema/present-kinds.ts';
import { factAddresses } from '../schema/read.ts';
import {
	notOfExtension,
	ofUser,
	platformRole,
	routineOfUser,
	userOwns,
} from '../platform/supabase/managed-schemas.ts';

/** What it is, its name, what holds it, what it is like (no secret). */
export type LeftRow = readonly [kind: string, object: string, holder: string | null, state: string];

const HERE = `(select b.oid from pg_catalog.pg_database b where b.datname = pg_catalog.current_database())`;
const KEPT_SCHEMA = `n.nspname not in ('pg_toast', '_twins') and n.nspname !~ '^pg_(toast_)?temp'`;
const isFact = (address: string): string =>
	`${address} in (select address from fact_address where address is not null)`;

/** Relations that are not the user's, the catalogs' left out. */
const RELATION = `relation as materialized (
  select c.oid, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity, c.reloptions, c.relreplident,
    pg_catalog.format('%I.%I', n.nspname, c.relname) as name, n.nspname,
    not ${notOfExtension('pg_class', 'c.oid')} as member
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
    and c.oid >= ${FIRST_USER_OID} and ${KEPT_SCHEMA}
    and not (${ofUser('c.relowner')} and ${notOfExtension('pg_class', 'c.oid')})
)`;

/** Only says that something is there. */
const RELATIONS = `select 'relation', r.name, null, '' from relation r`;

/** Objects of the user by their owner, and the few kinds of objects that have none. */
const OBJECTS = `
select o.type,
  case when o.type ~ '^(table|view|materialized view|foreign table|sequence|function|procedure|aggregate|type)$'
    then o.identity else o.type || ' ' || o.identity end, null,
  case when o.type in ('function', 'procedure') then pg_catalog.md5(pg_catalog.pg_get_functiondef(s.objid))
    when o.type in ('view', 'materialized view') then pg_catalog.md5(pg_catalog.pg_get_viewdef(s.objid))
    when o.type = 'table' then (select pg_catalog.md5(pg_catalog.string_agg(pg_catalog.format('%I %s', a.attname,
    pg_catalog.format_type(a.atttypid, a.atttypmod)), ',' order by a.attname))
      from pg_catalog.pg_attribute a where a.attrelid = s.objid and a.attnum > 0 and not a.attisdropped)
    else '' end
from (
  select s.classid, s.objid from pg_catalog.pg_shdepend s
  where s.deptype = 'o' and s.dbid = ${HERE} and ${userOwns('s.refobjid')}
    -- Members of publications, large objects and default privileges are reported elsewhere.
    and s.classid not in ('pg_publication'::pg_catalog.regclass, 'pg_largeobject'::pg_catalog.regclass,
      'pg_default_acl'::pg_catalog.regclass)
  ${['pg_am', 'pg_cast', 'pg_transform', 'pg_ts_parser', 'pg_ts_template']
		.map(
			(catalog) =>
				`union all select '${catalog}'::pg_catalog.regclass, x.oid from pg_catalog.${catalog} x
    where x.oid >= ${FIRST_USER_OID}`,
		)
		.join('\n  ')}
) s cross join lateral pg_catalog.pg_identify_object(s.classid, s.objid, 0) o
where not ${isFact(`s.classid::pg_catalog.oid || '/' || s.objid || '/0'`)}
  and not exists (select from pg_catalog.pg_depend e where e.classid = s.classid and e.objid = s.objid
    and e.deptype in ('e', 'i', 'P', 'S'))
  and coalesce(o.schema, '') !~ '^(_twins$|pg_(toast_)?temp)' and not (o.type = 'schema' and o.identity = '_twins')`;

/** What was added to relations of the platform or of an extension. */
const PARTS: readonly string[] = [
	`select 'column', pg_catalog.format('%s.%I', r.name, a.attname), r.name, 
    pg_catalog.format_type(a.atttypid, a.atttypmod)
from relation r join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
-- Of extensions they follow from the version.
where not r.member`,
	`select 'constraint', pg_catalog.format('constraint %I on %s', k.conname, r.name), r.name, case when k.contype = 't'
    then '' else pg_catalog.pg_get_constraintdef(k.oid) end
from relation r join pg_catalog.pg_constraint k on k.conrelid = r.oid`,
	`select 'index', 'index ' || i.indexrelid::pg_catalog.regclass, r.name, pg_catalog.pg_get_indexdef(i.indexrelid)
from relation r join pg_catalog.pg_index i on i.indrelid = r.oid 
  where not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid)`,
	`select 'rule', pg_catalog.format('rule %I on %s', w.rulename, r.name), r.name, pg_catalog.concat(w.ev_enabled,
    pg_catalog.pg_get_ruledef(w.oid))
from relation r join pg_catalog.pg_rewrite w on w.ev_class = r.oid where w.rulename <> '_RETURN'`,
	`select 'policy', pg_catalog.format('%I on %s', p.polname, r.name), r.name,
  pg_catalog.concat_ws(' ', p.polcmd, p.polpermissive, pg_catalog.pg_get_expr(p.polqual, p.polrelid),
  pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
from relation r join pg_catalog.pg_policy p on p.polrelid = r.oid
  where not ${isFact(`'pg_policy'::pg_catalog.regclass::pg_catalog.oid || '/' || p.oid || '/0'`)}`,
	// Those that call a function of the user are facts, and webhooks are a component of their own.
	`select 'trigger', pg_catalog.format('%I on %s', t.tgname, r.name), r.name, pg_catalog.concat(t.tgenabled,
    pg_catalog.pg_get_triggerdef(t.oid))
from relation r join pg_catalog.pg_trigger t on t.tgrelid = r.oid where not t.tgisinternal
  and t.tgfoid is distinct from pg_catalog.to_regprocedure('supabase_functions.http_request()')
    and not ${isFact(`'pg_trigger'::pg_catalog.regclass::pg_catalog.oid || '/' || t.oid || '/0'`)}`,
	`select 'row level security', 'row level security on ' || r.name, r.name,
  case when r.relrowsecurity then 'on' else 'off' end || case when r.relforcerowsecurity then ', forced' else '' end
from relation r where r.relkind in ('r', 'p')`,
	`select 'table setting', 'settings of ' || r.name, r.name, pg_catalog.concat_ws(' ', r.reloptions::pg_catalog.text,
    r.relreplident)
from relation r where r.relkind in ('r', 'p')`,
];

/** Who may do what, of roles of the user and of the API; what services of the platform may is its own. */
const grants = (
	acl: string,
): string => `coalesce((select pg_catalog.string_agg(x.text, ', ' order by x.text) from (
    select case when a.grantee = 0 then 'public' else g.rolname::pg_catalog.text end || ' '
      || pg_catalog.string_agg(a.privilege_type || case when a.is_grantable then '*' else '' end, '+'
      order by a.privilege_type) as text
    from pg_catalog.aclexplode(${acl}) a left join pg_catalog.pg_roles g on g.oid = a.grantee
    -- Version 17 knows one more privilege.
    where a.privilege_type <> 'MAINTAIN'
      and (a.grantee = 0 or g.rolname in ('anon', 'authenticated', 'service_role') or not ${platformRole('g.rolname')})
    group by a.grantee, g.rolname) x), 'none')`;

// Of the catalogs only what was changed since the database was made.
const changed = (catalog: string, acl: string): string =>
	`(x.oid >= ${FIRST_USER_OID} or x.${acl}::pg_catalog.text is distinct from (select i.initprivs::pg_catalog.text
    from pg_catalog.pg_init_privs i
    where i.classoid = '${catalog}'::pg_catalog.regclass and i.objoid = x.oid and i.objsubid = 0))`;

/** Every target has the catalogs' own. */
const unlessCatalog = (name: string): string =>
	`case when x.oid >= ${FIRST_USER_OID} then ${name} end`;

const CLASS_NAME = `pg_catalog.format('%I.%I', n.nspname, x.relname)`;
const ROUTINE_NAME = `pg_catalog.format('%I.%I(%s)', n.nspname, x.proname, pg_catalog.oidvectortypes(x.proargtypes))`;
const SCHEMA_NAME = `'schema ' || pg_catalog.quote_ident(n.nspname)`;

const PRIVILEGES: readonly string[] = [
	`select 'privileges', ${CLASS_NAME}, ${unlessCatalog(CLASS_NAME)}, ${grants(`coalesce(x.relacl,
    pg_catalog.acldefault((case x.relkind when 'S' then 's' else 'r' end)::pg_catalog."char", x.relowner))`)}
from pg_catalog.pg_class x join pg_catalog.pg_namespace n on n.oid = x.relnamespace
where x.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and not x.relispartition and ${KEPT_SCHEMA}
  and not (${ofUser('x.relowner')} and ${notOfExtension('pg_class', 'x.oid')}) and ${changed('pg_class', 'relacl')}`,
	`select 'privileges', ${ROUTINE_NAME}, ${unlessCatalog(ROUTINE_NAME)}, ${grants(`coalesce(x.proacl,
    pg_catalog.acldefault('f', x.proowner))`)}
from pg_catalog.pg_proc x join pg_catalog.pg_namespace n on n.oid = x.pronamespace
where ${KEPT_SCHEMA} and not (${routineOfUser('x')} and ${notOfExtension('pg_proc', 'x.oid')})
  and ${changed('pg_proc', 'proacl')}`,
	`select 'privileges', ${SCHEMA_NAME}, ${SCHEMA_NAME}, ${grants(`coalesce(n.nspacl, pg_catalog.acldefault('n',
    n.nspowner))`)}
from pg_catalog.pg_namespace n where n.oid >= ${FIRST_USER_OID} and n.nspname <> '_twins' and n.nspname !~ '^pg_'
  and not ${isFact(`'pg_namespace'::pg_catalog.regclass::pg_catalog.oid || '/' || n.oid || '/0'`)}`,
	`select 'privileges', pg_catalog.format('%s.%I', r.name, a.attname), r.name, ${grants('a.attacl')}
from relation r join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attacl is not null and a.attnum > 0
  and not a.attisdropped`,
	`select 'database', 'privileges on the database', null, ${grants(`coalesce(b.datacl, pg_catalog.acldefault('d',
    b.datdba))`)} from pg_catalog.pg_database b where b.oid = ${HERE}`,
	`select 'database', 'owner of the database', null, pg_catalog.pg_get_userbyid(b.datdba)::pg_catalog.text
    from pg_catalog.pg_database b where b.oid = ${HERE}`,
	`select 'parameter', 'privileges on parameter ' || p.parname, null,
    ${grants('p.paracl')} from pg_catalog.pg_parameter_acl p where ${grants('p.paracl')} <> 'none'`,
	`select 'default privileges', pg_catalog.format('default privileges of %I on %s%s', r.rolname, case d.defaclobjtype
    when 'r' then 'tables' when 'S' then 'sequences'
    when 'f' then 'functions' when 'T' then 'types'
    else 'schemas' end, coalesce(' in schema ' || pg_catalog.quote_ident(n.nspname), '')), null,
    ${grants('d.defaclacl')}
from pg_catalog.pg_default_acl d join pg_catalog.pg_roles r on r.oid = d.defaclrole
  left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
where (r.rolname <> 'postgres' and ${platformRole('r.rolname')})
  or (n.oid is not null and not ${isFact(`'pg_namespace'::pg_catalog.regclass::pg_catalog.oid || '/' || n.oid
    || '/0'`)})`,
];

/** What belongs to no schema, and what is said about things that are no facts. */
const CLUSTER: readonly string[] = [
	// Who made a role administers it since version 16: postgres, of many.
	`select 'membership', pg_catalog.format('role %I to %I', r.rolname, u.rolname), null,
    pg_catalog.bool_or(m.admin_option)::pg_catalog.text
from pg_catalog.pg_auth_members m join pg_catalog.pg_roles r on r.oid = m.roleid
  join pg_catalog.pg_roles u on u.oid = m.member
where ${platformRole('r.rolname')} and ${platformRole('u.rolname')} and u.rolname <> 'postgres'
  group by r.rolname, u.rolname`,
	`select 'subscription', 'subscription ' || pg_catalog.quote_ident(s.subname), null, ''
    from pg_catalog.pg_subscription s where s.subdbid = ${HERE}`,
	`select 'replication slot', 'replication slot ' || pg_catalog.quote_ident(s.slot_name), null, 
    coalesce(s.plugin, '')::pg_catalog.text
from pg_catalog.pg_replication_slots s where not s.temporary
  and coalesce(s.database, pg_catalog.current_database()) = pg_catalog.current_database()
    and s.slot_name !~ '^supabase_'`,
	`select 'tablespace', 'tablespace ' || pg_catalog.quote_ident(t.spcname), null, '' from pg_catalog.pg_tablespace t
    where t.spcname !~ '^pg_'`,
	`select 'security label', pg_catalog.format('security label of %s on %s %s', l.provider, i.type, i.identity), null,
    pg_catalog.md5(l.label)
from (select provider, classoid, objoid, objsubid, label from pg_catalog.pg_seclabel
  union all select s.provider, s.classoid, s.objoid, 0, s.label from pg_catalog.pg_shseclabel s
  where s.classoid <> 'pg_database'::pg_catalog.regclass or s.objoid = ${HERE}) l
cross join lateral pg_catalog.pg_identify_object(l.classoid, l.objoid, l.objsubid) i`,
	`select 'comment', pg_catalog.format('comment on %s %s', i.type, i.identity), null, pg_catalog.md5(d.description)
from pg_catalog.pg_description d cross join lateral pg_catalog.pg_identify_object(d.classoid, d.objoid, d.objsubid) i
where d.objoid >= ${FIRST_USER_OID} and d.classoid <> 'pg_extension'::pg_catalog.regclass 
  and i.schema is distinct from '_twins'
  and not ${isFact(`d.classoid || '/' || d.objoid || '/' || d.objsubid`)}
    and not ${isFact(`d.classoid || '/' || d.objoid || '/0'`)}
  and not exists (select from pg_catalog.pg_depend e where e.classid = d.classoid and e.objid = d.objoid
    and e.deptype = 'e')`,
	`select 'comment', case when d.classoid = 'pg_database'::pg_catalog.regclass then 'comment on the database'
    else 'comment on role ' || pg_catalog.quote_ident(r.rolname) end, null, pg_catalog.md5(d.description)
from pg_catalog.pg_shdescription d left join pg_catalog.pg_roles r on d.classoid = 'pg_authid'::pg_catalog.regclass
  and r.oid = d.objoid
where (d.classoid = 'pg_database'::pg_catalog.regclass and d.objoid = ${HERE}) or ${platformRole('r.rolname')}`,
];

const ALL = [RELATIONS, OBJECTS, ...PARTS, ...PRIVILEGES, ...CLUSTER];

/**
 * One JSON array of rows, of a database that has something of these kinds; `others` says that it has of more. `relation`
 * rows only say that something is there.
 */
export const leftOut = (
	present: ReadonlySet<Kind>,
): string => `with fact_address as materialized (${factAddresses([...present])}
), ${RELATION}
select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(l.kind, l.object, l.holder, l.state)
  order by l.kind, l.object), '[]') as answer, ${anyBeside(present)} as others
from (${ALL.join('\nunion all ')}) l (kind, object, holder, state)`;

/** Tables in which extensions keep what users configure, with the condition that tells the users' rows. */
export const EXTENSION_TABLES = `
select e.extname as extension, pg_catalog.format('%I.%I', n.nspname, c.relname) as name, 
  coalesce(x.condition, '') as condition
from pg_catalog.pg_extension e
cross join rows from (pg_catalog.unnest(e.extconfig), pg_catalog.unnest(e.extcondition)) as x (oid, condition)
join pg_catalog.pg_class c on c.oid = x.oid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p')
order by 1, 2`;
