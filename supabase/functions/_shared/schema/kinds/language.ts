// Languages that no extension brought. Only a superuser may make one: tried, and the refusal explained.
import type { Kind } from '../fact.ts';
import { address } from '../address.ts';
import { notOfExtension } from '../../platform/supabase/managed-schemas.ts';
import { anyIn } from './text.ts';

const callHandler = (word: string, oid: string): string =>
	`case when ${oid} <> 0 then ' ${word} ' || ${oid}::pg_catalog.regproc::pg_catalog.text else '' end`;

const readLanguages = `
select pg_catalog.quote_ident(l.lanname) as identity, 'language ' || l.lanname as object,
  array[${address('pg_language', 'l.oid')}] as addresses,
  null::pg_catalog.text as parent,
  pg_catalog.jsonb_build_object('trusted', l.lanpltrusted,
    'handler', l.lanplcallfoid::pg_catalog.regproc::pg_catalog.text,
    'inline', l.laninline::pg_catalog.regproc::pg_catalog.text,
    'validator', l.lanvalidator::pg_catalog.regproc::pg_catalog.text) as definition,
  array[pg_catalog.format('create or replace %slanguage %I',
    case when l.lanpltrusted then 'trusted ' else '' end, l.lanname)
    || ${callHandler('handler', 'l.lanplcallfoid')} || ${callHandler('inline', 'l.laninline')}
    || ${callHandler('validator', 'l.lanvalidator')}] as create,
  'drop language ' || pg_catalog.quote_ident(l.lanname) as drop
from pg_catalog.pg_language l
where l.lanispl and ${notOfExtension('pg_language', 'l.oid')}
order by 1`;

export const languageKind: Kind = {
	name: 'language',
	mayExist: anyIn('pg_language'),
	component: 'functions',
	stage: 'functions',
	read: readLanguages,
	ways: { trusted: 'create', handler: 'create', inline: 'create', validator: 'create' },
	report: {
		refusal: {
			outcome: 'skipped',
			why: 'Only a superuser may make a language outside an extension.',
			fix: 'Install the extension of the language on the target, then clone again.',
		},
	},
};
