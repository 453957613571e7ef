// Aggregates. Postgres has no deparser for them, so the statement is built from pg_aggregate, as
// pg_dump does.
import type { Kind } from '../fact.ts';
import { address } from '../address.ts';
import { ARGUMENT_TYPES, anyIn } from './text.ts';
import { notOfExtension, routineOfUser } from '../../platform/supabase/managed-schemas.ts';

const identity = `pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes))`;
const routine = (column: string): string =>
	`case when ${column} <> 0 then ${column}::pg_catalog.regproc::pg_catalog.text end`;
/** Always said: the default differs between plain and ordered-set aggregates. */
const modify = (column: string): string => `case ${column}
      when 'r' then 'read_only' when 's' then 'shareable' else 'read_write' end`;

/** Parameters in the order of the reference page: name in `create aggregate`, expression (null: left out). */
const parameters: readonly (readonly [string, string])[] = [
	['sfunc', 'a.aggtransfn::pg_catalog.regproc::pg_catalog.text'],
	['stype', 'pg_catalog.format_type(a.aggtranstype, null)'],
	['sspace', `nullif(a.aggtransspace, 0)::pg_catalog.text`],
	['finalfunc', routine('a.aggfinalfn')],
	['finalfunc_modify', modify('a.aggfinalmodify')],
	['combinefunc', routine('a.aggcombinefn')],
	['serialfunc', routine('a.aggserialfn')],
	['deserialfunc', routine('a.aggdeserialfn')],
	['initcond', 'pg_catalog.quote_literal(a.agginitval)'],
	['msfunc', routine('a.aggmtransfn')],
	['minvfunc', routine('a.aggminvtransfn')],
	[
		'mstype',
		'case when a.aggmtranstype <> 0 then pg_catalog.format_type(a.aggmtranstype, null) end',
	],
	['msspace', `nullif(a.aggmtransspace, 0)::pg_catalog.text`],
	['mfinalfunc', routine('a.aggmfinalfn')],
	['mfinalfunc_modify', `case when a.aggmtranstype <> 0 then ${modify('a.aggmfinalmodify')} end`],
	['minitcond', 'pg_catalog.quote_literal(a.aggminitval)'],
	[
		'sortop',
		`(select pg_catalog.format('operator(%I.%s)', sn.nspname, so.oprname) from pg_catalog.pg_operator so
      join pg_catalog.pg_namespace sn on sn.oid = so.oprnamespace where so.oid = a.aggsortop)`,
	],
	['parallel', `case p.proparallel when 's' then 'safe' when 'r' then 'restricted' end`],
];

const flags: readonly (readonly [string, string])[] = [
	['finalfunc_extra', 'a.aggfinalextra'],
	['mfinalfunc_extra', 'a.aggmfinalextra'],
	['hypothetical', `a.aggkind = 'h'`],
];

const clauses = [
	...parameters.map(([name, value]) => `'${name} = ' || ${value}`),
	...flags.map(([name, condition]) => `case when ${condition} then '${name}' end`),
].join(',\n    ');

const readAggregates = `
select d.identity, d.identity as object,
  array[${address('pg_proc', 'd.oid')}] as addresses,
  'schema:' || pg_catalog.quote_ident(d.nspname) as parent,
  pg_catalog.jsonb_build_object('kind', d.aggkind, 'direct', d.aggnumdirectargs, 'returns', d.returns,
    'arguments', d.arguments, 'clauses', d.clauses) as definition,
  array[pg_catalog.format('create or replace aggregate %I.%I(%s) (%s)',
    d.nspname, d.proname, coalesce(nullif(d.arguments, ''), '*'), d.clauses)] as create,
  pg_catalog.format('drop aggregate %I.%I(%s)',
    d.nspname, d.proname, coalesce(nullif(d.arguments, ''), '*')) as drop,
  pg_catalog.jsonb_build_object('types', d.types) as parts
from (
  select p.oid, n.nspname, p.proname, a.aggkind, a.aggnumdirectargs,
    ${identity} as identity, ${ARGUMENT_TYPES} as types,
    pg_catalog.pg_get_function_arguments(p.oid) as arguments,
    pg_catalog.format_type(p.prorettype, null) as returns,
    pg_catalog.concat_ws(', ',
    ${clauses}) as clauses
  from pg_catalog.pg_proc p
  join pg_catalog.pg_aggregate a on a.aggfnoid = p.oid
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where ${routineOfUser('p')} and ${notOfExtension('pg_proc', 'p.oid')}
) d
order by 1`;

export const aggregateKind: Kind = {
	name: 'aggregate',
	mayExist: anyIn('pg_proc', `x.prokind = 'a'`),
	component: 'functions',
	stage: 'functions',
	names: ['routine'],
	read: readAggregates,
	ways: {
		kind: 'replace',
		direct: 'replace',
		returns: 'replace',
		arguments: 'replace',
		clauses: 'create',
	},
};
