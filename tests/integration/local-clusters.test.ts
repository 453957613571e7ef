// Clusters of the local stack: stopped and started again, left behind by a kill, and reached through the pooler.
import * as http from 'node:http';
import * as path from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
	openCluster,
	type Cluster,
	type ClusterOptions,
} from '../../local/supabase/postgres/clusters.ts';
import { startPgNet } from '../../local/supabase/pg-net.ts';
import { makeCertificates } from '../../local/supabase/certificates.ts';
import { startPooler } from '../../local/supabase/postgres/pooler.ts';
import { freePort } from '../../local/supabase/ports.ts';
import { commandLine, postmasterState } from '../../local/supabase/postgres/postmaster.ts';
import { databasesDir } from '../../local/state-dir.ts';
import { openTestRun, type TestRun } from '../../local/supabase/test-runs.ts';
import { rowsOf } from '../helpers/run-sql.ts';

let run: TestRun;
let options: ClusterOptions;
let cluster: Cluster;

beforeAll(async () => {
	run = await openTestRun(databasesDir(), 'local-clusters', process.ppid);
	options = {
		dir: path.join(run.dir, 'one'),
		stateDir: databasesDir(),
		age: 'current',
		durable: false,
	};
	cluster = await openCluster(options);
});
afterAll(async () => {
	await cluster.stop(true);
	run.remove();
});

describe('a cluster', () => {
	test('keeps data and passwords when it is stopped and opened again', async () => {
		await rowsOf(cluster.dbUrl(), `create table public.kept as select 'here' as what`);
		await cluster.stop();
		const again = await openCluster(options);
		expect(new URL(again.dbUrl()).password).toBe(new URL(cluster.dbUrl()).password);
		cluster = again;
		expect(await rowsOf(cluster.dbUrl(), 'select what from public.kept')).toEqual([
			{ what: 'here' },
		]);
	});

	test('ends a server that a killed supervisor left on its data, and takes its place', async () => {
		const before = postmasterState(path.join(options.dir, 'data'))?.pid ?? 0;
		cluster = await openCluster(options);
		expect(commandLine(before)).toBeNull();
		expect(await rowsOf(cluster.dbUrl(), 'select what from public.kept')).toHaveLength(1);
	});

	test('is not reachable with a wrong password', async () => {
		const url = new URL(cluster.dbUrl());
		url.password = 'wrong';
		await expect(rowsOf(url.href, 'select 1')).rejects.toMatchObject({ code: '28P01' });
	});
});

describe('the pooler', () => {
	test('signs in role.ref at the cluster of the project, and cancels there', async () => {
		const pooler = await startPooler(
			await freePort(),
			() => [cluster.port],
			(ref) => (ref === 'abcdefghijklmnopqrst' ? cluster.port : undefined),
			await makeCertificates(),
		);
		try {
			const url = new URL(cluster.dbUrl());
			url.username = 'postgres.abcdefghijklmnopqrst';
			url.port = String(pooler.port);
			expect(await rowsOf(url.href, 'select current_user::text as who')).toEqual([
				{ who: 'postgres' },
			]);

			const sql = postgres(url.href, { max: 1 });
			const sleeping = sql`select pg_sleep(30)`.execute();
			const isAsleep = `select from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'`;
			while ((await rowsOf(cluster.adminUrl(), isAsleep)).length === 0);
			sleeping.cancel();
			await expect(sleeping).rejects.toMatchObject({ code: '57014' });
			await sql.end();

			url.username = 'postgres.zzzzzzzzzzzzzzzzzzzz';
			await expect(rowsOf(url.href, 'select 1')).rejects.toThrow('Tenant or user not found');
		} finally {
			await pooler.close();
		}
	});
});

describe('pg_net', () => {
	test('sends what was committed, once, and stores answers, refusals and timeouts', async () => {
		const seen: string[] = [];
		const server = http.createServer((request, response) => {
			let body = '';
			request.on('data', (chunk) => (body += String(chunk)));
			request.on('end', () => {
				seen.push(`${request.method} ${request.url} ${request.headers['x-key']} ${body}`);
				if (request.url !== '/slow') response.end('thanks');
			});
		});
		const port = await freePort();
		await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
		const worker = await startPgNet(cluster.adminUrl());
		const sql = postgres(cluster.dbUrl(), { max: 1, onnotice: () => undefined });
		try {
			// The extension comes after the worker, as on a target that gets its first webhook.
			await sql`create extension pg_net with schema extensions`;
			const base = `http://127.0.0.1:${port}`;
			const headers = sql.json({ 'x-key': 'k', 'content-type': 'application/json' });
			await sql.begin(async (transaction) => {
				await transaction`select net.http_post(${`${base}/a`}, '{"ä": 1}', '{}', ${headers})`;
				await transaction`select net.http_get(${`${base}/slow`}, '{}', ${headers}, 100)`;
				await transaction`select net.http_get(${`http://127.0.0.1:${await freePort()}/`})`;
				await transaction`savepoint undone`;
				await transaction`select net.http_get(${`${base}/never`})`;
				await transaction`rollback to undone`;
				expect(seen).toEqual([]);
			});
			const answers = 'select status_code, content, timed_out, error_msg from net._http_response';
			while ((await sql.unsafe(answers)).length < 3);
			const rows = await sql.unsafe(`${answers} order by id`);
			expect(rows[0]).toEqual({
				status_code: 200,
				content: 'thanks',
				timed_out: false,
				error_msg: null,
			});
			expect(rows[1]).toMatchObject({ status_code: null, timed_out: true });
			expect(rows[2]?.['error_msg']).toContain('ECONNREFUSED');
			expect(seen.toSorted()).toEqual(['GET /slow k ', 'POST /a k {"ä": 1}']);
			// A batch lasts as long as its slowest request; what is queued meanwhile waits.
			const later = 'select id from net._http_response where id > 3';
			await sql`select net.http_get(${`${base}/slow`}, '{}', ${headers}, 600)`;
			while (seen.filter((line) => line.startsWith('GET /slow')).length < 2) await sql`select 1`;
			await sql`select net.http_post(${`${base}/b`}, '{}', '{}', ${headers})`;
			while ((await sql.unsafe(later)).length < 1) expect(seen).not.toContain('POST /b k {}');
			while ((await sql.unsafe(later)).length < 2);
			expect(seen).toContain('POST /b k {}');
		} finally {
			await sql.end();
			await worker.close();
			server.closeAllConnections();
			server.close();
		}
	});
});
