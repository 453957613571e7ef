// Signing in to a project: login role, pooler, and what its sessions may do. The API here is a few lines that
// keep the password, since each request replaces it.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../local/supabase/ports.ts';
import { makeCertificates } from '../../local/supabase/certificates.ts';
import { type Pooler, startPooler } from '../../local/supabase/postgres/pooler.ts';
import type { ManagementApi } from '../../supabase/functions/_shared/platform/supabase/management-api.ts';
import {
	type OpenProjectOptions,
	openProject,
} from '../../supabase/functions/_shared/platform/supabase/project-database.ts';
import { openControl } from '../../supabase/functions/_shared/platform/control.ts';
import {
	loginsInMemory,
	storedLogins,
} from '../../supabase/functions/_shared/platform/supabase/logins.ts';
import { importTokenKeys } from '../../supabase/functions/_shared/platform/vault.ts';
import { atEnd } from '../helpers/at-end.ts';
import { type ClusterUrls, freshProject } from '../helpers/clusters.ts';
import { freshControl } from '../helpers/control.ts';
import { sql } from './data-fingerprints.ts';

const REF = 'abcdefghijklmnopqrst';
const role = `cli_login_${randomBytes(4).toString('hex')}`;
let project: ClusterUrls;
let pooler: Pooler;
const certificates = await makeCertificates();
let logins = 0;

beforeAll(async () => {
	project = await freshProject();
	const { port, username } = new URL(project.dbUrl);
	expect(username).toBe('postgres');
	pooler = await startPooler(
		await freePort(),
		() => [Number(port)],
		(ref) => (ref === REF ? Number(port) : undefined),
		certificates,
	);
	await sql(
		{ dbUrl: project.adminUrl },
		`create role ${role} login noinherit; grant postgres to ${role}`,
	);
});
afterAll(async () => {
	await pooler.close();
	await sql({ dbUrl: project.adminUrl }, `drop role ${role}`);
});
beforeEach(() => {
	logins = 0;
	pauses.length = 0;
	notKnownYet.length = 0;
});

/** What the pooler learns later than the API says it. */
const notKnownYet: (() => Promise<void>)[] = [];

/** `stale`: how many pauses long the pooler does not know a new password. */
function api(stale = 0): ManagementApi {
	const answers: Record<string, () => Promise<unknown>> = {
		'GET /config/database/pooler': () =>
			Promise.resolve([
				{
					database_type: 'READ_REPLICA',
					db_host: 'nowhere.invalid',
					db_port: 5432,
					db_name: 'postgres',
				},
				{
					database_type: 'PRIMARY',
					db_host: '127.0.0.1',
					db_port: pooler.port,
					db_name: new URL(project.dbUrl).pathname.slice(1),
				},
			]),
		'POST /cli/login-role': async () => {
			logins += 1;
			const password = randomBytes(8).toString('hex');
			const set = (text: string) =>
				sql({ dbUrl: project.adminUrl }, `alter role ${role} password '${text}'`);
			await set(stale === 0 ? password : 'the one before');
			notKnownYet.length = 0;
			if (stale > 0) {
				notKnownYet.push(
					...Array.from({ length: stale - 1 }, () => () => Promise.resolve()),
					async () => void (await set(password)),
				);
			}
			return { role, password, ttl_seconds: 300 };
		},
	};
	const answer = <T>(route: string): Promise<T> => {
		const made = answers[route];
		if (!made) throw new Error(`unexpected ${route}`);
		return made() as Promise<T>;
	};
	return {
		get: (path) => answer(`GET ${path}`),
		send: (method, path) => answer(`${method} ${path}`),
		fetch: (method, path) => answer(`${method} ${path}`),
	};
}

const pauses: number[] = [];
const options = (more: Partial<OpenProjectOptions> = {}): OpenProjectOptions => ({
	api: api(),
	ref: REF,
	role: 'target',
	tls: 'verify',
	databaseCa: certificates.ca,
	logins: loginsInMemory(),
	wait: async (milliseconds) => {
		pauses.push(milliseconds);
		await notKnownYet.shift()?.();
	},
	...more,
});

describe('a session of a project', () => {
	it('acts as postgres, without time limits and with fixed formats', async () => {
		const session = await openProject(options());
		expect(
			await session.query(`select current_user::text as "user", session_user::text as login, current_setting('statement_timeout') as timeout,
				current_setting('DateStyle') as dates, current_setting('TimeZone') as zone`),
		).toEqual([{ user: 'postgres', login: role, timeout: '0', dates: 'ISO, YMD', zone: 'UTC' }]);
		await session.query('create table public.writable (id int)');
		await session.close();
	});

	it('speaks TLS with a server that a trusted root vouches for, and with no other', async () => {
		const session = await openProject(options());
		const [row] = await session.query('select 1 as one');
		expect(row).toEqual({ one: 1 });
		await session.close();
		const { ca: another } = await makeCertificates();
		for (const databaseCa of [another, null]) {
			await expect(openProject(options({ databaseCa }))).rejects.toMatchObject({
				code: 'database_unreachable',
			});
		}
	});

	it('on a source cannot write', async () => {
		await sql(project, 'create table public.kept (id int)');
		const session = await openProject(options({ role: 'source' }));
		for (const text of [
			'create table public.forbidden (id int)',
			'insert into public.kept values (1)',
			'truncate public.kept',
			'begin; drop table public.kept; commit',
		]) {
			await expect(session.script(text)).rejects.toMatchObject({ details: { sqlstate: '25006' } });
			await session.query('rollback');
		}
		await session.close();
	});

	it('uses one login for several connections of a slice', async () => {
		const mine = options();
		const sessions = [await openProject(mine), await openProject(mine)];
		expect(logins).toBe(1);
		await Promise.all(sessions.map((session) => session.close()));
	});

	it('tries a new login again as it is, until the pooler knows it', async () => {
		const session = await openProject(options({ api: api(2) }));
		expect([logins, pauses.length]).toEqual([1, 2]);
		expect(pauses.every((pause) => pause >= 2000)).toBe(true);
		await session.close();
	});

	it('keeps a login that the pooler does not know for long, and tries it later', async () => {
		const mine = options({ api: api(4) });
		const error = await openProject(mine).catch((reason: unknown) => reason);
		expect([logins, pauses.length]).toEqual([1, 2]);
		expect(error).toMatchObject({
			code: 'database_unreachable',
			details: { sqlstate: '28P01', passing: true, retryAfter: 60 },
		});
		await Promise.all(notKnownYet.map((learn) => learn()));
		await (await openProject(mine)).close();
		expect(logins).toBe(1);
	});

	it('asks for a new login only after the known one was refused twice', async () => {
		const mine = options();
		await (await openProject(mine)).close();
		await sql({ dbUrl: project.adminUrl }, `alter role ${role} password 'of somebody else'`);
		await (await openProject(mine)).close();
		expect([logins, pauses.length]).toEqual([2, 1]);
	});

	it('takes a database password instead of a login role', async () => {
		const { password } = new URL(project.dbUrl);
		const session = await openProject(options({ databasePassword: decodeURIComponent(password) }));
		expect(logins).toBe(0);
		expect(await session.query('select session_user::text as login')).toEqual([
			{ login: 'postgres' },
		]);
		await session.close();
	});

	it('is not opened for a project that the pooler does not know', async () => {
		const error = await openProject(options({ ref: 'zzzzzzzzzzzzzzzzzzzz' })).catch(
			(reason: unknown) => reason,
		);
		expect(error).toMatchObject({
			code: 'database_refused',
			message: expect.stringContaining('Tenant') as string,
		});
	});
});

describe('the logins of many workers', () => {
	const keys = () => importTokenKeys('k', randomBytes(32).toString('base64'));
	/** As many workers, each with a connection of its own to the control database. */
	const workers = async (count: number) => {
		const control = await freshControl();
		const tokenKeys = await keys();
		const made = Array.from({ length: count }, () => {
			const calls = openControl({ controlDbUrl: control.dbUrl });
			atEnd(() => calls.close());
			return options({
				api: api(),
				logins: storedLogins({
					control: calls,
					tokenKeys,
					account_id: control.accountId,
					ref: control.sourceRef,
				}),
			});
		});
		return { control, made };
	};
	const openAll = async (made: readonly OpenProjectOptions[]) => {
		const sessions = await Promise.all(made.map(openProject));
		await Promise.all(sessions.map((session) => session.close()));
	};

	it('are one for its lifetime, and one more when it is over or was ended by somebody', async () => {
		const { control, made } = await workers(4);
		await openAll(made);
		await openAll(made);
		expect(logins).toBe(1);
		const [stored] = await control.sql`select key_id, ciphertext, expires_at - now() as left
			from private.database_logins`;
		expect(String(stored?.['ciphertext'])).not.toContain(role);
		await control.sql`update private.database_logins set expires_at = now()`;
		await openAll(made);
		expect(logins).toBe(2);
		await sql({ dbUrl: project.adminUrl }, `alter role ${role} password 'of somebody else'`);
		await openAll(made);
		expect(logins).toBe(3);
		expect(pauses.length).toBeLessThanOrEqual(made.length);
	});

	it('are not waited for when whoever asked for one has died', async () => {
		const { control, made } = await workers(1);
		await control.sql`insert into private.database_logins (account_id, ref, asking_until)
			values (${control.accountId}, ${control.sourceRef}, now() + interval '1 second')`;
		await openAll(made);
		expect(logins).toBe(1);
		const [row] = await control.sql`select asking_until from private.database_logins`;
		expect(row).toEqual({ asking_until: null });
	});
});
