// Functions, procedures and window functions of the user's schemas. Aggregates have their own kind. What
// only a superuser may set (LEAKPROOF, a planner support function) are facts of their own, so that
// a target that refuses them still gets the function.
import type { Kind, Way } from '../fact.ts';
import { address } from '../address.ts';
import { notOfExtension, routineOfUser } from '../../platform/supabase/managed-schemas.ts';
import { ARGUMENT_TYPES, withoutSpace, anyIn } from './text.ts';

const userRoutine = `${routineOfUser('p')}
    and p.prokind in ('f', 'p', 'w')
    and ${notOfExtension('pg_proc', 'p.oid')}
    -- constructors of a range type come and go with it
    and not exists (select from pg_catalog.pg_depend i
      where i.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and i.objid = p.oid and i.deptype = 'i')`;

const identity = `pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes))`;
const signature = `pg_catalog.format('%I.%I(%s)', n.nspname, p.proname,
    pg_catalog.pg_get_function_identity_arguments(p.oid))`;

/** Settings whose value is a list of names: as one literal it would be one name. */
const LISTS = `('local_preload_libraries', 'search_path', 'session_preload_libraries', 'temp_tablespaces')`;

/** Takes a list over as the server keeps it; other settings would be kept in other words than the source's. */
const listSetting = `pg_catalog.format('do %L', pg_catalog.format('declare
  routine pg_catalog.regprocedure := %1$L;
  before pg_catalog.text := pg_catalog.current_setting(%2$L, true);
begin
  perform pg_catalog.set_config(%2$L, %3$L, true);
  execute pg_catalog.format(''alter routine %%s set %2$I from current'', routine);
  perform pg_catalog.set_config(%2$L, before, true);
end', ${identity}, s.option_name, s.option_value))`;

/** Statements that give a new function its settings, in their order, which Postgres keeps. */
const settings = `array(select case when s.option_name in ${LISTS} then ${listSetting}
      else pg_catalog.format('alter routine %s set %I to %L', ${identity}, s.option_name, s.option_value) end
    from pg_catalog.pg_options_to_table(p.proconfig) with ordinality s (option_name, option_value, place)
    order by s.place)`;

/** Without what only a superuser may say, which Postgres would print among the rest. */
const unmarked = `pg_catalog.concat('create or replace function ',
    pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_arguments(p.oid)),
    ' returns ', pg_catalog.pg_get_function_result(p.oid), ' language ', pg_catalog.quote_ident(l.lanname),
    (select ' transform ' || pg_catalog.string_agg('for type ' || pg_catalog.format_type(t, null), ', ' order by o)
      from pg_catalog.unnest(p.protrftypes) with ordinality u(t, o)),
    case when p.prokind = 'w' then ' window' end,
    case p.provolatile when 'i' then ' immutable' when 's' then ' stable' end,
    case p.proparallel when 's' then ' parallel safe' when 'r' then ' parallel restricted' end,
    case when p.proisstrict then ' strict' end, case when p.prosecdef then ' security definer' end,
    ' cost ', p.procost, case when p.proretset then ' rows ' || p.prorows end, ' ',
    coalesce(pg_catalog.pg_get_function_sqlbody(p.oid),
      pg_catalog.concat('as ', pg_catalog.quote_literal(p.probin) || ', ', pg_catalog.quote_literal(p.prosrc))))`;

const creatable = `case when p.proleakproof or p.prosupport <> 0 then array[${unmarked}] || ${settings}
  else array[pg_catalog.pg_get_functiondef(p.oid)] end`;

/** A body of parsed SQL needs what it names; a text in its place needs nothing. */
const standIn = `case when p.prosqlbody is not null then pg_catalog.format(
    'create or replace %s %I.%I(%s)%s language sql%s%s as ''select null''',
    case p.prokind when 'p' then 'procedure' else 'function' end,
    n.nspname, p.proname, pg_catalog.pg_get_function_arguments(p.oid),
    ' returns ' || pg_catalog.pg_get_function_result(p.oid),
    case p.provolatile when 'i' then ' immutable' when 's' then ' stable' end,
    case when p.proisstrict then ' strict' end) end`;

const readFunctions = `
select ${identity} as identity,
  ${identity} as object,
  array[${address('pg_proc', 'p.oid')}] as addresses,
  'schema:' || pg_catalog.quote_ident(n.nspname) as parent,
  pg_catalog.jsonb_build_object(
    'kind', p.prokind,
    'language', l.lanname,
    'returns', pg_catalog.pg_get_function_result(p.oid),
    'signature', pg_catalog.pg_get_function_identity_arguments(p.oid),
    'arguments', pg_catalog.pg_get_function_arguments(p.oid),
    'defaults', p.pronargdefaults,
    'body', case when p.prosqlbody is null then p.prosrc end,
    'sql_body', ${withoutSpace('pg_catalog.pg_get_function_sqlbody(p.oid)')},
    'library', p.probin,
    'volatility', p.provolatile,
    'strict', p.proisstrict,
    'security_definer', p.prosecdef,
    'parallel', p.proparallel,
    'cost', p.procost,
    'rows', p.prorows,
    'settings', p.proconfig,
    'transforms', (select pg_catalog.array_agg(pg_catalog.format_type(t, null) order by o)
      from pg_catalog.unnest(p.protrftypes) with ordinality u(t, o))
  ) as definition,
  ${creatable} as create,
  'drop routine ' || ${signature} as drop,
  pg_catalog.jsonb_build_object('stand_in', ${standIn}, 'types', ${ARGUMENT_TYPES}) as parts
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
where ${userRoutine}
order by 1`;

/** `create or replace` keeps what rests on a function. */
const IN_PLACE: Way = { alter: ({ create }) => create, keepsRows: true };

/** Postgres refuses to take a default away. */
const DEFAULTS: Way = {
	decide: (source, target) =>
		Number(source.definition['defaults']) >= Number(target.definition['defaults'])
			? { how: 'alter', statements: source.create, keepsRows: true }
			: { how: 'replace' },
};

const functionKind: Kind = {
	name: 'function',
	component: 'functions',
	stage: 'functions',
	names: ['routine'],
	read: readFunctions,
	ways: {
		kind: 'replace',
		language: IN_PLACE,
		returns: 'replace',
		signature: 'replace',
		arguments: IN_PLACE,
		defaults: DEFAULTS,
		body: IN_PLACE,
		sql_body: IN_PLACE,
		library: IN_PLACE,
		volatility: IN_PLACE,
		strict: IN_PLACE,
		security_definer: IN_PLACE,
		parallel: IN_PLACE,
		cost: IN_PLACE,
		rows: IN_PLACE,
		settings: IN_PLACE,
		transforms: IN_PLACE,
	},
	making: { standIn: ({ parts }) => parts?.['stand_in'] ?? undefined },
	rows: { shaped: true },
};

const readOption = (what: string, condition: string, on: string, off: string): string => `
select ${identity} as identity,
  ${identity} || ' (${what})' as object,
  '{}'::pg_catalog.text[] as addresses,
  'function:' || ${identity} as parent,
  pg_catalog.jsonb_build_object('value', ${on}) as definition,
  array['alter function ' || ${signature} || ' ' || ${on}] as create,
  ${off} as drop
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where ${userRoutine} and ${condition}
order by 1`;

/** A function marked LEAKPROOF: only a superuser may say so. */
const leakproofKind: Kind = {
	name: 'leakproof',
	mayExist: anyIn('pg_proc', 'x.proleakproof'),
	component: 'functions',
	stage: 'functions',
	read: readOption(
		'leakproof',
		'p.proleakproof',
		`'leakproof'`,
		`'alter function ' || ${signature} || ' not leakproof'`,
	),
	ways: { value: 'create' },
	attribute: { later: true },
	report: {
		refusal: {
			outcome: 'adapted',
			why: 'The function was made without LEAKPROOF, which only a superuser may set.',
			fix: 'Queries return the same rows; where a security barrier view must push the function down, ask the platform to mark it.',
		},
	},
};

/** A function with a planner support function: only a superuser may attach one. */
const supportFunctionKind: Kind = {
	name: 'support_function',
	mayExist: anyIn('pg_proc', 'x.prosupport <> 0'),
	component: 'functions',
	stage: 'functions',
	read: readOption(
		'support function',
		'p.prosupport <> 0',
		`'support ' || p.prosupport::pg_catalog.regproc::pg_catalog.text`,
		'null::pg_catalog.text',
	),
	ways: { value: 'create' },
	attribute: { later: true },
	report: {
		refusal: {
			outcome: 'adapted',
			why: 'The function was made without its planner support function, which only a superuser may set.',
			fix: 'Results are the same; plans of queries that call it may be slower.',
		},
	},
};

export const functionKinds: readonly Kind[] = [functionKind, leakproofKind, supportFunctionKind];
