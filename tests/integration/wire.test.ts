// The Postgres client against real servers: values, errors, and what a COPY does when either endpoint fails.
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TwinsError } from '../../supabase/functions/_shared/domain/errors.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import {
	plannedOnce,
	type Session,
} from '../../supabase/functions/_shared/platform/postgres/index.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';

let pair: Pair;
const opened: Session[] = [];

async function open(end: { dbUrl: string }, options = {}): Promise<Session> {
	const session = await connectUrl(end.dbUrl, options);
	opened.push(session);
	return session;
}

/** The error of something that must fail. */
async function failure(promise: Promise<unknown>): Promise<TwinsError> {
	const error: unknown = await promise.then(
		() => undefined,
		(reason: unknown) => reason,
	);
	if (error instanceof TwinsError) return error;
	throw new Error(`expected a TwinsError, got ${String(error)}`);
}

beforeAll(async () => {
	pair = await freshPair();
});
afterEach(async () => {
	await Promise.all(opened.splice(0).map((session) => session.close()));
});

describe('a query', () => {
	it('gives numbers, booleans and JSON as values, all else as text', async () => {
		const session = await open(pair.source);
		expect(
			await session.query(`select 1::int2 as i2, 2 as i4, 3::int8 as i8, 9007199254740993 as huge, 1.5::float8 as f,
				'NaN'::float8 as nan, 1.10::numeric as n, true as yes, null as nothing, '{"a":[1]}'::jsonb as j, array[1,2] as list,
				'2026-11-21'::date as d, '' as empty, 'a"b' as "odd ""name""", 1 as __proto__`),
		).toEqual([
			Object.fromEntries([
				['i2', 1],
				['i4', 2],
				['i8', 3],
				['huge', '9007199254740993'],
				['f', 1.5],
				['nan', NaN],
				['n', '1.10'],
				['yes', true],
				['nothing', null],
				['j', { a: [1] }],
				['list', '{1,2}'],
				['d', '2026-11-21'],
				['empty', ''],
				['odd "name"', 'a"b'],
				['__proto__', 1],
			]),
		]);
		expect(session.serverVersion).toBeGreaterThanOrEqual(150000);
	});

	it('takes parameters of every kind, arrays by the type they meet', async () => {
		const session = await open(pair.source);
		const hostile = `'; drop table x; -- "\\ €`;
		expect(
			await session.query(
				"select $1::text as t, $2::int as i, $3::jsonb as o, $4::jsonb as ja, $5::text[] = array[$1, null, 'a,\"b\\'] as same, $6::bool as b, $7::text as n, $8::int8 as big",
				[
					hostile,
					5,
					{ k: hostile },
					['x', { y: 1 }],
					[hostile, null, 'a,"b\\'],
					false,
					null,
					2n ** 53n,
				],
			),
		).toEqual([
			{
				t: hostile,
				i: 5,
				o: { k: hostile },
				ja: ['x', { y: 1 }],
				same: true,
				b: false,
				n: null,
				big: '9007199254740992',
			},
		]);
		expect(await session.query('select $1::jsonb as none, $2::int[] as also', [[], []])).toEqual([
			{ none: [], also: '{}' },
		]);
	});

	it('fails with the SQLSTATE and without values of rows, and the session goes on', async () => {
		const session = await open(pair.source);
		await session.query(
			"create temp table t (id int primary key, secret text check (secret <> 'x'))",
		);
		await session.query("insert into t values (1, 'hunter2')");
		const taken = await failure(session.query("insert into t values (1, 'hunter2')"));
		expect(taken.details.sqlstate).toBe('23505');
		const refused = await failure(session.query("insert into t values (2, 'x')"));
		const notNumber = await failure(session.query("select 'hunter2'::int"));
		const tooLarge = await failure(session.query("select '99999999999'::text::int4"));
		for (const error of [taken, refused, notNumber, tooLarge]) {
			expect(error.code).toBe('database_refused');
			expect(JSON.stringify({ ...error, message: error.message })).not.toMatch(/hunter2|99999/);
			expect(error.fix).not.toBe('');
		}
		expect((await failure(session.query('select $1::int', ['hunter2']))).message).not.toMatch(
			/hunter2/,
		);
		expect(await session.query('select count(*) as n from t')).toEqual([{ n: 1 }]);
	});

	it('runs scripts in one go, giving the rows of each statement', async () => {
		const session = await open(pair.source);
		expect(
			await session.script(
				'select 1 as a; create temp table s (x int); insert into s values (7); ; select x from s',
			),
		).toEqual([[{ a: 1 }], [], [], [{ x: 7 }]]);
		expect(await session.script('')).toEqual([[]]);
	});

	it('is refused while another one runs on the same session', async () => {
		const session = await open(pair.source);
		const first = session.query('select pg_sleep(0.05)');
		expect((await failure(session.query('select 1'))).code).toBe('internal');
		await first;
		expect(await session.query('select 1 as one')).toEqual([{ one: 1 }]);
	});

	it('is lost, as passing trouble, when the server ends the session or keeps silent', async () => {
		const session = await open(pair.source);
		const ended = await failure(session.query('select pg_terminate_backend(pg_backend_pid())'));
		expect([ended.code, ended.details.passing]).toEqual(['connection_lost', true]);
		expect((await failure(session.query('select 1'))).code).toBe('connection_lost');
		const silent = await open(pair.source, { silenceSeconds: 0.2 });
		const late = await failure(silent.query('select pg_sleep(5)'));
		expect([late.code, late.message]).toEqual([
			'connection_lost',
			expect.stringContaining('silent'),
		]);
	});
});

describe('connecting', () => {
	it('says what is wrong: password, address, missing encryption', async () => {
		const wrong = new URL(pair.source.dbUrl);
		wrong.password = 'guess';
		const refused = await failure(connectUrl(wrong.href));
		expect([refused.code, refused.details.sqlstate]).toEqual(['database_refused', '28P01']);
		expect(refused.message).not.toContain('guess');
		const nobody = await failure(connectUrl('postgresql://a:b@127.0.0.1:1/x'));
		expect([nobody.code, nobody.details.passing]).toEqual(['database_unreachable', true]);
		const plain = await failure(connectUrl(`${pair.source.dbUrl}?sslmode=require`));
		expect(plain.code).toBe('database_refused');
	});

	it('can be called off', async () => {
		const caller = new AbortController();
		caller.abort();
		const error = await failure(connectUrl(pair.source.dbUrl, { signal: caller.signal }));
		expect(error.code).toBe('database_unreachable');
	});
});

describe('a session that is reset', () => {
	const settings = { lock_timeout: '7s', default_transaction_read_only: 'off' };

	it('has its first settings, and no transaction, lock or temporary table', async () => {
		const session = await open(pair.source, { settings });
		await session.script(`set lock_timeout to '1s'; set search_path to ''; set role anon; reset role;
			create temporary table passing (); select pg_advisory_lock(7311); begin; set local jit to off; select 1 / 1`);
		await session.reset();
		expect(
			await session.query(`select current_setting('lock_timeout') as lock_timeout, current_setting('search_path') <> '' as has_path,
				to_regclass('pg_temp.passing') as passing, (select count(*) from pg_locks
				where locktype = 'advisory' and pid = pg_backend_pid())::int4 as locks, now() = statement_timestamp() as is_alone`),
		).toEqual([{ lock_timeout: '7s', has_path: true, passing: null, locks: 0, is_alone: true }]);
	});

	it('is usable after an error in a transaction', async () => {
		const session = await open(pair.source, { settings });
		await failure(session.script('begin; select 1 / 0'));
		await session.reset();
		expect(await session.query('select 1 as one')).toEqual([{ one: 1 }]);
	});

	it('still knows what was planned once', async () => {
		const session = await open(pair.source, { settings });
		const text = 'select pg_catalog.cardinality($1) as size';
		for (const list of ['{}', '{a,b}', '{a,b,c}']) {
			const { run, remember } = plannedOnce(session, text, [`'${list}'`]);
			const [row] = (await session.script(run)).at(-1) ?? [];
			remember();
			expect(row).toEqual({ size: list === '{}' ? 0 : list.split(',').length });
			await session.reset();
		}
		expect(
			await session.query('select count(*)::int4 as prepared from pg_prepared_statements'),
		).toEqual([{ prepared: 1 }]);
	});
});

describe('copying from one session into another', () => {
	const rows = (count: number) =>
		`copy (select i, repeat('x', 50), i from generate_series(1, ${count}) i) to stdout`;
	let source: Session;
	let target: Session;

	const begin = async () => {
		source = await open(pair.source);
		target = await open(pair.target);
		await target.script(`drop table if exists one, two, free; create table free (a int, b text, c int);
			create table one (a int, b text, c int check (c <> 150000));
			create table two (a int)`);
	};
	/** Both sessions answer, and the target has what it had before. */
	const expectUsable = async (count = 0) => {
		await target.query('rollback');
		expect(await target.query('select count(*) as n from one')).toEqual([{ n: count }]);
		expect(await source.query('select 1 as ok')).toEqual([{ ok: 1 }]);
	};

	it('moves several tables in one script, counting each', async () => {
		await begin();
		const result = await source.copyInto(
			target,
			`${rows(1000)}; select 'in between'; copy (select 1 where false) to stdout; copy (select 8) to stdout`,
			'begin; copy one from stdin; truncate two; copy two from stdin; copy two from stdin; commit',
		);
		expect(result).toMatchObject({ rows: 1001, counts: [1000, 0, 1] });
		expect(result.bytes).toBeGreaterThan(60_000);
		await expectUsable(1000);
	});

	it('moves values larger than any buffer', async () => {
		await begin();
		await source.copyInto(
			target,
			`copy (select 1, repeat('€', 3000000), 2) to stdout with (format binary)`,
			'copy one from stdin with (format binary)',
		);
		expect(await target.query('select octet_length(b) as n from one')).toEqual([{ n: 9_000_000 }]);
	});

	it('leaves both usable when the target refuses a row, early or late', async () => {
		await begin();
		for (const count of [200_000, 150_000]) {
			const error = await failure(
				source.copyInto(target, rows(count), 'begin; copy one from stdin; commit'),
			);
			expect(error.details.sqlstate).toBe('23514');
			expect(error.message).toContain('line 150000');
			await expectUsable();
		}
	});

	it('leaves both usable when the target fails before its COPY', async () => {
		await begin();
		const error = await failure(
			source.copyInto(target, rows(300_000), 'begin; select 1/0; copy one from stdin; commit'),
		);
		expect(error.details.sqlstate).toBe('22012');
		await expectUsable();
	});

	it('leaves both usable, and no rows, when the source fails in the middle', async () => {
		await begin();
		for (const failing of [
			`copy (select i, repeat('x', 50), 1 / (i - 90000) from generate_series(1, 100000) i) to stdout`,
			`${rows(10)}; copy no_such_table to stdout`,
			'copy no_such_table to stdout',
		]) {
			const error = await failure(
				source.copyInto(target, failing, 'begin; copy one from stdin; copy two from stdin; commit'),
			);
			expect(['22012', '42P01']).toContain(error.details.sqlstate);
			await expectUsable();
		}
	});

	it('waits for a slow target instead of keeping rows in memory', async () => {
		await begin();
		await target.script(`create or replace function public.dawdle() returns trigger language plpgsql as
			$$ begin perform pg_sleep(0.02); return new; end $$;
			create trigger dawdle before insert on free for each row execute function public.dawdle()`);
		const [row] = await source.query<{ pid: number }>('select pg_backend_pid() as pid');
		const watcher = await open(pair.source);
		const killer = await open(pair.target);
		const [victim] = await target.query<{ pid: number }>('select pg_backend_pid() as pid');
		const before = process.memoryUsage().arrayBuffers;
		const copying = failure(
			source.copyInto(
				target,
				`copy (select i, repeat('x', 10000), i from generate_series(1, 100000) i) to stdout`,
				'copy free from stdin',
			),
		);
		// A gigabyte could come; the source stands still because nobody takes it.
		await until(
			watcher,
			`select from pg_stat_activity where pid = ${row?.pid} and wait_event = 'ClientWrite'`,
		);
		expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
		await killer.query(`select pg_terminate_backend(${victim?.pid})`);
		await copying;
		expect(await source.query('select 1 as ok')).toEqual([{ ok: 1 }]);
	});

	it('is lost with the connection of either side; the other stays usable', async () => {
		for (const victim of ['source', 'target'] as const) {
			await begin();
			const session = victim === 'source' ? source : target;
			const [row] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
			const killer = await open(pair[victim]);
			const watcher = await open(pair.target);
			const copying = failure(source.copyInto(target, rows(3_000_000), 'copy free from stdin'));
			// In the middle of the stream, not before it.
			await until(watcher, 'select from pg_stat_progress_copy where bytes_processed > 1000000');
			await killer.query(`select pg_terminate_backend(${row?.pid})`);
			const error = await copying;
			expect([error.code, error.details.passing]).toEqual(['connection_lost', true]);
			if (victim === 'target') expect(await source.query('select 1 as ok')).toEqual([{ ok: 1 }]);
		}
	});
});

/** Asks until there is a row. */
async function until(session: Session, text: string): Promise<void> {
	while ((await session.query(text)).length === 0);
}

describe('copying rows out', () => {
	/** One row of 3 MB, which spans chunks, among short ones. */
	const rows = (count: number): string =>
		`copy (select i, case i when 7 then repeat('x', 3000000) else 'y' end from generate_series(1, ${count}) as i) to stdout`;

	it('gives the bytes of all rows and their number, whatever the size of rows', async () => {
		const source = await open(pair.source);
		const chunks: string[] = [];
		const count = await source.copyOut(rows(50_000), (bytes) => {
			chunks.push(new TextDecoder().decode(bytes));
			return Promise.resolve();
		});
		expect(count).toBe(50_000);
		const text = Array.from(
			{ length: 50_000 },
			(_, n) => `${n + 1}\t${n === 6 ? 'x'.repeat(3_000_000) : 'y'}\n`,
		).join('');
		expect(chunks.join('') === text).toBe(true);
		expect(
			await source.copyOut('copy (select 1 where false) to stdout', () =>
				Promise.reject(new Error('no row')),
			),
		).toBe(0);
	});

	it('throws the error of whoever failed, and the session stays usable', async () => {
		const source = await open(pair.source);
		const lost = new Error('the store is full');
		await expect(source.copyOut(rows(3_000_000), () => Promise.reject(lost))).rejects.toBe(lost);
		expect(await source.query('select 1 as one')).toEqual([{ one: 1 }]);
		const broken = 'copy (select 1 / (5 - i) from generate_series(1, 9) as i) to stdout';
		const error = await failure(source.copyOut(broken, () => Promise.resolve()));
		expect(error.details.sqlstate).toBe('22012');
		expect(await source.query('select 2 as two')).toEqual([{ two: 2 }]);
	});

	it('does not take a slow reader for a silent server', async () => {
		const source = await open(pair.source, { silenceSeconds: 0.2 });
		let reads = 0;
		const count = await source.copyOut(rows(10), async () => {
			reads += 1;
			if (reads < 3) await new Promise((resolve) => setTimeout(resolve, 400));
		});
		expect(count).toBe(10);
		expect(reads).toBeGreaterThan(2);
	});
});
