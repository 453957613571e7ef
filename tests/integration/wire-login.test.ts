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
import { type ClusterUrls, freshProject } from '../helpers/clusters.ts';
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
});

/** `wrong`: how many of the passwords it gives out first do not work. */
function api(wrong = 0): ManagementApi {
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
			await sql({ dbUrl: project.adminUrl }, `alter role ${role} password '${password}'`);
			return { role, password: logins <= wrong ? 'outdated' : password, ttl_seconds: 300 };
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
	wait: (milliseconds) => {
		pauses.push(milliseconds);
		return Promise.resolve();
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

	it('asks for a new login when somebody replaced the password, and pauses before', async () => {
		pauses.length = 0;
		const session = await openProject(options({ api: api(2) }));
		expect([logins, pauses.length]).toEqual([3, 2]);
		expect(Math.min(...pauses)).toBeGreaterThanOrEqual(2000);
		await session.close();
	});

	it('gives up after three attempts: more would lock the project out of the pooler', async () => {
		const error = await openProject(options({ api: api(99) })).catch((reason: unknown) => reason);
		expect(logins).toBe(3);
		expect(error).toMatchObject({ code: 'database_refused', details: { sqlstate: '28P01' } });
		expect(String(error)).not.toContain('outdated');
	});

	it('signs in under the lock of its project', async () => {
		const held: string[] = [];
		const session = await openProject(
			options({
				lock: async (name, run) => {
					held.push(`lock ${name}`);
					const result = await run();
					held.push(`after ${logins}`);
					return result;
				},
			}),
		);
		expect(held).toEqual([`lock login:${REF}`, 'after 1']);
		await session.close();
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
