// Roles of the user that something in this database refers to, and their memberships. Roles are made without
// login and password: those cannot be read, and a role that may log in must not appear unasked.
import type { Kind } from '../fact.ts';
import { address, platformRole } from '../scope.ts';

const referenced = `exists (select from pg_shdepend s join pg_database b on b.oid = s.dbid
    where b.datname = current_database() and s.refclassid = 'pg_authid'::regclass and s.refobjid = r.oid)`;

// A role that nothing refers to is no schema stage's to make; but that it is there must be known, because a
// role made for a policy is referred to only once the policy is made.
const roleKind: Kind = {
	name: 'role',
	component: 'tables',
	stage: 'structure',
	holdsRows: true,
	read: `
select format('%I', r.rolname) as identity, format('role %I', r.rolname) as object,
  array[${address('pg_authid', 'r.oid')}] as addresses, '{}'::jsonb as definition,
  array[format('create role %I nologin', r.rolname) || case when r.rolinherit then '' else ' noinherit' end] as "create",
  case when not ${referenced} then 'project_config' end as component
from pg_roles r
where not ${platformRole('r.rolname')}`,
	change: () => ({ how: 'alter', statements: [] }),
	remark: (fact) => ({
		detail: 'created without login and without password',
		fix: `If it must log in: alter role ${fact.identity} login password '…' on the target.`,
	}),
};

/** Since version 16 a membership may lack the right to act as the role. */
const MAY_ACT = `bool_or(coalesce((to_jsonb(m) ->> 'set_option')::bool, true))`;
/** Whoever may create roles administers what it made, with or without the option. */
const ADMINISTERS = `(bool_or(m.admin_option) and u.rolname <> 'postgres')`;

const membershipKind: Kind = {
	name: 'membership',
	component: 'tables',
	stage: 'structure',
	within: true,
	read: `
select format('%I to %I', r.rolname, u.rolname) as identity, format('role %I to %I', r.rolname, u.rolname) as object,
  '{}'::text[] as addresses, format('role:%I', case when ${platformRole('r.rolname')} then u.rolname else r.rolname end) as parent,
  jsonb_build_object('admin', ${ADMINISTERS}, 'set', ${MAY_ACT}) as definition,
  array[format('grant %I to %I', r.rolname, u.rolname) || case when ${ADMINISTERS} then ' with admin option' else '' end]
    || case when ${MAY_ACT} then '{}' else array[format('grant %I to %I with set false', r.rolname, u.rolname)] end as "create",
  format('revoke %I from %I', r.rolname, u.rolname) as "drop",
  array[format('role:%I', r.rolname), format('role:%I', u.rolname)] as needs
from pg_auth_members m join pg_roles r on r.oid = m.roleid join pg_roles u on u.oid = m.member
where (not ${platformRole('r.rolname')} and (${platformRole('u.rolname')} or ${referenced.replaceAll('r.oid', 'u.oid')}) and ${referenced})
  or (${platformRole('r.rolname')} and not ${platformRole('u.rolname')} and ${referenced.replaceAll('r.oid', 'u.oid')})
group by r.rolname, u.rolname
-- What version 16 notes of itself about who made a role.
having ${MAY_ACT} or u.rolname <> 'postgres'`,
	change: (source, target) => ({
		how: 'alter',
		statements:
			target.definition['admin'] === true && source.definition['admin'] !== true
				? [
						`revoke admin option for ${source.identity.replace(/ to (?!.* to )/, ' from ')}`,
						...source.create,
					]
				: source.create,
	}),
	refusal: {
		outcome: 'adapted',
		why: 'the role exists, but postgres may not grant this membership on the target',
		fix: 'Grant it by hand, if the target allows it.',
	},
};

export const roleKinds: readonly Kind[] = [roleKind, membershipKind];
