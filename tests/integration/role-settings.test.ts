// What belongs to no schema: roles with their attributes, and settings of roles and of the database. On clusters of
// their own, because both are shared by all databases of a cluster.
import { beforeAll, expect, it } from 'vitest';
import { projectConfig } from '../../supabase/functions/_shared/components/project-config/index.ts';
import type { CloneOptions } from '../../supabase/functions/_shared/domain/clone.ts';
import { cloneInProcess, previewInProcess, verifyInProcess } from '../helpers/clone.ts';
import { cronPair, type Pair } from '../helpers/clusters.ts';
import { openPlatform, type Platform, SOURCE_REF, TARGET_REF } from '../helpers/management-api.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';
import { tablesOnly } from '../helpers/tables-only.ts';

let pair: Pair;
let platform: Platform;

const SECRET = 'zJ4vq0Lw8tR2nX7yB5cD1fG9hK3mP6sV';

const SOURCE = `
alter role authenticator set pgrst.db_schemas = 'public, api60';
alter role anon set statement_timeout = '4s';
alter role postgres set search_path = 'app60, public, extensions';
alter role service_role set search_path = "$user", "Odd ""Schema""", public;
alter role authenticated in database postgres set work_mem = '8MB';
alter database postgres set application_name = 'of ${SOURCE_REF}';
alter database postgres set timezone = 'Europe/Zurich';
create role "Weird ""Name"".with.dots" login password 'x' connection limit 3 valid until '2030-01-01';
comment on role "Weird ""Name"".with.dots" is 'it''s odd';
create role app_team nologin createdb noinherit;
create role app_editor nologin;
grant app_team to "Weird ""Name"".with.dots" with admin option;
grant app_editor to authenticator;
grant anon to app_editor;
grant app_editor to postgres;
alter role app_team set statement_timeout = '1min';
alter role app_editor set search_path = '';
create schema m70; create table m70.t (id int primary key); alter table m70.t enable row level security;
create policy ed on m70.t to app_editor using (true); grant usage on schema m70 to app_editor;
`;
const ADMIN = `
alter database postgres set app.thing = '${SECRET}';
alter database postgres set app.settings.jwt_secret = '${SECRET}';
alter database postgres set app.address = 'https://${SOURCE_REF}.supabase.co/rest';
alter role app_editor bypassrls;
alter role supabase_storage_admin set statement_timeout = '9s';
alter role all set work_mem = '7MB';
alter role anon set log_statement = 'none';
alter role anon set zero_damaged_pages = on;
alter role app_team set session_replication_role = 'replica';
`;

const SETTINGS = `select coalesce(r.rolname, '-') as role, s.setdatabase <> 0 as here, s.setconfig as config
from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole where r.rolname is distinct from 'supabase_admin' order by 1, 2`;
const ROLES = `select r.rolname, r.rolinherit, r.rolcreatedb, r.rolcreaterole, r.rolconnlimit, r.rolvaliduntil,
  shobj_description(r.oid, 'pg_authid') as comment,
  array(select g.rolname::text || m.admin_option from pg_auth_members m join pg_roles g on g.oid = m.roleid where m.member = r.oid
    and not (g.rolname ~ '^(pg_|supabase)') order by 1) as member_of
from pg_roles r where r.rolname in ('app_team', 'app_editor', 'Weird "Name".with.dots', 'authenticator', 'postgres') order by 1`;

const endpoints = () => ({ source: platform.end('source'), target: platform.end('target') });
const clone = (options: Partial<CloneOptions> = {}) =>
	cloneInProcess({ ...endpoints(), components: [tablesOnly, projectConfig], options });

beforeAll(async () => {
	pair = await cronPair();
	platform = await openPlatform({}, pair);
	await runOn(pair.source.dbUrl, SOURCE);
	await runOn(pair.source.adminUrl, ADMIN);
	await runOn(
		pair.target.dbUrl,
		`alter role anon set work_mem = '5MB'; alter database postgres set jit = off`,
	);
});

it('copies settings of roles and of the database, and names what it may not set', async () => {
	const preview = await previewInProcess(endpoints(), projectConfig);
	expect(JSON.stringify(preview)).not.toContain(SECRET);
	const foreseen = preview.warnings.map(({ object }) => object);
	expect(foreseen).toContain('setting zero_damaged_pages of role anon');
	expect(foreseen).toContain('setting app.settings.jwt_secret of the database');

	const first = await clone();
	expect(JSON.stringify([...first.items])).not.toContain(SECRET);
	expect(first.outcome('failed')).toEqual([]);
	expect(first.outcome('skipped')).toEqual([
		'project_config setting app.address of the database',
		'project_config setting app.settings.jwt_secret of the database',
		'project_config setting app.thing of the database',
		'project_config setting session_replication_role of role app_team',
		'project_config setting statement_timeout of role supabase_storage_admin',
		'project_config setting work_mem of all roles',
		'project_config setting zero_damaged_pages of role anon',
	]);
	expect(first.outcome('adapted')).toEqual([
		'project_config role "Weird ""Name"".with.dots"',
		'project_config setting application_name of the database',
		'tables role app_editor (bypassrls)',
	]);
	for (const [name, item] of first.items)
		if (item.outcome === 'skipped') expect(item.fix, name).toBeTruthy();

	const [source, target] = await Promise.all(
		[pair.source, pair.target].map(({ adminUrl }) => rowsOf(adminUrl, SETTINGS)),
	);
	const without = (rows: readonly Record<string, unknown>[] = [], pattern: RegExp): string[] =>
		rows.flatMap(({ role, here, config }) =>
			(Array.isArray(config) ? config : [])
				.map((text) => `${String(role)} ${String(here)} ${String(text)}`)
				.filter((text) => !pattern.test(text)),
		);
	const left = /jwt_secret|app\.|replication_role|supabase_storage|^- false|zero_damaged/;
	expect(without(target, /5MB|jit=off/).sort()).toEqual(
		without(source, left)
			.map((text) => text.replace(SOURCE_REF, TARGET_REF))
			.concat(without(target, /^(?!supabase_storage)/))
			.sort(),
	);
	expect(await rowsOf(pair.target.adminUrl, ROLES)).toEqual(
		await rowsOf(pair.source.adminUrl, ROLES),
	);
});

it('changes nothing the second time, and verification tells what was left', async () => {
	const version = `select max(xmin::text::bigint), count(*) from (
		select xmin from pg_db_role_setting union all select xmin from pg_authid union all select xmin from pg_auth_members) x`;
	const before = await rowsOf(pair.target.adminUrl, version);
	const second = await clone();
	expect(second.outcome('copied')).toEqual([]);
	expect(await rowsOf(pair.target.adminUrl, version)).toEqual(before);
	expect(second.items.get('project_config role "Weird ""Name"".with.dots"')).toMatchObject({
		outcome: 'adapted',
		fix: expect.stringContaining('login password'),
	});
	const findings = await verifyInProcess(endpoints(), projectConfig, 'counts');
	expect(JSON.stringify(findings)).not.toContain(SECRET);
	expect(findings.filter(({ severity }) => severity === 'failed')).toEqual([]);
	expect(findings.map(({ object }) => object)).toContain('setting zero_damaged_pages of role anon');

	await runOn(pair.target.dbUrl, `alter role anon set statement_timeout = '11s'`);
	const [differs] = (await verifyInProcess(endpoints(), projectConfig, 'counts')).filter(
		({ severity }) => severity === 'failed',
	);
	expect(differs?.object).toBe('setting statement_timeout of role anon');
});

it('takes away what only the target has only when asked', async () => {
	const names = async () =>
		JSON.stringify(await rowsOf(pair.target.adminUrl, SETTINGS)).match(/work_mem=5MB|jit=off/g);
	expect(await names()).toHaveLength(2);
	await clone({ remove_extra: true });
	expect(await names()).toBeNull();
});
