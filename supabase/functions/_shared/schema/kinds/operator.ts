// Operators, operator classes and operator families. Anyone may make an operator; classes and families
// are a superuser's, so elsewhere they are tried and the refusal explained.
import type { Kind, Way } from '../fact.ts';
import { address } from '../address.ts';
import { notOfExtension, ofUser } from '../../platform/supabase/managed-schemas.ts';
import { anyIn } from './text.ts';

const operand = (type: string): string =>
	`case when ${type} = 0 then 'none' else pg_catalog.format_type(${type}, null) end`;
const otherOperator = (
	oid: string,
): string => `(select pg_catalog.format('operator(%I.%s)', sn.nspname, so.oprname)
      from pg_catalog.pg_operator so join pg_catalog.pg_namespace sn on sn.oid = so.oprnamespace
      where so.oid = ${oid})`;
const estimator = (oid: string): string =>
	`case when ${oid} <> 0 then ${oid}::pg_catalog.regproc::pg_catalog.text end`;

const operatorName = `pg_catalog.format('%I.%s(%s,%s)', n.nspname, o.oprname, ${operand('o.oprleft')},
    ${operand('o.oprright')})`;
const operatorSignature = `pg_catalog.format('%I.%s (%s, %s)', n.nspname, o.oprname, ${operand('o.oprleft')},
    ${operand('o.oprright')})`;

// A commutator that does not exist yet becomes a shell operator and is filled in by its own statement;
// shells (oprcode = 0) are therefore no objects.
const readOperators = `
select d.identity, d.identity as object,
  array[${address('pg_operator', 'd.oid')}] as addresses,
  'schema:' || pg_catalog.quote_ident(d.nspname) as parent,
  pg_catalog.jsonb_build_object('signature', d.signature, 'clauses', d.clauses,
    'restrict', d.restrict, 'join', d.join) as definition,
  array[pg_catalog.format('create operator %I.%s (%s)', d.nspname, d.oprname,
    pg_catalog.concat_ws(', ', d.clauses, 'restrict = ' || d.restrict, 'join = ' || d.join))] as create,
  'drop operator ' || d.signature as drop
from (
  select o.oid, n.nspname, o.oprname, ${operatorName} as identity, ${operatorSignature} as signature,
    pg_catalog.concat_ws(', ',
      'function = ' || o.oprcode::pg_catalog.regproc::pg_catalog.text,
      case when o.oprleft <> 0 then 'leftarg = ' || pg_catalog.format_type(o.oprleft, null) end,
      case when o.oprright <> 0 then 'rightarg = ' || pg_catalog.format_type(o.oprright, null) end,
      'commutator = ' || ${otherOperator('o.oprcom')},
      'negator = ' || ${otherOperator('o.oprnegate')},
      case when o.oprcanhash then 'hashes' end,
      case when o.oprcanmerge then 'merges' end) as clauses,
    ${estimator('o.oprrest')} as restrict,
    ${estimator('o.oprjoin')} as join
  from pg_catalog.pg_operator o
  join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
  where ${ofUser('o.oprowner')} and o.oprcode <> 0 and ${notOfExtension('pg_operator', 'o.oid')}
) d
order by 1`;

const ESTIMATES: Way = {
	alter: ({ definition }) => {
		const estimate = (key: string): string => `${key} = ${String(definition[key] ?? 'none')}`;
		const signature = String(definition['signature']);
		return [`alter operator ${signature} set (${estimate('restrict')}, ${estimate('join')})`];
	},
};

const operatorKind: Kind = {
	name: 'operator',
	mayExist: anyIn('pg_operator'),
	component: 'functions',
	stage: 'functions',
	read: readOperators,
	ways: { signature: 'never', clauses: 'replace', restrict: ESTIMATES, join: ESTIMATES },
};

const refusal = {
	outcome: 'skipped',
	why: 'Only a superuser may make operator classes and families.',
	fix: 'Install it as an extension, or ask the platform; indexes that need it cannot be made without it.',
} as const;

/** A class without a family makes one of its own name: that one is the class's. */
const OWN_FAMILY = `c.opcfamily = f.oid and c.opcname = f.opfname and c.opcnamespace = f.opfnamespace`;

const readFamilies = `
select pg_catalog.format('%I.%I using %I', n.nspname, f.opfname, m.amname) as identity,
  pg_catalog.format('operator family %I.%I using %I', n.nspname, f.opfname, m.amname) as object,
  array[${address('pg_opfamily', 'f.oid')}] as addresses,
  'schema:' || pg_catalog.quote_ident(n.nspname) as parent,
  '{}'::pg_catalog.jsonb as definition,
  array[pg_catalog.format('create operator family %I.%I using %I', n.nspname, f.opfname, m.amname)] as create,
  pg_catalog.format('drop operator family %I.%I using %I', n.nspname, f.opfname, m.amname) as drop
from pg_catalog.pg_opfamily f
join pg_catalog.pg_namespace n on n.oid = f.opfnamespace
join pg_catalog.pg_am m on m.oid = f.opfmethod
where ${ofUser('f.opfowner')} and ${notOfExtension('pg_opfamily', 'f.oid')}
  and not exists (select from pg_catalog.pg_opclass c where ${OWN_FAMILY})
order by 1`;

const operatorFamilyKind: Kind = {
	name: 'operator_family',
	mayExist: anyIn('pg_opfamily'),
	component: 'functions',
	stage: 'functions',
	read: readFamilies,
	ways: {},
	report: { refusal },
};

/** Members that pg_depend ties to the class itself; looser ones belong to the family. */
const ofClass = (
	catalog: string,
	oid: string,
): string => `exists (select from pg_catalog.pg_depend i
        where i.classid = 'pg_catalog.${catalog}'::pg_catalog.regclass and i.objid = ${oid}
          and i.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass and i.refobjid = c.oid)`;

const readClasses = `
select d.identity, 'operator class ' || d.identity as object,
  array[${address('pg_opclass', 'd.oid')}]
    || case when d.own_family then array[${address('pg_opfamily', 'd.opcfamily')}] else '{}' end as addresses,
  'schema:' || pg_catalog.quote_ident(d.nspname) as parent,
  pg_catalog.jsonb_build_object('head', d.head, 'members', d.members) as definition,
  array[d.head || coalesce(d.members, 'storage ' || d.type)] as create,
  pg_catalog.format('drop operator class %s using %I', d.name, d.amname) as drop
from (
  select c.oid, c.opcfamily, ${OWN_FAMILY} as own_family, n.nspname, m.amname,
    pg_catalog.format('%I.%I', n.nspname, c.opcname) as name,
    pg_catalog.format('%I.%I using %I', n.nspname, c.opcname, m.amname) as identity,
    pg_catalog.format_type(c.opcintype, null) as type,
    pg_catalog.format('create operator class %I.%I %sfor type %s using %I%s as ', n.nspname, c.opcname,
      case when c.opcdefault then 'default ' else '' end, pg_catalog.format_type(c.opcintype, null), m.amname,
      case when ${OWN_FAMILY} then '' else pg_catalog.format(' family %I.%I', fn.nspname, f.opfname) end) as head,
    (select pg_catalog.string_agg(e.text, ', ' order by e.text) from (
      select 'storage ' || pg_catalog.format_type(c.opckeytype, null) where c.opckeytype <> 0
      union all
      select pg_catalog.format('operator %s %I.%s(%s,%s)', a.amopstrategy, sn.nspname, o.oprname,
        ${operand('o.oprleft')}, ${operand('o.oprright')})
        || case when a.amopsortfamily <> 0 then ' for order by '
          || (select pg_catalog.format('%I.%I', qn.nspname, q.opfname) from pg_catalog.pg_opfamily q
            join pg_catalog.pg_namespace qn on qn.oid = q.opfnamespace where q.oid = a.amopsortfamily) else '' end
      from pg_catalog.pg_amop a join pg_catalog.pg_operator o on o.oid = a.amopopr
      join pg_catalog.pg_namespace sn on sn.oid = o.oprnamespace
      where ${ofClass('pg_amop', 'a.oid')}
      union all
      select pg_catalog.format('function %s (%s,%s) %s', a.amprocnum, pg_catalog.format_type(a.amproclefttype, null),
        pg_catalog.format_type(a.amprocrighttype, null), a.amproc::pg_catalog.regprocedure)
      from pg_catalog.pg_amproc a
      where ${ofClass('pg_amproc', 'a.oid')}
    ) e(text)) as members
  from pg_catalog.pg_opclass c
  join pg_catalog.pg_namespace n on n.oid = c.opcnamespace
  join pg_catalog.pg_am m on m.oid = c.opcmethod
  join pg_catalog.pg_opfamily f on f.oid = c.opcfamily
  join pg_catalog.pg_namespace fn on fn.oid = f.opfnamespace
  where ${ofUser('c.opcowner')} and ${notOfExtension('pg_opclass', 'c.oid')}
) d
order by 1`;

const operatorClassKind: Kind = {
	name: 'operator_class',
	mayExist: anyIn('pg_opclass'),
	component: 'functions',
	stage: 'functions',
	read: readClasses,
	ways: { head: 'replace', members: 'replace' },
	report: { refusal },
};

export const operatorKinds: readonly Kind[] = [operatorKind, operatorFamilyKind, operatorClassKind];
