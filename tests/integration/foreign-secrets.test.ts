// Secrets in options of foreign data: none travels or is shown, what is missing is named, and what somebody set on the
// target stays there.
import { expect, it } from 'vitest';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';
import { tablesOnly } from '../helpers/tables-only.ts';

const WRAPPER = `create foreign data wrapper any_options; grant usage on foreign data wrapper any_options to postgres`;
const SOURCE = `
create server "Shop.Server" foreign data wrapper any_options options (host 'example.org', api_key 'hidden-1', "pass*/code" 'hidden-2',
  uri 'https://me:hidden-3@example.org', conn 'host=h password=hidden-4', dbname 'd', keep_alive 'on');
create server plain foreign data wrapper any_options options (host 'example.org');
create user mapping for postgres server "Shop.Server" options (login 'me', password 'hidden-5', private_key 'hidden-6');
create user mapping for public server "Shop.Server" options (login 'all', secret_token 'hidden-7');
create foreign table public.far (id int options (key 'true', token 'hidden-8'), name text options (column_name 'n'))
  server "Shop.Server" options (object 'things', authorization 'Bearer hidden-9', primary_key 'id')`;

const OPTIONS = `
select 'server' as what, srvname as name, srvoptions::text as options from pg_foreign_server
union all select 'mapping', usename, umoptions::text from pg_user_mappings
union all select 'table', ftrelid::regclass::text, ftoptions::text from pg_foreign_table
union all select 'column', attname, attfdwoptions::text from pg_attribute where attfdwoptions is not null order by 1, 2`;

it('are left out and named, and those of the target stay', async () => {
	const pair = await freshPair();
	for (const role of ['source', 'target'] as const) await runOn(pair[role].adminUrl, WRAPPER);
	await runOn(pair.source.dbUrl, SOURCE);
	const clone = { ...pair, components: [tablesOnly] };
	const first = await cloneInProcess(clone);
	expect(first.outcome('failed')).toEqual([]);
	expect(JSON.stringify([...first.items])).not.toContain('hidden');
	expect(await rowsOf(pair.target.adminUrl, OPTIONS)).toEqual([
		{ what: 'column', name: 'id', options: '{key=true}' },
		{ what: 'column', name: 'name', options: '{column_name=n}' },
		{ what: 'mapping', name: 'postgres', options: '{login=me}' },
		{ what: 'mapping', name: 'public', options: '{login=all}' },
		{ what: 'server', name: 'Shop.Server', options: '{dbname=d,host=example.org,keep_alive=on}' },
		{ what: 'server', name: 'plain', options: '{host=example.org}' },
		{ what: 'table', name: 'far', options: '{object=things,primary_key=id}' },
	]);
	expect(first.items.get('tables foreign server "Shop.Server"')).toMatchObject({
		outcome: 'adapted',
		detail: 'Created without the options that may be secret: api_key, conn, pass*/code, uri',
	});
	expect(first.items.get('tables foreign server plain')?.outcome).toBe('copied');
	expect(first.items.get('tables public.far')).toMatchObject({
		outcome: 'adapted',
		detail: 'Created without the options that may be secret: authorization, token',
	});

	await runOn(
		pair.target.dbUrl,
		`alter server "Shop.Server" options (add api_key 'mine'); alter user mapping for public server "Shop.Server" options (add secret_token 'mine');
		alter foreign table public.far options (add authorization 'mine')`,
	);
	await runOn(pair.source.dbUrl, `alter server "Shop.Server" options (set host 'example.com')`);
	const second = await cloneInProcess(clone);
	expect(second.outcome('copied')).toEqual(['tables foreign server "Shop.Server"']);
	expect((await cloneInProcess(clone)).outcome('copied')).toEqual([]);
	const kept = JSON.stringify(await rowsOf(pair.target.adminUrl, OPTIONS));
	expect(kept.match(/mine/g)).toHaveLength(3);
	expect(kept).toContain('example.com');
	expect(await verifyInProcess(pair, tables, 'checksums')).toEqual([]);
});
