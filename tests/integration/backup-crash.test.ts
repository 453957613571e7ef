// Workers that are really killed, at many moments, while they take a backup and while they restore it.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { seeBackup } from '../../supabase/functions/_shared/backup/open.ts';
import { verifyBackup } from '../../supabase/functions/_shared/backup/prove.ts';
import { openObjectStore } from '../../supabase/functions/_shared/platform/object-store.ts';
import { atEnd } from '../helpers/at-end.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { runCommand } from '../helpers/command.ts';
import { runScript } from '../helpers/corpus.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { openS3 } from '../helpers/object-store.ts';
import { rowSums } from '../helpers/row-sums.ts';

let pair: Pair;
beforeAll(async () => {
	pair = await freshPair();
	runScript(
		pair.source.dbUrl,
		`create table keyed (id int primary key, body text); insert into keyed select i, repeat(md5(i::text), 20) from generate_series(1, 1500) as i;
		create table loose (n int, body text); insert into loose select i, md5(i::text) from generate_series(1, 3000) as i;
		create view few as select id from keyed; create index on loose (n); analyze`,
	);
});

it('go on where the one before was killed, and come to the same', async () => {
	const bucket = await openS3();
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'twins-crash-'));
	atEnd(() => Promise.resolve(fs.rmSync(dir, { recursive: true })));
	const folder = 'crash/one';
	const script = path.join(import.meta.dirname, 'backup-worker.ts');
	/** Starts workers until one comes to the end; how many were killed. */
	async function toItsEnd(kind: 'backup' | 'restore'): Promise<number> {
		for (let killed = 0; killed < 40; killed += 1) {
			const task = JSON.stringify({
				...{ kind, source: pair.source.dbUrl, target: pair.target.dbUrl, bucket, folder },
				placeFile: path.join(dir, kind),
				// Later each time, so that it ends; within and between the writes of an object.
				death: { objects: 3 + killed * 9, milliseconds: [0, 3, 15][killed % 3] },
			});
			const { code } = await runCommand(process.execPath, [script, task], { env: {} });
			if (code === 0) return killed;
		}
		throw new Error('no worker came to the end');
	}
	expect(await toItsEnd('backup')).toBeGreaterThan(2);
	const store = openObjectStore(bucket, new AbortController().signal);
	const seen = await seeBackup({ store, folder });
	expect(await verifyBackup(seen)).toEqual([]);
	expect(seen.manifest?.problems).toEqual([]);
	// Nothing else is left of those that were killed.
	expect((await store.list(`${folder}/`)).length).toBe((seen.manifest?.objects.length ?? 0) + 1);
	store.close();
	expect(await toItsEnd('restore')).toBeGreaterThan(2);
	runScript(pair.target.dbUrl, 'drop schema if exists _twins cascade');
	expect(dumpedStatements(pair.target.dbUrl)).toEqual(dumpedStatements(pair.source.dbUrl));
	expect(await rowSums(pair.target)).toEqual(await rowSums(pair.source));
}, 300_000);
