// Recognisable secrets in every place of a project where one can be, and what takes them away again.
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import type { StackFile } from '../../local/demo/stack-file.ts';

type Project = StackFile['projects'][number];

/** Who may show a secret to its owner, besides the project that it is of. */
export type Holder = 'plan' | 'backup';

export interface Mark {
	readonly place: string;
	readonly value: string;
	/**
	 * A plan shows the definitions that it would run, but for the parts that are known to hold secrets. A backup has all that
	 * a restore needs.
	 */
	readonly mayBeIn: readonly Holder[];
}

const mark = (place: string, mayBeIn: readonly Holder[] = []): Mark => ({
	place,
	mayBeIn,
	value: `planted${randomBytes(8).toString('hex')}`,
});

/** Of what is new in each run, so that nothing of an earlier one is found. */
export const MARKS = {
	functionBody: mark('body of a function', ['plan', 'backup']),
	tableDefault: mark('default of a column', ['plan', 'backup']),
	raised: mark('message that a function raises', ['plan', 'backup']),
	row: mark('row', ['backup']),
	failingRow: mark('row that the target refuses', ['backup']),
	cronBearer: mark('bearer token in a cron command', ['backup']),
	cronHeader: mark('header in a cron command', ['backup']),
	cronQuery: mark('query of an address in a cron command', ['backup']),
	hookBearer: mark('bearer token of a webhook', ['backup']),
	hookHeader: mark('header of a webhook', ['backup']),
	hookOddHeader: mark('header of a webhook whose name says nothing', ['backup']),
	hookPath: mark('path of the address of a webhook', ['backup']),
	hookQuery: mark('query of the address of a webhook', ['backup']),
	edgeFunction: mark('file of an edge function', ['backup']),
	serverOption: mark('options of a foreign server'),
	mappingPassword: mark('password of a user mapping'),
	roleSetting: mark('alter role … set'),
	smtpPassword: mark('password of the mail server'),
	providerSecret: mark('secret of a sign-in provider'),
	functionSecret: mark('secret of edge functions'),
	vaultSecret: mark('secret in Vault'),
} as const;

const SQL = `
create schema planted;
create function planted.charge() returns text language plpgsql as $$ begin return 'pay with ${MARKS.functionBody.value}'; end $$;
create table planted.customers (id int primary key, note text default 'ask ${MARKS.tableDefault.value}');
insert into planted.customers values (1, '${MARKS.row.value}');
create table planted.refused (id int primary key, note text);
insert into planted.refused values (1, '${MARKS.failingRow.value}');
create trigger "call home" after insert on planted.customers for each row execute function supabase_functions.http_request(
	'https://hooks.example/services/${MARKS.hookPath.value}?key=${MARKS.hookQuery.value}', 'POST',
	'{"Content-type":"application/json","Authorization":"Bearer ${MARKS.hookBearer.value}","x-api-key":"${MARKS.hookHeader.value}","x-shop":"${MARKS.hookOddHeader.value}"}',
	'{}', '1000');
select cron.schedule('planted', '0 3 * * *', $$select net.http_post('https://jobs.example/run?key=${MARKS.cronQuery.value}',
	headers := '{"x-api-key": "${MARKS.cronHeader.value}", "Authorization": "Bearer ${MARKS.cronBearer.value}"}')$$);
create extension if not exists postgres_fdw with schema extensions;
create server planted_server foreign data wrapper postgres_fdw options (host 'far.example', options '-c far.password=${MARKS.serverOption.value}');
create user mapping for postgres server planted_server options (user 'me', password '${MARKS.mappingPassword.value}');
create foreign table planted.far (id int) server planted_server options (table_name 'near');
alter role authenticator set pgrst.jwt_secret = '${MARKS.roleSetting.value}';
select vault.create_secret('${MARKS.vaultSecret.value}', 'planted');
`;

/** Fails on every project but this one, and says a secret. */
const failing = (port: string): string => `
create function planted.is_at_home() returns boolean language plpgsql as $$ begin
	if current_setting('port') <> '${port}' then raise exception 'the key is ${MARKS.raised.value}'; end if;
	return true;
end $$;
create materialized view planted.at_home as select planted.is_at_home() as home;
alter table planted.refused add check (planted.is_at_home() and note is not null);
`;

const GONE = `
drop schema if exists planted cascade;
drop server if exists planted_server cascade;
drop extension if exists postgres_fdw;
do $$ begin
	if to_regclass('cron.job') is not null then perform cron.unschedule(jobid) from cron.job where jobname = 'planted'; end if;
end $$;
alter role authenticator reset pgrst.jwt_secret;
delete from vault.secrets where name = 'planted';
`;

async function run(project: Project, text: string): Promise<void> {
	const sql = postgres(project.db_url, { max: 1, onnotice: () => undefined });
	try {
		await sql.unsafe(text);
	} finally {
		await sql.end();
	}
}

/** Plants all of them in a project; `api` calls its Management API. */
export async function plantSecrets(
	project: Project,
	api: (method: string, path: string, body: object) => Promise<unknown>,
): Promise<void> {
	await run(project, SQL + failing(new URL(project.db_url).port));
	await api('PATCH', '/config/auth', {
		smtp_host: 'mail.example',
		smtp_port: '587',
		smtp_user: 'planted',
		smtp_admin_email: 'planted@mail.example',
		smtp_pass: MARKS.smtpPassword.value,
		external_github_enabled: true,
		external_github_client_id: 'planted',
		external_github_secret: MARKS.providerSecret.value,
	});
	await api('POST', '/secrets', [{ name: 'PLANTED_KEY', value: MARKS.functionSecret.value }]);
	const form = new FormData();
	form.append(
		'metadata',
		JSON.stringify({ name: 'planted', entrypoint_path: 'index.ts', verify_jwt: true }),
	);
	form.append('file', new Blob([`// ${MARKS.edgeFunction.value}`]), 'index.ts');
	await api('POST', '/functions/deploy?slug=planted', form);
}

/** Leaves nothing of them, in a project that had them or was cloned from one that had. */
export async function removeSecrets(
	project: Project,
	api: (method: string, path: string, body?: object) => Promise<unknown>,
): Promise<void> {
	await run(project, GONE);
	await api('PATCH', '/config/auth', {
		smtp_host: null,
		smtp_port: null,
		smtp_user: null,
		smtp_admin_email: null,
		smtp_pass: null,
		external_github_enabled: false,
		external_github_client_id: '',
		external_github_secret: '',
	});
	await api('DELETE', '/secrets', ['PLANTED_KEY']);
	await api('DELETE', '/functions/planted').catch(() => undefined);
}
