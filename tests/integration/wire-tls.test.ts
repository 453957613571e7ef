// TLS, on Node as in tests and on Deno as in edge functions: certificates are checked, and a slow target does
// not fill the memory of a function.
import { execFile, execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { cronPair, type Pair } from '../helpers/clusters.ts';
import { sql } from './data-fingerprints.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'twins-tls-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
const at = (name: string) => path.join(folder, name);

let pair: Pair;
let ca: string;

/** A root of our own, and a certificate of it for the address 127.0.0.1. */
function makeCertificates(): void {
	const openssl = (...words: string[]) =>
		execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
	openssl(
		'req',
		'-x509',
		'-newkey',
		'rsa:2048',
		'-nodes',
		'-keyout',
		'ca.key',
		'-out',
		'ca.crt',
		'-subj',
		'/CN=Test root',
	);
	openssl(
		'req',
		'-newkey',
		'rsa:2048',
		'-nodes',
		'-keyout',
		'server.key',
		'-out',
		'server.csr',
		'-subj',
		'/CN=server',
	);
	fs.writeFileSync(
		at('names'),
		'subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n',
	);
	openssl(
		'x509',
		'-req',
		'-in',
		'server.csr',
		'-CA',
		'ca.crt',
		'-CAkey',
		'ca.key',
		'-CAcreateserial',
		'-out',
		'server.crt',
		'-extfile',
		'names',
	);
	ca = fs.readFileSync(at('ca.crt'), 'utf8');
}

async function turnTlsOn(adminUrl: string): Promise<void> {
	const [row] = await sql({ dbUrl: adminUrl }, 'show data_directory');
	const data = String(row?.['data_directory']);
	const { uid, gid } = fs.statSync(data);
	for (const name of ['server.key', 'server.crt']) {
		fs.copyFileSync(at(name), path.join(data, name));
		fs.chownSync(path.join(data, name), uid, gid);
		fs.chmodSync(path.join(data, name), 0o600);
	}
	const session = await connectUrl(adminUrl);
	await session.query('alter system set ssl to on');
	await session.query('select pg_reload_conf()');
	// The postmaster reads its files again on its own time.
	for (;;) {
		const probe = await connectUrl(`${adminUrl}?sslmode=require`, { caCerts: [ca] }).catch(
			() => undefined,
		);
		if (probe) {
			await probe.close();
			break;
		}
	}
	await session.close();
}

beforeAll(async () => {
	makeCertificates();
	pair = await cronPair();
	await Promise.all([turnTlsOn(pair.source.adminUrl), turnTlsOn(pair.target.adminUrl)]);
}, 120_000);

const encrypted = `select ssl from pg_stat_ssl where pid = pg_backend_pid()`;

describe('an encrypted connection', () => {
	it('is made with a certificate that is trusted', async () => {
		const session = await connectUrl(`${pair.source.dbUrl}?sslmode=verify-full`, { caCerts: [ca] });
		expect(await session.query(encrypted)).toEqual([{ ssl: true }]);
		expect(
			await session.query(`select length(repeat('x', 5000000)) as n, repeat('x', 1000000) as long`),
		).toEqual([{ n: 5_000_000, long: 'x'.repeat(1_000_000) }]);
		await session.close();
	});

	it('is refused with one that is not, also where TLS is only used when offered', async () => {
		for (const url of [`${pair.source.dbUrl}?sslmode=require`, pair.source.dbUrl]) {
			await expect(connectUrl(url)).rejects.toMatchObject({ code: 'database_unreachable' });
		}
	});

	it('moves rows on Deno in flat memory, however slow the target is', async () => {
		await sql(
			{ dbUrl: `${pair.target.dbUrl}?sslmode=disable` },
			`create table slow (a int, b text); create function dawdle() returns trigger language plpgsql as
			$$ begin perform pg_sleep(0.001); return new; end $$;
			create trigger dawdle before insert on slow for each row execute function dawdle()`,
		);
		const deno = path.join(import.meta.dirname, '../../node_modules/.bin/deno');
		const program = path.join(import.meta.dirname, 'wire-memory.ts');
		const { stdout } = await promisify(execFile)(deno, [
			'run',
			'--allow-net',
			'--allow-read',
			'--allow-env',
			'--no-lock',
			program,
			JSON.stringify({ source: pair.source.dbUrl, target: pair.target.dbUrl, ca }),
		]);
		const result: unknown = JSON.parse(stdout);
		expect(result).toMatchObject({ rows: 1500 });
		expect((result as { megabytes: number }).megabytes).toBeLessThan(90);
	});
});
