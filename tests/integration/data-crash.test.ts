// Rows when things go wrong in between: workers killed at any moment, workers that come back from the dead,
// a source that is written to, a target that is slow.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createData } from '../../supabase/functions/_shared/components/data/index.ts';
import { openLedger } from '../../supabase/functions/_shared/components/data/ledger.ts';
import { SIZES } from '../../supabase/functions/_shared/components/data/sizes.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { cloneInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { withContext } from './data-context.ts';
import { fingerprints, sql } from './data-fingerprints.ts';

const KB = 1024;
const worker = path.join(import.meta.dirname, 'data-worker.ts');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'twins-data-'));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const STRUCTURE = `
create table public.keyed (id bigint primary key, v text, at timestamptz);
create table public.by_uuid (id uuid primary key, v text);
create table public.by_text (tenant text, name text, v text, primary key (tenant, name));
create table public.loose (a int, b text);
create table public.counters (id int primary key, n int);
${Array.from({ length: 12 }, (_, index) => `create table public.small_${index} (id int primary key, v text)`).join(';')}`;

const ROWS = `
insert into public.keyed select i, repeat(md5(i::text), 3), '2026-01-01'::timestamptz + i * interval '1 s' from generate_series(1, 12000) i;
insert into public.by_uuid select md5(i::text)::uuid, md5(i::text) from generate_series(1, 10000) i;
insert into public.by_text select 'tenant ' || i % 3, 'Zoë ' || i, md5(i::text) from generate_series(1, 10000) i;
insert into public.loose select i % 100, repeat('x', i % 50) from generate_series(1, 15000) i;
insert into public.counters select i, 100 from generate_series(1, 5000) i;
${Array.from({ length: 12 }, (_, index) => `insert into public.small_${index} select i, 'v' from generate_series(1, 50) i`).join(';')};
analyze`;

async function filledPair(): Promise<Pair> {
	const pair = await freshPair();
	await Promise.all([sql(pair.source, STRUCTURE), sql(pair.target, STRUCTURE)]);
	await sql(pair.source, ROWS);
	return pair;
}

/** Same numbers in every run, so that a failure can be repeated. */
function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state * 1103515245 + 12345) % 2147483648;
		return state / 2147483648;
	};
}

interface Death {
	readonly pieces: number;
	readonly milliseconds: number;
}

function startWorker(
	pair: Pair,
	jobId: string,
	bytesPerSlice: number,
	death?: Death,
): ChildProcess {
	const task = {
		jobId,
		source: pair.source.dbUrl,
		target: pair.target.dbUrl,
		cursorFile: path.join(folder, jobId),
		bytesPerSlice,
		death,
	};
	return spawn(process.execPath, ['--no-warnings', worker, JSON.stringify(task)], {
		stdio: ['ignore', 'ignore', 'pipe'],
	});
}

/** Exit code and what it said; null when it was killed. */
function ended(child: ChildProcess): Promise<{ code: number | null; said: string }> {
	let said = '';
	child.stderr?.on('data', (part: Buffer) => (said += part.toString()));
	return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}

/** Lets so many generations of workers die on a job, then one finish it. Returns how many were killed. */
async function runKilling(
	pair: Pair,
	seed: number,
	generations: number,
	rivals: number,
): Promise<number> {
	const jobId = randomUUID();
	const random = seeded(seed);
	let killed = 0;
	for (let generation = 0; generation < generations; generation += 1) {
		// Counted in work, not in time: a fast machine must not be done before anybody dies.
		const deaths = Array.from({ length: rivals }, () => ({
			pieces: 1 + Math.floor(random() * 6),
			milliseconds: Math.floor(random() * 30),
		}));
		const results = await Promise.all(
			deaths.map((death) => ended(startWorker(pair, jobId, 300 * KB, death))),
		);
		killed += results.filter(({ code }) => code === null).length;
		const broken = results.find(({ code }) => code !== null && code !== 0);
		if (broken) throw new Error(broken.said);
	}
	const last = await ended(startWorker(pair, jobId, 2000 * KB));
	if (last.code !== 0) throw new Error(last.said);
	return killed;
}

describe('a worker that is killed', () => {
	it('loses no row and doubles none, wherever it dies', async () => {
		const pair = await filledPair();
		// The target has rows of its own, some equal, so that loads, comparisons and deletions are all met.
		await sql(
			pair.target,
			`insert into public.keyed select i, 'old', null from generate_series(6000, 14000) i;
			insert into public.loose select 1, 'x' from generate_series(1, 3000); insert into public.counters select i, 100 from generate_series(1, 5000) i`,
		);
		expect(await runKilling(pair, 20261121, 8, 1)).toBe(8);
		expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
	});

	it('loses none with a rival on the same job either', async () => {
		const pair = await filledPair();
		expect(await runKilling(pair, 7, 3, 2)).toBe(6);
		expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
	});
});

describe('a worker back from the dead', () => {
	it('cannot put its rows beside those of its successor', async () => {
		const pair = await filledPair();
		const jobId = randomUUID();
		const zombie = await connectUrl(pair.target.dbUrl);
		const other = await connectUrl(pair.target.dbUrl);
		const relation = '"public"."loose"';
		try {
			const ledger = await openLedger(zombie, jobId);
			await ledger.ensure(zombie);
			// It has claimed the table and loaded it, and then nothing is heard of it for a while.
			await zombie.script(`begin; ${ledger.claim([{ relation, chunk: 0 }], 0)};
				insert into public.loose select 1, 'ghost' from generate_series(1, 500)`);
			// The successor sees that it was overtaken, and begins its slice again.
			const overtaken = expect(
				cloneStage(pair, jobId, { ...SIZES, lockMs: 10_000 }),
			).rejects.toMatchObject({ details: { sqlstate: '40001', passing: true } });
			await untilBlocked(other);
			await zombie.query('commit');
			await overtaken;
			await cloneStage(pair, jobId);
			expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
			// And what it knew of the ledger is of no use afterwards.
			await expect(
				zombie.script(
					`begin; ${ledger.claim([{ relation, chunk: 0 }], 0)}; truncate public.loose; commit`,
				),
			).rejects.toBeInstanceOf(Error);
		} finally {
			await Promise.all([zombie.close(), other.close()]);
		}
		expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
	});

	it('of an earlier job cannot write once the next one has begun', async () => {
		const pair = await filledPair();
		const old = await connectUrl(pair.target.dbUrl);
		try {
			const ledger = await openLedger(old, 'earlier');
			await ledger.ensure(old);
			const next = await openLedger(old, 'next');
			await next.ensure(old);
			await expect(
				old.script(
					`begin; ${ledger.claim([{ relation: 'u', chunk: 0 }], 0)}; truncate public.loose; commit`,
				),
			).rejects.toMatchObject({ details: { sqlstate: '40001' } });
		} finally {
			await old.close();
		}
	});
});

describe('the ledger', () => {
	it('is open to nobody but its owner', async () => {
		const pair = await freshPair();
		const session = await connectUrl(pair.target.dbUrl);
		try {
			await (await openLedger(session, 'job')).ensure(session);
			for (const role of ['anon', 'authenticated', 'service_role']) {
				const [row] = await session.query(
					`select has_schema_privilege($1, '_twins', 'usage') as may`,
					[role],
				);
				expect(row).toEqual({ may: false });
			}
		} finally {
			await session.close();
		}
	});
});

/** The whole stage, under a job of our choice. */
async function cloneStage(pair: Pair, jobId: string, sizes = SIZES): Promise<void> {
	const [stage] = createData(sizes).stages;
	let cursor: unknown = null;
	for (;;) {
		const result = await withContext({ ...pair, jobId, cursor }, async (context) =>
			stage?.run(context),
		);
		if (result?.state !== 'more') return;
		cursor = result.cursor;
	}
}

/** Asks until a session of this database waits for a lock. */
async function untilBlocked(session: Awaited<ReturnType<typeof connectUrl>>): Promise<void> {
	const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
	while ((await session.query(waiting)).length === 0);
}

describe('a source that is written to', () => {
	/** Moves amounts between counters, and rows between tables, until told to stop. */
	function startWriter(pair: Pair): () => Promise<number> {
		let stopped = false;
		const writing = (async () => {
			const session = await connectUrl(pair.source.dbUrl);
			let count = 0;
			for (; !stopped; count += 1) {
				const [from, to] = [(count * 7919) % 5000, (count * 104729) % 5000];
				await session.script(`begin;
					update public.counters set n = n - 1 where id = ${from + 1}; update public.counters set n = n + 1 where id = ${to + 1};
					insert into public.small_1 values (${1000 + count}, 'moved'); delete from public.keyed where id = ${count + 1};
					commit`);
			}
			await session.close();
			return count;
		})();
		return () => {
			stopped = true;
			return writing;
		};
	}

	it('is copied as of one moment, across all tables', async () => {
		const pair = await filledPair();
		const stop = startWriter(pair);
		const result = await cloneInProcess({ ...pair, components: [createData()] });
		expect(await stop()).toBeGreaterThan(5);
		expect(result.outcome('failed')).toEqual([]);
		const [sums] = await sql(
			pair.target,
			`select (select sum(n) from public.counters)::int as total,
			(select count(*) from public.small_1 where v = 'moved') + (select count(*) from public.keyed) as moved`,
		);
		expect(sums).toEqual({ total: 500_000, moved: 12_000 });
	});

	it('ends equal when it took many slices and the writing stopped on the way', async () => {
		const pair = await filledPair();
		const stop = startWriter(pair);
		const component = createData({
			...SIZES,
			smallBytes: 64 * KB,
			wholeBytes: 128 * KB,
			chunkBytes: 64 * KB,
			copyBytes: 128 * KB,
		});
		const stopping = new Promise((resolve) => setTimeout(resolve, 300)).then(stop);
		const result = await cloneInProcess({
			...pair,
			components: [component],
			limits: { bytes: 200 * KB },
		});
		await stopping;
		const uncertain = result.outcome('adapted');
		const again = await cloneInProcess({ ...pair, components: [component] });
		expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
		// Either the clone itself was equal to the last moment, or it said which tables may not be.
		if (uncertain.length === 0) expect(again.outcome('copied').length).toBeLessThanOrEqual(3);
	});
});

describe('a unique value that wanders', () => {
	it('from one chunk to another does not stop the table', async () => {
		const pair = await freshPair();
		const table = `create table public.people (id int primary key, email text unique)`;
		await Promise.all([sql(pair.source, table), sql(pair.target, table)]);
		const rows = `insert into public.people select i, 'person ' || i from generate_series(1, 5000) i`;
		await Promise.all([sql(pair.source, rows), sql(pair.target, rows)]);
		await sql(
			pair.source,
			`update public.people set email = 'swap' where id = 10; update public.people set email = 'person 10' where id = 4900;
			update public.people set email = 'person 4900' where id = 10; analyze`,
		);
		const component = createData({
			...SIZES,
			smallBytes: 16 * KB,
			wholeBytes: 16 * KB,
			chunkBytes: 16 * KB,
			copyBytes: 16 * KB,
		});
		const result = await cloneInProcess({
			...pair,
			components: [component],
			limits: { operations: 20 },
		});
		expect(result.outcome('failed')).toEqual([]);
		// All of it: the table had to be emptied.
		expect(result.items.get('data public.people')?.detail).toBe('5,000 rows');
		expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
	});
});
