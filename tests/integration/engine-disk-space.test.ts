// A target that cannot take what is copied is refused before anything is written.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { component, done, only, sharedEngine, stage } from '../helpers/engine.ts';

const engine = sharedEngine();
let written: number;

const components = [
	component(
		'data',
		stage('rows', () => {
			written += 1;
			return Promise.resolve(done);
		}),
	),
];

const withDisk = (bytes: number) => {
	engine.answers.set('/config/disk/util', {
		timestamp: '2026-11-21T00:00:00Z',
		metrics: { fs_size_bytes: 1e9, fs_avail_bytes: bytes, fs_used_bytes: 1e9 - bytes },
	});
};

async function cloneOf(options: Record<string, unknown> = {}) {
	written = 0;
	const id = await engine.control.startClone({ ...only('data'), ...options });
	await engine.workAll(components);
	return (await engine.jobOf(id)).job;
}

beforeAll(async () => {
	const source = await connectUrl(engine.endpoints.source.dbUrl);
	// Twenty million bytes that hardly compress, beyond what the empty databases differ by.
	await source.script(`create table public.bulky as
		select string_agg(md5((n * m)::text), '') as filler
		from generate_series(1, 200) n, generate_series(1, 3200) m group by n`);
	await source.close();
});
beforeEach(() => engine.answers.clear());

describe('a target', () => {
	it('is refused when its disk is too small for the source, and says how small', async () => {
		withDisk(1_000_000);
		const job = await cloneOf();
		expect(job).toMatchObject({ status: 'failed', error: { code: 'target_not_ready' } });
		expect(job?.['error'].message).toContain('0.0 GB are free');
		expect(job?.['error'].fix).toContain('disk space');
		expect(written).toBe(0);
	});

	it('is taken when there is space, when less is copied, and when nobody may tell', async () => {
		withDisk(500_000_000);
		expect(await cloneOf()).toMatchObject({ status: 'completed' });
		withDisk(1_000_000);
		expect(await cloneOf({ row_limit: 10 })).toMatchObject({ status: 'completed' });
		engine.answers.clear();
		expect(await cloneOf()).toMatchObject({ status: 'completed' });
	});

	it('is refused while its database is in read-only mode', async () => {
		const target = await connectUrl(engine.endpoints.target.dbUrl);
		const [{ name } = {}] = await target.query('select quote_ident(current_database()) as name');
		await target.query(`alter database ${String(name)} set default_transaction_read_only to on`);
		const job = await cloneOf();
		await target.query(`alter database ${String(name)} reset default_transaction_read_only`);
		await target.close();
		expect(job).toMatchObject({ status: 'failed', error: { code: 'target_not_ready' } });
		expect(written).toBe(0);
	});
});
