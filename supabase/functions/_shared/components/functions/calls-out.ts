// Functions and triggers that call out over HTTP. Addresses in them are copied as they are, so a person must know: a copy
// calls the same place.
import { CLOSED_RELATIONS } from '../../platform/locks.ts';
import { hostsIn, readReferences, referencesIn } from '../../platform/supabase/references.ts';
import { notOfExtension, ofUser, routineOfUser } from '../../platform/supabase/managed-schemas.ts';
import type { Item } from '../../contract/report.ts';
import type { ReadContext } from '../../contract/context.ts';
import type { Stage } from '../../contract/component.ts';

/** `net.http_post(…)` of pg_net, `http_get(…)` and `http((…))` of the http extension, `dblink(…)`. */
const CALL = String.raw`\m(http_(get|post|put|patch|delete|head)|dblink(_connect|_exec)?)\s*\(|\mhttp\s*\(\s*\(`;

// Printing a body opens the relations in it. One that is locked then is reported with its function.
const BODY = `pg_catalog.concat(p.prosrc, ' ', case when not exists (
    select from pg_catalog.pg_depend d join ${CLOSED_RELATIONS} l on l.relation = d.refobjid
    where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid
      and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass)
  then pg_catalog.pg_get_function_sqlbody(p.oid) end)`;
const FUNCTION = `pg_catalog.format('%I.%I(%s)', f.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes))`;

const CALLERS = `
with caller as materialized (
  select p.oid, ${FUNCTION} as name, ${BODY} as body
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace f on f.oid = p.pronamespace
  where p.prokind in ('f', 'p', 'w') and ${routineOfUser('p', 'f')} and ${notOfExtension('pg_proc', 'p.oid')}
    and ${BODY} ~* '${CALL}'
)
select 'functions' as component, name as object, null as through, body from caller
union all
select 'triggers', pg_catalog.format('%I on %I.%I', t.tgname, n.nspname, c.relname), r.name, r.body
from caller r join pg_catalog.pg_trigger t on t.tgfoid = r.oid and not t.tgisinternal and t.tgparentid = 0
join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where ${ofUser('c.relowner')} or ${notOfExtension('pg_trigger', 't.oid')}
order by 1, 2`;

/** One item per function and trigger. Never a body, nor what may be a key in it. */
export async function readCallers({ source }: Pick<ReadContext, 'source'>): Promise<Item[]> {
	const session = await source.database();
	const rows = (
		await session.script(`begin read only; set local search_path = ''; ${CALLERS}; commit`)
	).flat();
	if (rows.length === 0) return [];
	const references = await readReferences(source);
	return rows.map((row): Item => {
		const [body, through] = [String(row['body']), row['through']];
		const hosts = hostsIn(body);
		const mentioned = referencesIn(body, references);
		return {
			component: row['component'] === 'triggers' ? 'triggers' : 'functions',
			object: `calls of ${String(row['object'])}`,
			outcome: 'skipped',
			detail: `it calls out${hosts.length > 0 ? ` to ${hosts.join(', ')}` : ''}${
				typeof through === 'string' ? ` through ${through}` : ''
			}, on the target as well${
				mentioned.length > 0 ? `, and mentions the source (${mentioned.join(', ')})` : ''
			}; addresses in bodies are not rewritten`,
			fix: 'Check whether a copy may call that address, and with which key; correct the function on the target if not.',
		};
	});
}

export const callsStage: Stage = {
	name: 'calls',
	needs: [],
	provides: [],
	async run(context) {
		context.report(...(await readCallers(context)));
		return { state: 'done' };
	},
};
