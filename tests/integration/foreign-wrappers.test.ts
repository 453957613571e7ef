// Functions of foreign data wrappers follow the source: given, exchanged and taken away, with servers and tables on top
// staying as they are. Only a superuser may do it; for anybody else it is reported.
import { expect, it } from 'vitest';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const components = [tables, functions];

const WRAPPERS = `
create extension if not exists postgres_fdw with schema extensions;
create function public."Che ck"(text[], oid) returns void language plpgsql as 'begin return; end';
create foreign data wrapper "Own ""one""" handler extensions.postgres_fdw_handler validator public."Che ck";
create foreign data wrapper bare;
create foreign data wrapper whole handler extensions.postgres_fdw_handler validator extensions.postgres_fdw_validator;
create server far foreign data wrapper "Own ""one""" options (anything 'goes');
create foreign table public.things (id int) server far;`;

const CHANGED = `
alter foreign data wrapper "Own ""one""" no handler;
alter foreign data wrapper bare handler extensions.postgres_fdw_handler validator public."Che ck";
alter foreign data wrapper whole no validator;`;

const READ = `
select fdwname::text as name, fdwhandler::regproc::text as handler, fdwvalidator::regproc::text as validator
from pg_foreign_data_wrapper where fdwname <> 'postgres_fdw' order by 1`;
const TABLE = `select c.oid, s.srvname from pg_foreign_table t join pg_class c on c.oid = t.ftrelid join pg_foreign_server s on s.oid = t.ftserver`;

it('are given, exchanged and taken away', async () => {
	const { source, target } = await freshPair();
	const asSuperuser = { source, target: { dbUrl: target.adminUrl } };
	await runOn(source.adminUrl, WRAPPERS);
	const first = await cloneInProcess({ ...asSuperuser, components });
	expect(first.outcome('failed')).toEqual([]);
	expect(await rowsOf(target.adminUrl, READ)).toEqual(await rowsOf(source.adminUrl, READ));
	const table = await rowsOf(target.adminUrl, TABLE);
	expect(table).toHaveLength(1);

	await runOn(source.adminUrl, CHANGED);
	const second = await cloneInProcess({ ...asSuperuser, components });
	expect(second.outcome('failed')).toEqual([]);
	expect(await rowsOf(target.adminUrl, READ)).toEqual(await rowsOf(source.adminUrl, READ));
	expect(await rowsOf(target.adminUrl, TABLE)).toEqual(table);
	const again = await cloneInProcess({ ...asSuperuser, components });
	expect(again.outcome('copied')).toEqual([]);
	const findings = await verifyInProcess(asSuperuser, tables, 'structure');
	expect(findings.filter(({ severity }) => severity === 'failed')).toEqual([]);
});

it('are reported where the target does not let them be changed', async () => {
	const { source, target } = await freshPair();
	for (const { adminUrl } of [source, target]) await runOn(adminUrl, WRAPPERS);
	await runOn(source.adminUrl, `${CHANGED} create foreign data wrapper new_one`);
	const result = await cloneInProcess({ source, target, components });
	for (const name of ['"Own ""one"""', 'bare', 'whole', 'new_one'])
		expect(result.items.get(`tables foreign data wrapper ${name}`), name).toMatchObject({
			outcome: 'skipped',
			detail: 'Only a superuser may create or change foreign data wrappers',
		});
	const before = await rowsOf(target.adminUrl, READ);
	expect(before.map(({ name }) => name)).toEqual(['Own "one"', 'bare', 'whole']);
});
