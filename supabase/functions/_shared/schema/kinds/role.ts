// Roles of the user, with their attributes, memberships and comments. A role is made without login and password: a
// password cannot be read, and a role that may log in must not appear unasked.
import type { Change, Fact, Kind, Way } from '../fact.ts';
import { address } from '../address.ts';
import { platformRole } from '../../platform/supabase/managed-schemas.ts';

const referenced = (
	oid: string,
): string => `exists (select from pg_catalog.pg_shdepend s join pg_catalog.pg_database b on b.oid = s.dbid
    where b.datname = pg_catalog.current_database() and s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      and s.refobjid = ${oid})`;

// A role that nothing in the database refers to is no schema stage's to make, but the settings' component's; that it
// is there must be known, because a role made for a policy is referred to only once the policy is made.
const unreferenced = (role: string): string =>
	`not (${platformRole(`${role}.rolname`)} or ${referenced(`${role}.oid`)})`;
const component = (...roles: readonly string[]): string =>
	`case when ${roles.map(unreferenced).join(' or ')} then 'project_config' end as component`;

const changeInherit = ({ identity, definition }: Fact): string[] => [
	`alter role ${identity} ${definition['inherit'] === true ? '' : 'no'}inherit`,
];

const leaveLogin = ({ identity, definition }: Fact): Change => ({
	how: 'leave',
	outcome: 'adapted',
	...(definition['login'] === true
		? {
				why: 'the role may log in on the source only: passwords cannot be copied',
				fix: `If it must log in on the target: alter role ${identity} login password '…'`,
			}
		: {
				why: 'the role may log in on the target only: that stays',
				fix: `If it must not: alter role ${identity} nologin`,
			}),
});

const roleKind: Kind = {
	name: 'role',
	component: 'tables',
	stage: 'structure',
	places: true,
	rows: { held: true },
	report: {
		remark: (fact) =>
			fact.definition['login'] === true
				? {
						detail: 'created without login and without password',
						fix: `If it must log in: alter role ${fact.identity} login password '…' on the target.`,
					}
				: undefined,
	},
	read: `
select pg_catalog.format('%I', r.rolname) as identity, pg_catalog.format('role %I', r.rolname) as object,
  array[${address('pg_authid', 'r.oid')}] as addresses,
  pg_catalog.jsonb_build_object('inherit', r.rolinherit, 'login', r.rolcanlogin) as definition,
  array[pg_catalog.format('create role %I nologin', r.rolname)
    || case when r.rolinherit then '' else ' noinherit' end] as create,
  ${component('r')}
from pg_catalog.pg_roles r
where not ${platformRole('r.rolname')}`,
	ways: { inherit: { alter: changeInherit }, login: { decide: leaveLogin } },
};

/** What a role may beyond the ordinary: what the target refuses of it does not keep the role away. */
const attributeKind: Kind = {
	name: 'role_attribute',
	component: 'tables',
	stage: 'structure',
	places: true,
	attribute: { later: true },
	report: {
		refusal: {
			outcome: 'adapted',
			why: 'the role exists, but the target does not let postgres give it this attribute',
			fix: 'Do without it, or ask the platform for it.',
		},
	},
	read: `
select pg_catalog.format('%I %s', r.rolname, a.name) as identity,
  pg_catalog.format('role %I (%s)', r.rolname, a.name) as object,
  '{}'::pg_catalog.text[] as addresses, pg_catalog.format('role:%I', r.rolname) as parent,
  pg_catalog.jsonb_build_object('value', a.given) as definition,
  array[pg_catalog.format('alter role %I %s', r.rolname, a.given)] as create,
  pg_catalog.format('alter role %I %s', r.rolname, a.taken) as drop,
  ${component('r')}
from pg_catalog.pg_roles r
cross join lateral (values
  ('superuser', case when r.rolsuper then 'superuser' end, 'nosuperuser'),
  ('createdb', case when r.rolcreatedb then 'createdb' end, 'nocreatedb'),
  ('createrole', case when r.rolcreaterole then 'createrole' end, 'nocreaterole'),
  ('replication', case when r.rolreplication then 'replication' end, 'noreplication'),
  ('bypassrls', case when r.rolbypassrls then 'bypassrls' end, 'nobypassrls'),
  ('connection limit', case when r.rolconnlimit <> -1 then 'connection limit ' || r.rolconnlimit end,
    'connection limit -1'),
  ('valid until', case when r.rolvaliduntil <> 'infinity' then pg_catalog.format('valid until %L',
    r.rolvaliduntil at time zone 'UTC' || ' UTC') end,
    $$valid until 'infinity'$$)) a (name, given, taken)
where not ${platformRole('r.rolname')} and a.given is not null`,
	ways: { value: 'create' },
};

/** Since version 16 a membership may lack the right to act as the role, or to inherit its privileges. */
const MAY_ACT = `pg_catalog.bool_or(coalesce((pg_catalog.to_jsonb(m) ->> 'set_option')::pg_catalog.bool, true))`;
const INHERITS = `pg_catalog.bool_or(coalesce((pg_catalog.to_jsonb(m) ->> 'inherit_option')::pg_catalog.bool,
    u.rolinherit))`;
/** Whoever may create roles administers what it made, with or without the option. */
const ADMINISTERS = `(pg_catalog.bool_or(m.admin_option) and u.rolname <> 'postgres')`;

const MEMBERSHIP: Way = {
	alter: (source, target) => {
		const { role, member, admin } = source.definition;
		const isTaken = target.definition['admin'] === true && admin !== true;
		const revoked = `revoke admin option for ${String(role)} from ${String(member)}`;
		return [...(isTaken ? [revoked] : []), ...source.create];
	},
};

const membershipKind: Kind = {
	name: 'membership',
	component: 'tables',
	stage: 'structure',
	places: true,
	within: true,
	read: `
select pg_catalog.format('%I to %I', r.rolname, u.rolname) as identity,
  pg_catalog.format('role %I to %I', r.rolname, u.rolname) as object,
  '{}'::pg_catalog.text[] as addresses,
  pg_catalog.format('role:%I', case when ${platformRole('r.rolname')} then u.rolname else r.rolname end) as parent,
  pg_catalog.jsonb_build_object('role', pg_catalog.format('%I', r.rolname),
    'member', pg_catalog.format('%I', u.rolname), 'admin', ${ADMINISTERS}, 'set', ${MAY_ACT},
    'inherit', case when ${INHERITS} <> u.rolinherit then ${INHERITS} end) as definition,
  array[pg_catalog.format('grant %I to %I', r.rolname, u.rolname)
    || case when ${ADMINISTERS} then ' with admin option' else '' end]
    || case when ${MAY_ACT} then '{}'
      else array[pg_catalog.format('grant %I to %I with set false', r.rolname, u.rolname)] end
    || case when ${INHERITS} = u.rolinherit then '{}'
      else array[pg_catalog.format('grant %I to %I with inherit %s', r.rolname, u.rolname, ${INHERITS})] end as create,
  pg_catalog.format('revoke %I from %I', r.rolname, u.rolname) as drop,
  array[pg_catalog.format('role:%I', r.rolname), pg_catalog.format('role:%I', u.rolname)] as needs,
  ${component('r', 'u')}
from pg_catalog.pg_auth_members m join pg_catalog.pg_roles r on r.oid = m.roleid
join pg_catalog.pg_roles u on u.oid = m.member
where not (${platformRole('r.rolname')} and ${platformRole('u.rolname')})
group by r.oid, r.rolname, u.oid, u.rolname, u.rolinherit
-- What version 16 notes of itself about who made a role.
having ${MAY_ACT} or u.rolname <> 'postgres'`,
	ways: { role: 'never', member: 'never', admin: MEMBERSHIP, set: MEMBERSHIP, inherit: MEMBERSHIP },
	report: {
		refusal: {
			outcome: 'adapted',
			why: 'the role exists, but postgres may not grant this membership on the target',
			fix: 'Grant it by hand, if the target allows it.',
		},
	},
};

const roleCommentKind: Kind = {
	name: 'role_comment',
	component: 'tables',
	stage: 'structure',
	places: true,
	attribute: { later: true },
	read: `
select pg_catalog.format('%I', r.rolname) as identity, pg_catalog.format('role %I', r.rolname) as object,
  '{}'::pg_catalog.text[] as addresses,
  pg_catalog.format('role:%I', r.rolname) as parent, pg_catalog.jsonb_build_object('text', d.description) as definition,
  array[pg_catalog.format('comment on role %I is %L', r.rolname, d.description)] as create,
  pg_catalog.format('comment on role %I is null', r.rolname) as drop, ${component('r')}
from pg_catalog.pg_shdescription d join pg_catalog.pg_roles r on r.oid = d.objoid
where d.classoid = 'pg_catalog.pg_authid'::pg_catalog.regclass and not ${platformRole('r.rolname')}`,
	ways: { text: 'create' },
};

export const roleKinds: readonly Kind[] = [
	roleKind,
	attributeKind,
	membershipKind,
	roleCommentKind,
];
