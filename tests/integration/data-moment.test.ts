// Rows that take many slices are of one moment of the source: its snapshot is handed on from slice to slice. What tells
// is a writer whose every transaction leaves the same total, and what Postgres says of open transactions.
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { createData } from '../../supabase/functions/_shared/components/data/index.ts';
import { SIZES } from '../../supabase/functions/_shared/components/data/sizes.ts';
import type { StageResult } from '../../supabase/functions/_shared/contract/component.ts';
import type { Item } from '../../supabase/functions/_shared/contract/report.ts';
import type { CloneOptions } from '../../supabase/functions/_shared/domain/clone.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { withContext } from './data-context.ts';
import { fingerprints, sql } from './data-fingerprints.ts';

const KB = 1024;
const TABLES = 8;
const ROWS = 2000;
const names = Array.from({ length: TABLES }, (_, nth) => `public.part_${nth}`);
/** Every table is a table job of its own, and a slice does about one. */
const sizes = { ...SIZES, smallBytes: 8 * KB, sliceTables: 3, secondLaneBytes: Infinity };
const limits = { bytes: 20 * KB };

async function filledPair(): Promise<Pair> {
	const pair = await freshPair();
	const structure = names.map((name) => `create table ${name} (id int primary key, n int)`);
	await Promise.all([sql(pair.source, structure.join(';')), sql(pair.target, structure.join(';'))]);
	const rows = names.map(
		(name) => `insert into ${name} select i, 10 from generate_series(1, ${ROWS}) i`,
	);
	await sql(pair.source, `${rows.join(';')}; analyze`);
	return pair;
}

interface Copied {
	readonly slices: number;
	readonly items: readonly Item[];
}

/** Carries out the stage as workers do: the next slice begins while the last one hands on. */
async function copyRows(
	pair: Pair,
	between: (slice: number) => Promise<unknown> = () => Promise.resolve(),
	options: Partial<CloneOptions> = {},
): Promise<Copied> {
	const [stage] = createData(sizes).stages;
	const jobId = randomUUID();
	const items: Item[] = [];
	const workers: Promise<void>[] = [];
	let cursor: unknown = null;
	for (let slices = 1; ; slices += 1) {
		const result = await new Promise<StageResult | undefined>((resolve, reject) => {
			const input = { ...pair, jobId, cursor, limits, options };
			const worker = withContext(
				{ ...input, report: (some) => items.push(...some) },
				async (context) => {
					const reached = await stage?.run(context);
					resolve(reached);
					if (reached?.state === 'more') await reached.handOn?.().catch(() => undefined);
				},
			);
			workers.push(worker);
			worker.catch(reject);
		});
		if (result?.state !== 'more') {
			await Promise.all(workers);
			return { slices, items };
		}
		cursor = JSON.parse(JSON.stringify(result.cursor));
		await between(slices);
	}
}

const moment = ({ items }: Copied): string | undefined =>
	items.find(({ object }) => object === 'moment of the rows')?.detail;

/** Moves amounts between all tables until told to stop: the sum of all is the same after each transaction. */
function startWriter(pair: Pair): () => Promise<number> {
	let isStopped = false;
	const writing = (async () => {
		const session = await connectUrl(pair.source.dbUrl);
		let count = 0;
		for (; !isStopped; count += 1) {
			const [from, to] = [names[count % TABLES], names[(count * 5 + 3) % TABLES]];
			await session.script(`begin;
				update ${from} set n = n - 1 where id = ${(count % ROWS) + 1}; update ${to} set n = n + 1 where id = ${((count * 7) % ROWS) + 1};
				commit`);
		}
		await session.close();
		return count;
	})();
	return () => {
		isStopped = true;
		return writing;
	};
}

const total = async (pair: Pair): Promise<unknown> => {
	const sums = names.map((name) => `(select sum(n) from ${name})`).join(' + ');
	return (await sql(pair.target, `select (${sums})::int as total`))[0]?.['total'];
};

it('is one moment in many slices, while the source is written to', async () => {
	const pair = await filledPair();
	const stop = startWriter(pair);
	const copied = await copyRows(pair);
	expect(await stop()).toBeGreaterThan(20);
	expect(copied.slices).toBeGreaterThan(4);
	expect(await total(pair)).toBe(TABLES * ROWS * 10);
	expect(moment(copied)).toMatch(/one snapshot of the source was held for [5-9] slices/);
	// Read once: a second round would say more than one outcome of a table.
	const told = copied.items.filter(({ object }) => object.startsWith('public.'));
	expect(told.map(({ object, outcome }) => `${object} ${outcome}`).toSorted()).toEqual(
		names.map((name) => `${name} copied`),
	);
});

it('names the time of the snapshot, not that at which it began to wait for locks', async () => {
	const pair = await filledPair();
	const other = await connectUrl(pair.source.dbUrl);
	await other.script(`begin; lock table ${String(names[0])} in access exclusive mode`);
	const copying = copyRows(pair);
	const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
	while ((await sql(pair.source, waiting)).length === 0);
	// Of one second: times are told without their fractions.
	await new Promise((resolve) => setTimeout(resolve, 1100));
	await sql(pair.source, `update ${String(names[1])} set n = 11 where id = 1`);
	const changedAt = Date.now();
	await other.script('commit');
	await other.close();
	const told = /as it was at (\S+ \S+) UTC/.exec(moment(await copying) ?? '')?.[1] ?? '';
	expect(Date.parse(`${told}Z`)).toBeGreaterThanOrEqual(Math.floor(changedAt / 1000) * 1000);
	expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
});

it('leaves no transaction open when it is done', async () => {
	const pair = await filledPair();
	await copyRows(pair);
	expect(await openTransactions(pair)).toEqual([]);
});

const openTransactions = (pair: Pair) =>
	sql(
		pair.source,
		`select state from pg_stat_activity where datname = current_database() and backend_xmin is not null
		and pid <> pg_backend_pid()`,
	);

it('compares again when the snapshot is lost, and says so', async () => {
	const pair = await filledPair();
	let lost = 0;
	const copied = await copyRows(pair, async (slice) => {
		if (slice !== 2) return;
		lost = (
			await sql(
				pair.source,
				`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = current_database() and backend_xmin is not null
				and pid <> pg_backend_pid()`,
			)
		).length;
		await sql(pair.source, `update ${names[0]} set n = 77 where id = 1`);
	});
	expect(lost).toBe(1);
	expect(moment(copied)).toMatch(/snapshot of the source ended too early.* [2-3] rounds/);
	expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
});

it.each([
	['emptied', (name: string) => `truncate ${name}`],
	['emptied and filled', (name: string) => `truncate ${name}; insert into ${name} values (1, 1)`],
	['written anew', (name: string) => `alter table ${name} alter n type int8; vacuum full ${name}`],
	[
		'made again',
		(name: string) =>
			`drop table ${name}; create table ${name} (id int primary key, n int); insert into ${name} values (5, 5)`,
	],
])('notices a table %s before its first lock', async (_, change) => {
	const pair = await filledPair();
	const copied = await copyRows(pair, async (slice) => {
		// Far behind the tables that the first slices lock.
		if (slice !== 1) return;
		for (const statement of change('public.part_7').split('; ')) await sql(pair.source, statement);
	});
	expect(moment(copied)).toMatch(/compared again/);
	expect(moment(copied)).toMatch(/emptied or rewritten before its lock/);
	expect(copied.items.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
	const changed = await fingerprints(pair.source);
	expect(await fingerprints(pair.target)).toEqual(changed);
});

it('holds no snapshot for longer than a slice where that is not wanted', async () => {
	const pair = await filledPair();
	const seen: unknown[] = [];
	const copied = await copyRows(
		pair,
		async () => void seen.push(...(await openTransactions(pair))),
		{ hold_snapshot: false },
	);
	expect(seen).toEqual([]);
	expect(moment(copied)).toMatch(/no snapshot of the source was held/);
	expect(await fingerprints(pair.target)).toEqual(await fingerprints(pair.source));
});

it('changes nothing, and says so, when all is equal already', async () => {
	const pair = await filledPair();
	await copyRows(pair);
	const again = await copyRows(pair);
	expect(again.slices).toBeGreaterThan(1);
	expect(again.items.filter(({ outcome }) => outcome !== 'unchanged')).toEqual([]);
});
