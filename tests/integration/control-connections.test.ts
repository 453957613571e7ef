// The ways to the control database: TLS whose certificate is verified, and a pooler of transactions.
import * as net from 'node:net';
import * as tls from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Certificates, makeCertificates } from '../../local/supabase/certificates.ts';
import { openControl } from '../../supabase/functions/_shared/platform/control.ts';
import { claimStep } from '../../supabase/functions/_shared/engine/queue.ts';
import { TwinsError } from '../../supabase/functions/_shared/domain/errors.ts';
import { freshPair } from '../helpers/clusters.ts';
import { component, done, only, sharedEngine, stage } from '../helpers/engine.ts';
import { openTransactionPooler } from '../helpers/transaction-pooler.ts';

/** Not one of the names of this machine for which TLS is not asked. */
const HOST = '127.0.0.2';
const TLS_REQUEST_BYTES = 8;

/** A database at HOST behind TLS, or without it; `heard` is what was said in clear or after a handshake. */
async function openServer(databaseUrl: string, certificates: Certificates | null) {
	const heard = { bytes: 0 };
	const { port } = new URL(databaseUrl);
	const server = net.createServer((client) => {
		client.on('error', () => client.destroy());
		client.once('data', (request: Buffer) => {
			heard.bytes += request.length - TLS_REQUEST_BYTES;
			client.write(certificates === null ? 'N' : 'S');
			if (certificates === null) return;
			const secure = new tls.TLSSocket(client, { isServer: true, ...certificates });
			const database = net.connect(Number(port), '127.0.0.1');
			for (const socket of [secure, database]) {
				socket.on('error', () => (secure.destroy(), database.destroy()));
			}
			secure.on('data', (chunk: Buffer) => (heard.bytes += chunk.length));
			secure.pipe(database).pipe(secure);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
	onTestFinished(() => void server.close());
	const url = new URL(databaseUrl);
	url.hostname = HOST;
	url.port = String((server.address() as net.AddressInfo).port);
	return { url: url.href, heard };
}

describe('TLS to the control database', () => {
	it.each([
		['its own certificate by a root that is known', HOST, true, true],
		['a certificate by a root that nobody knows', HOST, false, false],
		['a certificate of another host', '127.0.0.1', true, false],
		['no TLS', null, true, false],
	])('%s', async (_what, ip, isKnown, isTaken) => {
		const { source } = await freshPair();
		const certificates = ip === null ? null : await makeCertificates(ip);
		const { url, heard } = await openServer(source.dbUrl, certificates);
		const databaseCa = isKnown ? (certificates?.ca ?? null) : null;
		const control = openControl({ controlDbUrl: url, databaseCa });
		onTestFinished(() => control.close());
		const answer = await control.query('select 1 as one').catch((error: unknown) => error);
		if (isTaken) {
			expect(answer).toEqual([{ one: 1 }]);
			return;
		}
		expect(answer).toBeInstanceOf(TwinsError);
		expect(answer).toMatchObject({ message: expect.stringMatching(/certificate|cert|encrypted/i) });
		// Neither a name nor a password was said.
		expect(heard.bytes).toBe(0);
	});
});

describe('a pooler of transactions', () => {
	const engine = sharedEngine();

	it('carries workers: their claims, heartbeats, waits and results, over whichever connection', async () => {
		const pooler = await openTransactionPooler(engine.control.dbUrl, 3);
		onTestFinished(() => pooler.close());
		const open = () => {
			const control = openControl({ controlDbUrl: pooler.url });
			onTestFinished(() => control.close());
			return control;
		};
		let failures = 0;
		const components = [
			component(
				'tables',
				stage('structure', ({ report, cursor, announce }) => {
					if (cursor === null)
						return Promise.resolve({ state: 'more', cursor: { texts: ['a', null] } });
					report({ object: 'public."odd"', outcome: 'copied', detail: 'it’s {"json": ["1"]}' });
					return announce({ object: 'x', outcome: 'copied' }).then(() => done);
				}),
			),
			component(
				'views',
				stage('views', async ({ signal }) => {
					// Longer than a heartbeat takes to come.
					if (failures === 0) await new Promise((resolve) => setTimeout(resolve, 3_500));
					signal.throwIfAborted();
					failures += 1;
					if (failures > 1) return done;
					throw new TwinsError('connection_lost', 'gone', 'Wait', { passing: true, retryAfter: 1 });
				}),
			),
		];
		const id = await engine.control.startClone(only('tables', 'views'));
		// One that dies: its step comes back, for which one of the others waits.
		const left = await claimStep(open());
		expect(left?.run.id).toBe(id);
		await engine.control
			.sql`update private.steps set lease_until = now() + interval '1 second' where status = 'running'`;
		await expect
			.poll(
				async () => {
					await Promise.all([1, 2, 3].map(() => engine.invoke(components, open() as never)));
					return (await engine.jobOf(id)).job?.['status'] as string;
				},
				{ timeout: 30_000, interval: 300 },
			)
			.toBe('completed');
		expect((await engine.jobOf(id)).job).toMatchObject({ error: null });
		expect([
			...(await engine.control
				.sql`select detail from public.job_items where object = 'public."odd"'`),
		]).toEqual([{ detail: 'It’s {"json": ["1"]}' }]);
		expect(Math.min(...pooler.carried)).toBeGreaterThan(3);
		// Nothing of a session stays with a connection of the pooler.
		const kept = await engine.control.sql`
			select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`;
		expect(kept).toHaveLength(0);
	}, 60_000);
});
