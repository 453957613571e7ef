// Foreign data: wrappers, servers, user mappings and foreign tables. Options that carry secrets are neither read nor
// compared, on either endpoint: what somebody set on the target stays.
import { literal } from '../../platform/postgres/index.ts';
import type { Change, Fact, Kind, ReportRules, Way } from '../fact.ts';
import { address } from '../address.ts';
import { notOfExtension } from '../../platform/supabase/managed-schemas.ts';
import { optionActions } from './column.ts';
import {
	COLUMN_SETTINGS,
	COLUMN_TEXT,
	foldable,
	foreignOptionObject,
	foreignOptions,
	RELATION,
	SECRET_OPTION,
	userTable,
} from './table-sql.ts';
import { anyIn } from './text.ts';

/** SQL: the options that its statement leaves out, for the report: their names, and the actions that add them. */
const withheld = (options: string): string =>
	`(select pg_catalog.jsonb_build_object('withheld', pg_catalog.string_agg(o.option_name, ', ' order by o.option_name),
      'to_add', pg_catalog.string_agg(pg_catalog.format('add %I ''…''', o.option_name), ', ' order by o.option_name))
    from pg_catalog.pg_options_to_table(${options}) o where ${SECRET_OPTION})`;

/** What to say of something made without the options that carry secrets. */
const withoutSecrets =
	(words: string): NonNullable<ReportRules['remark']> =>
	({ parts, identity }) => {
		const { withheld: names = null, to_add: actions = null } = parts ?? {};
		if (names === null || actions === null) return undefined;
		return {
			detail: `created without the options that may be secret: ${names}`,
			fix: `Set them on the target: alter ${words} ${identity} options (${actions}). Later clones leave them alone.`,
		};
	};

const options = (head: (source: Fact) => string): Way => ({
	alter: (source, target) => {
		const actions = optionActions(source.definition['options'], target.definition['options']);
		return actions === '' ? [] : [`${head(source)} options (${actions})`];
	},
});

/** A function of a wrapper, named `word`. */
const wrapperFunction = (word: string): Way => ({
	alter: ({ identity, definition }) => {
		const name = definition[word];
		const action = name === null ? `no ${word}` : `${word} ${String(name)}`;
		return [`alter foreign data wrapper ${identity} ${action}`];
	},
});

const wrapperKind: Kind = {
	name: 'foreign_data_wrapper',
	mayExist: anyIn('pg_foreign_data_wrapper'),
	component: 'tables',
	stage: 'structure',
	read: `
select pg_catalog.format('%I', w.fdwname) as identity,
  pg_catalog.format('foreign data wrapper %I', w.fdwname) as object,
  array[${address('pg_foreign_data_wrapper', 'w.oid')}] as addresses,
  pg_catalog.jsonb_build_object('handler', nullif(w.fdwhandler, 0)::pg_catalog.regproc,
    'validator', nullif(w.fdwvalidator, 0)::pg_catalog.regproc,
    'options', ${foreignOptionObject('w.fdwoptions')}) as definition,
  array[pg_catalog.format('create foreign data wrapper %I', w.fdwname)
    || coalesce(' handler ' || nullif(w.fdwhandler, 0)::pg_catalog.regproc, '')
    || coalesce(' validator ' || nullif(w.fdwvalidator, 0)::pg_catalog.regproc, '')
    || ${foreignOptions('w.fdwoptions')}] as create,
  pg_catalog.format('drop foreign data wrapper %I', w.fdwname) as drop, ${withheld('w.fdwoptions')} as parts
from pg_catalog.pg_foreign_data_wrapper w where ${notOfExtension('pg_foreign_data_wrapper', 'w.oid')}`,
	ways: {
		handler: wrapperFunction('handler'),
		validator: wrapperFunction('validator'),
		options: options(({ identity }) => `alter foreign data wrapper ${identity}`),
	},
	report: {
		remark: withoutSecrets('foreign data wrapper'),
		refusal: {
			outcome: 'skipped',
			why: 'only a superuser may create or change foreign data wrappers',
			fix: 'Enable the extension that brings it on the target, or ask the platform to do it there.',
		},
	},
};

function changeVersion({ identity, definition: { version } }: Fact): Change {
	if (version !== null)
		return {
			how: 'alter',
			statements: [`alter server ${identity} version ${literal(String(version))}`],
		};
	return {
		how: 'leave',
		outcome: 'skipped',
		why: 'the server has a version on the target, which Postgres cannot take away',
		fix: 'Nothing to do, unless its wrapper reads it: then drop the server on the target and clone again.',
	};
}

const serverKind: Kind = {
	name: 'foreign_server',
	mayExist: anyIn('pg_foreign_server'),
	component: 'tables',
	stage: 'structure',
	read: `
select pg_catalog.format('%I', s.srvname) as identity, pg_catalog.format('foreign server %I', s.srvname) as object,
  array[${address('pg_foreign_server', 's.oid')}] as addresses,
  pg_catalog.jsonb_build_object('wrapper', w.fdwname, 'type', s.srvtype, 'version', s.srvversion,
    'options', ${foreignOptionObject('s.srvoptions')}) as definition,
  array[pg_catalog.format('create server %I%s%s foreign data wrapper %I%s', s.srvname,
    coalesce(' type ' || pg_catalog.quote_literal(s.srvtype), ''),
    coalesce(' version ' || pg_catalog.quote_literal(s.srvversion), ''), w.fdwname,
    ${foreignOptions('s.srvoptions')})] as create,
  pg_catalog.format('drop server %I', s.srvname) as drop, ${withheld('s.srvoptions')} as parts
from pg_catalog.pg_foreign_server s join pg_catalog.pg_foreign_data_wrapper w on w.oid = s.srvfdw
where ${notOfExtension('pg_foreign_server', 's.oid')}`,
	ways: {
		wrapper: 'replace',
		type: 'replace',
		version: { decide: changeVersion },
		options: options(({ identity }) => `alter server ${identity}`),
	},
	report: { remark: withoutSecrets('server') },
};

const mappingKind: Kind = {
	name: 'user_mapping',
	mayExist: anyIn('pg_foreign_server'),
	component: 'tables',
	stage: 'structure',
	read: `
select pg_catalog.format('%s on %I', m.name, m.srvname) as identity,
  pg_catalog.format('user mapping of %s on %I', m.name, m.srvname) as object,
  array[${address('pg_user_mapping', 'm.umid')}] as addresses,
  pg_catalog.format('foreign_server:%I', m.srvname) as parent,
  pg_catalog.jsonb_build_object('mapping', pg_catalog.format('%s server %I', m.name, m.srvname),
    'options', m.options) as definition,
  array[pg_catalog.format('create user mapping for %s server %I%s', m.name, m.srvname,
    coalesce(' options (' || m.text || ')', ''))] as create,
  pg_catalog.format('drop user mapping for %s server %I', m.name, m.srvname) as drop
from (
  select u.umid, u.srvname, case when u.umuser = 0 then 'public' else pg_catalog.quote_ident(u.usename) end as name,
    (select pg_catalog.jsonb_object_agg(o.option_name, o.option_value)
      from pg_catalog.pg_options_to_table(u.umoptions) o where not ${SECRET_OPTION}) as options,
    (select pg_catalog.string_agg(pg_catalog.format('%I %L', o.option_name, o.option_value), ', '
      order by o.option_name) from pg_catalog.pg_options_to_table(u.umoptions) o where not ${SECRET_OPTION}) as text
  from pg_catalog.pg_user_mappings u
) m`,
	ways: {
		mapping: 'never',
		options: options(({ definition }) => `alter user mapping for ${String(definition['mapping'])}`),
	},
	report: {
		remark: (fact) => ({
			detail: 'created without its password',
			fix: `Set it on the target: alter user mapping for ${String(fact.definition['mapping'])} options (add password '…').`,
		}),
	},
};

const BODY = `(select pg_catalog.string_agg(pg_catalog.format('%I %s%s', a.attname, ${COLUMN_TEXT},
    case when a.attnotnull then ' not null' else '' end), ', ' order by a.attnum)
    || coalesce((select pg_catalog.string_agg(pg_catalog.format(', constraint %I ', k.conname)
      || pg_catalog.pg_get_constraintdef(k.oid), '' order by k.conname) from pg_catalog.pg_constraint k
      where k.conrelid = c.oid and k.contype = 'c' and k.convalidated and (c.relispartition or k.conislocal)
        and ${foldable('pg_constraint', 'k.oid')}), '')
  from pg_catalog.pg_attribute a join pg_catalog.pg_type y on y.oid = a.atttypid
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)`;

/** Those of the table and of its columns. */
const ALL_OPTIONS = `f.ftoptions
    || array(select x.setting from pg_catalog.pg_attribute a cross join pg_catalog.unnest(a.attfdwoptions) x (setting)
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)`;

const tableKind: Kind = {
	name: 'foreign_table',
	mayExist: anyIn('pg_foreign_table', undefined, 'ftrelid'),
	component: 'tables',
	stage: 'structure',
	names: ['relation', 'type'],
	read: `
select ${RELATION} as identity, ${RELATION} as object,
  array[${address('pg_class', 'c.oid')}, ${address('pg_type', 'c.reltype')}] as addresses,
  pg_catalog.format('schema:%I', n.nspname) as parent,
  pg_catalog.jsonb_build_object('server', s.srvname, 'options', ${foreignOptionObject('f.ftoptions')}) as definition,
  array[pg_catalog.format('create foreign table %s (%s) server %I%s', ${RELATION}, coalesce(${BODY}, ''), s.srvname,
    ${foreignOptions('f.ftoptions')})]
    || coalesce((select pg_catalog.array_agg(x.statement order by a.attnum, x.place) from pg_catalog.pg_attribute a
      join pg_catalog.pg_type y on y.oid = a.atttypid
      cross join lateral pg_catalog.unnest(${COLUMN_SETTINGS}) with ordinality x (statement, place)
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '{}') as create,
  pg_catalog.format('drop foreign table %s', ${RELATION}) as drop, ${withheld(ALL_OPTIONS)} as parts
from pg_catalog.pg_foreign_table f join pg_catalog.pg_class c on c.oid = f.ftrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_foreign_server s on s.oid = f.ftserver
where ${userTable(`'f'`)}`,
	ways: {
		server: 'replace',
		options: options(({ identity }) => `alter foreign table ${identity}`),
	},
	report: { remark: withoutSecrets('foreign table') },
};

export const foreignKinds: readonly Kind[] = [wrapperKind, serverKind, mappingKind, tableKind];
