// A backup of many slices is of one moment of the source: the next slice takes the snapshot of the last one over. What tells
// is a writer whose every transaction leaves the same total, in the very files of the backup.
import { gunzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { makeBackupWork } from '../../supabase/functions/_shared/backup/work.ts';
import type { BackupContext } from '../../supabase/functions/_shared/contract/backup.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import type { ObjectStore } from '../../supabase/functions/_shared/platform/object-store.ts';
import { openBackupRuns, type BackupRuns } from '../helpers/backup-runs.ts';
import { withContext } from './data-context.ts';
import { sql } from './data-fingerprints.ts';

const ROWS = 6000;
const TABLES = ['one', 'two', 'keyless'];
let runs: BackupRuns;

beforeAll(async () => {
	runs = await openBackupRuns();
	await sql(
		runs.pair.source,
		`create table public.one (id int primary key, n int, v text); create table public.two (id int primary key, n int, v text);
		create table public.keyless (id int, n int, v text);
		${TABLES.map((name) => `insert into public.${name} select i, 10, repeat(md5(i::text), 4) from generate_series(1, ${ROWS}) i`).join(';')};
		analyze`,
	);
});

interface Taken {
	readonly slices: number;
	readonly moments: number;
	/** Of the column n in all tables. */
	readonly total: number;
	readonly rows: number;
}

/** Takes a backup as workers do: the next slice begins while the last one waits. */
async function take(
	folder: string,
	between: (slice: number) => Promise<unknown> = () => Promise.resolve(),
): Promise<Taken> {
	const work = makeBackupWork(200_000);
	const waiting: Promise<void>[] = [];
	let cursor: unknown = null;
	for (let slices = 1; ; slices += 1) {
		const result = await new Promise<Awaited<ReturnType<typeof work.write>>>((resolve, reject) => {
			const input = { ...runs.pair, jobId: folder };
			const worker = withContext(input, async ({ source, signal }) => {
				const context: BackupContext = {
					...{ source, store: runs.store, folder, ignoreRules: [], cursor, signal },
					...{
						attempts: 0,
						manifestSha256: null,
						recipient: null,
						spent: () => false,
						progress: () => undefined,
					},
				};
				const written = await work.write(context);
				resolve(written);
				if (written.state === 'more') await written.handOn?.().catch(() => undefined);
			});
			waiting.push(worker);
			worker.catch(reject);
		});
		if (result.state === 'done') {
			await Promise.all(waiting);
			return { slices, moments: result.moments, ...(await sumsOf(runs.store, folder)) };
		}
		cursor = JSON.parse(JSON.stringify(result.cursor));
		await between(slices);
	}
}

async function sumsOf(
	store: ObjectStore,
	folder: string,
): Promise<{ total: number; rows: number }> {
	const text = new TextDecoder().decode(await store.get(`${folder}/manifest.json`));
	const { tables } = JSON.parse(text) as { tables: { table: string; parts: string[] }[] };
	let [total, rows] = [0, 0];
	for (const { table, parts } of tables) {
		if (!TABLES.some((name) => table === `"public"."${name}"`)) continue;
		for (const part of parts) {
			const lines = gunzipSync(await store.get(`${folder}/${part}`))
				.toString()
				.trimEnd()
				.split('\n');
			for (const line of lines.filter((line) => line !== '')) {
				total += Number(line.split('\t')[1]);
				rows += 1;
			}
		}
	}
	return { total, rows };
}

it('reads every slice in one snapshot, while the source is written to', async () => {
	let isStopped = false;
	const writing = (async () => {
		const session = await connectUrl(runs.pair.source.dbUrl);
		let count = 0;
		for (; !isStopped; count += 1) {
			const [from, to] = [TABLES[count % 3], TABLES[(count + 1) % 3]];
			await session.script(`begin; update public.${from} set n = n - 1 where id = ${(count % ROWS) + 1};
				update public.${to} set n = n + 1 where id = ${((count * 7) % ROWS) + 1}; commit`);
		}
		await session.close();
		return count;
	})();
	const taken = await take('moment/written');
	isStopped = true;
	expect(await writing).toBeGreaterThan(20);
	expect(taken.slices).toBeGreaterThan(5);
	expect(taken).toMatchObject({ moments: 1, rows: 3 * ROWS, total: 3 * ROWS * 10 });
});

it('says that it is of two moments where the snapshot was lost', async () => {
	const taken = await take('moment/lost', async (slice) => {
		if (slice !== 3) return;
		await sql(
			runs.pair.source,
			`select pg_terminate_backend(pid, 5000) from pg_stat_activity
			where datname = current_database() and backend_xmin is not null and pid <> pg_backend_pid()`,
		);
	});
	expect(taken).toMatchObject({ moments: 2, rows: 3 * ROWS });
});
