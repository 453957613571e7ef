// Who may do what: the effective privileges of everything that is a fact, and the default privileges for what
// will be created. The target ends with exactly the source's: what its own default privileges gave is revoked
// in the transaction that made the object. A change of a table takes its columns' privileges along.
import type { ChangeContext, Fact, Facts, Kind } from '../fact.ts';
import { address, type Catalog } from '../address.ts';
import { childrenOf } from '../planning.ts';
import {
	grantChanges,
	type Grants,
	grantsOf,
	grantStatements,
	handedOver,
	revokedGrants,
} from './grants.ts';
import {
	notOfExtension,
	platformRole,
	userSchema,
} from '../../platform/supabase/managed-schemas.ts';
import { anyIn } from './text.ts';

/** Grantee → `ALL` or `SELECT,UPDATE*` (`*`: with grant option), as JSON. The owner is called `@owner`. */
const grants = (
	acl: string,
	letter: string,
	owner: string,
): string => `(select pg_catalog.jsonb_object_agg(g.grantee, g.list)
    from (
      select case when e.grantee = 0 then 'public' when e.grantee = ${owner} then '@owner'
        else r.rolname end as grantee,
        case when pg_catalog.count(*) = (select pg_catalog.count(*)
          from pg_catalog.aclexplode(pg_catalog.acldefault(${letter}, ${owner})) f where f.grantee = ${owner})
            and not pg_catalog.bool_or(e.is_grantable and e.grantee <> ${owner})
          then 'ALL' else pg_catalog.string_agg(e.privilege_type
            || case when e.is_grantable and e.grantee <> ${owner} then '*' else '' end, ','
              order by e.privilege_type) end as list
      from (select a.grantee, a.privilege_type, pg_catalog.bool_or(a.is_grantable) as is_grantable
        from pg_catalog.aclexplode(${acl}) a group by 1, 2) e
      left join pg_catalog.pg_roles r on r.oid = e.grantee
      group by 1
    ) g)`;

const roles = (acl: string): string =>
	`array(select distinct pg_catalog.format('role:%I', r.rolname) from pg_catalog.aclexplode(${acl}) a
    join pg_catalog.pg_roles r on r.oid = a.grantee where not ${platformRole('r.rolname')})`;

const COLUMN_KIND = 'column_privileges';

interface Holder {
	readonly catalog: Catalog;
	readonly acl: string;
	readonly owner: string;
	/** SQL: the letter of acldefault(). */
	readonly letter: string;
	/** SQL: the words after GRANT … ON. */
	readonly on: string;
	readonly joins?: string;
	readonly where?: string;
}

const NAMED = (name: string): string => `pg_catalog.format('%I.%I', n.nspname, x.${name})`;

const HOLDERS: readonly Holder[] = [
	{
		catalog: 'pg_namespace',
		acl: 'nspacl',
		owner: 'nspowner',
		letter: `'n'`,
		on: `pg_catalog.format('schema %I', x.nspname)`,
	},
	{
		catalog: 'pg_class',
		acl: 'relacl',
		owner: 'relowner',
		letter: `(case x.relkind when 'S' then 's' else 'r' end)::pg_catalog."char"`,
		on: `case x.relkind when 'S' then 'sequence ' else 'table ' end || ${NAMED('relname')}`,
		joins: 'join pg_catalog.pg_namespace n on n.oid = x.relnamespace',
		where: `x.relkind in ('r', 'p', 'v', 'm', 'f', 'S')`,
	},
	{
		catalog: 'pg_type',
		acl: 'typacl',
		owner: 'typowner',
		letter: `'T'`,
		on: `'type ' || ${NAMED('typname')}`,
		joins: 'join pg_catalog.pg_namespace n on n.oid = x.typnamespace',
		where: `x.typtype <> 'm' and not (x.typelem <> 0 and x.typlen = -1)
    and (x.typtype <> 'c' or exists (select from pg_catalog.pg_class c where c.oid = x.typrelid and c.relkind = 'c'))`,
	},
	{
		catalog: 'pg_proc',
		acl: 'proacl',
		owner: 'proowner',
		letter: `'f'`,
		on: `pg_catalog.format('routine %I.%I(%s)', n.nspname, x.proname,
    case x.prokind when 'p' then pg_catalog.pg_get_function_identity_arguments(x.oid)
      else pg_catalog.oidvectortypes(x.proargtypes) end)`,
		joins: 'join pg_catalog.pg_namespace n on n.oid = x.pronamespace',
	},
	{
		catalog: 'pg_foreign_data_wrapper',
		acl: 'fdwacl',
		owner: 'fdwowner',
		letter: `'F'`,
		on: `pg_catalog.format('foreign data wrapper %I', x.fdwname)`,
	},
	{
		catalog: 'pg_foreign_server',
		acl: 'srvacl',
		owner: 'srvowner',
		letter: `'S'`,
		on: `pg_catalog.format('foreign server %I', x.srvname)`,
	},
	{
		catalog: 'pg_language',
		acl: 'lanacl',
		owner: 'lanowner',
		letter: `'l'`,
		on: `pg_catalog.format('language %I', x.lanname)`,
		where: 'x.lanpltrusted',
	},
];

const effective = ({ acl, letter, owner }: Holder): string =>
	`coalesce(x.${acl}, pg_catalog.acldefault(${letter}, x.${owner}))`;

// Objects of the user start at 16384; 2200 is the schema public.
const readHolder = (holder: Holder): string => `
  select ${holder.on} as on_text, p.id as parent,
    ${grants(effective(holder), holder.letter, `x.${holder.owner}`)} as grants,
    ${roles(effective(holder))} as roles
  from pg_catalog.${holder.catalog} x join part p on p.address = ${address(holder.catalog, 'x.oid')}
  ${holder.joins ?? ''}
  where (x.oid >= 16384 or x.oid = 2200) and p.kind <> 'extension'${holder.where ? ` and ${holder.where}` : ''}`;

/** Owner of what the fact is about, where that is a role of the user. */
const ownerOf = (fact: Fact, { byId }: Facts): Fact | undefined =>
	byId.get(`owner:${fact.parent ?? ''}`);

const ownerName = (owner: Fact | undefined): string | undefined =>
	owner && String(owner.definition['owner']);

const defaultGrants = new WeakMap<Facts, Grants>();

/** What the target's default privileges may have given on a fresh object, to everyone they name. */
function presumed(target: Facts): Grants {
	const known = defaultGrants.get(target);
	if (known) return known;
	const found = new Map([['public', 'whatever it is']]);
	for (const fact of target.byId.values()) {
		if (fact.kind !== 'default_privileges') continue;
		for (const [grantee, list] of Object.entries(grantsOf(fact.definition['grants'])))
			if (grantee !== '@owner' && !found.get(grantee)?.includes('*'))
				found.set(grantee, `whatever it is${list.includes('*') ? '*' : ''}`);
	}
	const grants = Object.fromEntries(found);
	defaultGrants.set(target, grants);
	return grants;
}

/** Privileges of the columns that a table or view has. */
const columnsOf = (facts: Facts, holder: string): Fact[] =>
	childrenOf(facts, holder).flatMap((fact) =>
		fact.kind === 'column' ? columnsOf(facts, fact.id) : fact.kind === COLUMN_KIND ? [fact] : [],
	);

const columnGrants = ({ definition }: Fact): string[] =>
	grantStatements(
		String(definition['on']),
		grantsOf(definition['grants']),
		'',
		` (${String(definition['column'])})`,
	);

function changeGrants(source: Fact, target: Fact, context: ChangeContext): string[] {
	const [to, from] = [ownerOf(source, context.source), ownerOf(target, context.target)];
	const owner = ownerName(to);
	const isHandedOver = owner !== ownerName(from);
	const wanted = grantsOf(source.definition['grants']);
	const before = grantsOf(target.definition['grants']);
	const existing = isHandedOver ? handedOver(before, owner ?? 'postgres') : before;
	// Whether the owner changes before or after decides what his own privileges are: so it changes here.
	const handOver = isHandedOver ? (to ? to.create : from?.drop ? [from.drop] : []) : [];
	const table = grantChanges(source.identity, wanted, existing, '', '', owner);
	const holder = source.parent ?? '';
	// Revoking from a table revokes from its columns, too: those that only the target has keep what they had.
	const columns =
		revokedGrants(wanted, existing).length > 0
			? [
					...columnsOf(context.source, holder),
					...columnsOf(context.target, holder).filter(
						({ parent }) => parent !== holder && !context.source.byId.has(parent ?? ''),
					),
				]
			: [];
	return [...handOver, ...table, ...columns.flatMap(columnGrants)];
}

const privilegesKind: Kind = {
	name: 'privileges',
	component: 'tables',
	stage: 'structure',
	attribute: { describes: true },
	read: `
select h.on_text as identity, h.on_text as object, '{}'::pg_catalog.text[] as addresses, h.parent,
  pg_catalog.jsonb_build_object('grants', coalesce(h.grants, '{}'::pg_catalog.jsonb)) as definition,
  '{}'::pg_catalog.text[] as create, h.roles as needs
from (${HOLDERS.map(readHolder).join('\n  union all')}
) h`,
	create: (source, target) =>
		grantChanges(source.identity, grantsOf(source.definition['grants']), {
			'@owner': 'ALL',
			...presumed(target),
		}),
	ways: { grants: { alter: changeGrants } },
};

const changeColumnGrants = ({ definition: to }: Fact, { definition: from }: Fact): string[] =>
	grantChanges(
		String(to['on']),
		grantsOf(to['grants']),
		grantsOf(from['grants']),
		'',
		` (${String(to['column'])})`,
	);

/** Privileges of one column: what only the target has of these goes with its column, or stays with it. */
const columnPrivilegesKind: Kind = {
	name: COLUMN_KIND,
	mayExist: anyIn('pg_attribute', `x.attacl <> '{}'`, 'attrelid'),
	component: 'tables',
	stage: 'structure',
	attribute: { describes: true },
	read: `
select c.on_text || '.' || c.name as identity, c.on_text || '.' || c.name as object,
  '{}'::pg_catalog.text[] as addresses, c.parent,
  pg_catalog.jsonb_build_object('on', c.on_text, 'column', c.name, 'grants', c.grants) as definition,
  '{}'::pg_catalog.text[] as create,
  pg_catalog.format('revoke all (%s) on %s from %s cascade', c.name, c.on_text, c.grantees) as drop, c.roles as needs
from (
  select 'table ' || ${NAMED('relname')} as on_text, pg_catalog.format('%I', a.attname) as name,
    coalesce(exact.id, whole.id) as parent,
    ${grants('a.attacl', `'c'`, 'x.relowner')} as grants, ${roles('a.attacl')} as roles,
    (select pg_catalog.string_agg(distinct case when e.grantee = 0 then 'public'
      else e.grantee::pg_catalog.regrole::pg_catalog.text end, ', ')
      from pg_catalog.aclexplode(a.attacl) e) as grantees
  from pg_catalog.pg_attribute a join pg_catalog.pg_class x on x.oid = a.attrelid
  join pg_catalog.pg_namespace n on n.oid = x.relnamespace
  join part whole on whole.address = ${address('pg_class', 'x.oid')}
  left join part exact on exact.address = ${address('pg_class', 'x.oid', 'a.attnum')}
  where a.attnum > 0 and not a.attisdropped and a.attacl <> '{}' and x.oid >= 16384 and whole.kind <> 'extension'
) c`,
	create: columnGrants,
	ways: { on: 'never', column: 'never', grants: { alter: changeColumnGrants } },
};

const DEFAULTS_FOR = `case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
    when 'T' then 'types' when 'n' then 'schemas' end`;
const DEFAULTS_LETTER = `case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end`;
const HEAD = `pg_catalog.format('alter default privileges for role %I', r.rolname)
    || coalesce(' in schema ' || pg_catalog.quote_ident(n.nspname), '')`;

/** What Postgres gives where nothing is said, for default privileges that are not bound to a schema. */
export const builtIn = (fact: Fact): Grants => {
	if (fact.definition['schema'] !== null) return {};
	const toPublic = ['functions', 'types'].includes(String(fact.definition['on']));
	return { '@owner': 'ALL', ...(toPublic ? { public: 'ALL' } : {}) };
};

const defaultChanges = (source: Fact, existing: Grants): string[] => {
	const { head, on, role } = source.definition;
	return grantChanges(
		String(on),
		grantsOf(source.definition['grants']),
		existing,
		`${String(head)} `,
		'',
		// The owner of future objects is the role itself.
		String(role),
	);
};

const defaultPrivilegesKind: Kind = {
	name: 'default_privileges',
	component: 'tables',
	stage: 'structure',
	attribute: {},
	read: `
select pg_catalog.format('%I %s %s', r.rolname, coalesce(pg_catalog.quote_ident(n.nspname), 'everywhere'),
  ${DEFAULTS_FOR}) as identity,
  pg_catalog.format('default privileges of %I on %s%s', r.rolname, ${DEFAULTS_FOR},
    coalesce(' in schema ' || pg_catalog.quote_ident(n.nspname), '')) as object,
  '{}'::pg_catalog.text[] as addresses, 'schema:' || pg_catalog.quote_ident(n.nspname) as parent,
  pg_catalog.jsonb_build_object('head', ${HEAD}, 'role', r.rolname, 'schema', n.nspname, 'on', ${DEFAULTS_FOR},
    'grants', coalesce(${grants('d.defaclacl', DEFAULTS_LETTER, 'd.defaclrole')},
      '{}'::pg_catalog.jsonb)) as definition,
  '{}'::pg_catalog.text[] as create,
  pg_catalog.concat_ws('; ',
    (select pg_catalog.format('%s revoke all on %s from %s', ${HEAD}, ${DEFAULTS_FOR},
      pg_catalog.string_agg(distinct case when a.grantee = 0 then 'public'
        else a.grantee::pg_catalog.regrole::pg_catalog.text end, ', '))
      from pg_catalog.aclexplode(d.defaclacl) a having pg_catalog.count(*) > 0),
    case when n.oid is null then pg_catalog.format('%s grant all on %s to %I', ${HEAD}, ${DEFAULTS_FOR}, r.rolname) end,
    case when n.oid is null and d.defaclobjtype in ('f', 'T') then pg_catalog.format('%s grant all on %s to public',
      ${HEAD}, ${DEFAULTS_FOR}) end) as drop,
  ${roles('d.defaclacl')}
    || case when ${platformRole('r.rolname')} then '{}' else array[pg_catalog.format('role:%I', r.rolname)] end as needs
from pg_catalog.pg_default_acl d join pg_catalog.pg_roles r on r.oid = d.defaclrole
left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
where (r.rolname = 'postgres' or not ${platformRole('r.rolname')})
  and (n.oid is null or (${userSchema('n.nspname')} and ${notOfExtension('pg_namespace', 'n.oid')}))`,
	create: (source) => defaultChanges(source, builtIn(source)),
	ways: {
		head: 'never',
		role: 'never',
		schema: 'never',
		on: 'never',
		grants: {
			alter: (source, target) => defaultChanges(source, grantsOf(target.definition['grants'])),
		},
	},
};

export const privilegeKinds: readonly Kind[] = [
	defaultPrivilegesKind,
	privilegesKind,
	columnPrivilegesKind,
];
