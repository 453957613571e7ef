// Backups as runs of the queue: taken, read back, kept, given up, deleted; in slices, by workers that die, into stores that fail.
import { gunzipSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeBackupWork } from '../../supabase/functions/_shared/backup/work.ts';
import type { Manifest } from '../../supabase/functions/_shared/domain/backup.ts';
import { TwinsError } from '../../supabase/functions/_shared/domain/errors.ts';
import { type BackupRuns, openBackupRuns, type Row } from '../helpers/backup-runs.ts';
import { openFaultyStore } from '../helpers/faulty-store.ts';

let runs: BackupRuns;
beforeAll(async () => {
	runs = await openBackupRuns();
});
beforeEach(() => runs.reset());

async function manifestOf(backup: Row): Promise<Manifest> {
	const bytes = await runs.store.get(`${runs.folderOf(backup)}/manifest.json`);
	return JSON.parse(new TextDecoder().decode(bytes)) as Manifest;
}

/** All rows of a table as the backup has them, in no order. */
async function keptRows(backup: Row, table: string): Promise<string[]> {
	const { tables } = await manifestOf(backup);
	const parts = tables.find((one) => one.table === table)?.parts ?? [];
	const texts = await Promise.all(
		parts.map(async (name) =>
			gunzipSync(await runs.store.get(`${runs.folderOf(backup)}/${name}`)).toString(),
		),
	);
	return texts.join('').trimEnd().split('\n').toSorted();
}

const SMALL = makeBackupWork(300_000);
const byName = (one: Row, other: Row): number => (one['name'] < other['name'] ? -1 : 1);

describe('a backup', () => {
	it('is taken in one slice and of one moment where that is enough', async () => {
		const backup = await runs.takeBackup();
		expect(backup).toMatchObject({ status: 'complete', problems: '0', moments: 1, error: null });
		expect(backup['location']).toBe(
			`s3://backups/users/${runs.control.userId}/${String(backup['folder'])}`,
		);
		const { moments, tables, objects } = await manifestOf(backup);
		expect(moments).toHaveLength(1);
		expect(backup).toMatchObject({
			tables: String(tables.length),
			bytes: String(objects.reduce((sum, { bytes }) => sum + bytes, 0)),
		});
	});

	it('is taken in many slices, whatever dies on the way, says of which moments it is, and leaves nothing else', async () => {
		const whole = await runs.takeBackup();
		const { id } = await runs.startBackup();
		let slices = 0;
		await runs.workAll({
			work: {
				...SMALL,
				// Every third slice is repeated: its worker died once all was written and before its cursor was stored.
				write: async (context) => {
					const written = await SMALL.write(context);
					slices += 1;
					if (slices % 3 === 0) {
						throw new TwinsError('connection_lost', 'killed', 'none', { passing: true });
					}
					return written;
				},
			},
		});
		const backup = await runs.backupOf(id);
		expect(backup).toMatchObject({ status: 'complete', problems: '0' });
		const manifest = await manifestOf(backup);
		expect(manifest.moments.length).toBeGreaterThan(5);
		expect(backup['moments']).toBe(manifest.moments.length);
		for (const table of ['"public"."Or""ders"', '"public"."loose"', '"public"."pairs"']) {
			expect(await keptRows(backup, table)).toEqual(await keptRows(whole, table));
		}
		const orders = manifest.tables.find(({ table }) => table === '"public"."Or""ders"');
		expect(orders?.rows).toBe(9000);
		expect(orders?.moments.length).toBeGreaterThan(1);
		expect((await runs.objectsOf(backup)).toSorted()).toEqual(
			[...manifest.objects.map(({ name }) => name), 'manifest.json'].toSorted(),
		);
	});

	it.each([
		[
			'404',
			{ method: 'PUT', from: 2, status: 404, code: 'NoSuchBucket', times: 9999 },
			'NoSuchBucket',
		],
		[
			'the clock',
			{ method: 'PUT', from: 2, status: 403, code: 'RequestTimeTooSkewed', times: 9999 },
			'RequestTimeTooSkewed',
		],
		[
			'403',
			{ method: 'PUT', from: 3, status: 403, code: 'AccessDenied', times: 9999 },
			'AccessDenied',
		],
		[
			'a full store',
			{ method: 'PUT', from: 3, status: 507, code: 'InsufficientStorage', times: 9999 },
			'InsufficientStorage',
		],
	] as const)(
		'that a store refuses (%s) fails with the reason and leaves nothing',
		async (_, fault, words) => {
			const proxy = await openFaultyStore(runs.bucket.endpoint ?? '', fault);
			const { id } = await runs.startBackup();
			await runs.workAll({ endpoint: proxy.endpoint });
			await proxy.close();
			const backup = await runs.backupOf(id);
			expect(backup).toMatchObject({ status: 'failed' });
			expect(JSON.stringify(backup['error'])).toContain(words);
			expect(await runs.objectsOf(backup)).toEqual([]);
			const told = await runs.control.sql`select title from public.notifications`;
			expect(told).toMatchObject([{ title: `Backup failed: ${String(backup['project_name'])}` }]);
		},
		60_000,
	);

	it.each([
		['500', { method: 'PUT', from: 2, status: 500, code: 'InternalError', times: 2 }],
		['503', { method: 'PUT', from: 2, status: 503, code: 'SlowDown', times: 2 }],
		['a cut connection', { method: 'PUT', from: 2, status: 'cut', times: 2 }],
	] as const)('outlasts %s', async (_, fault) => {
		const proxy = await openFaultyStore(runs.bucket.endpoint ?? '', fault);
		const { id } = await runs.startBackup();
		await runs.workAll({ endpoint: proxy.endpoint });
		await proxy.faulted;
		await proxy.close();
		expect(await runs.backupOf(id)).toMatchObject({ status: 'complete', problems: '0' });
	});

	it('is taken with a clone that asks for it, and is no matter of the clone', async () => {
		const jobId = await runs.control.startClone({ backup: true });
		const [backup] = await runs.control.sql`select * from public.backups where job_id = ${jobId}`;
		expect(backup).toMatchObject({ status: 'in_progress', ref: runs.control.sourceRef });
		await runs.control.sql`delete from private.steps where job_id = ${jobId}`;
		const proxy = await openFaultyStore(runs.bucket.endpoint ?? '', {
			...{ method: 'PUT', from: 0, status: 403, code: 'AccessDenied', times: 9999 },
		});
		await runs.workAll({ endpoint: proxy.endpoint });
		await proxy.close();
		expect(await runs.backupOf(backup?.['id'])).toMatchObject({ status: 'failed' });
		expect(await runs.jobOf(jobId)).toMatchObject({ status: 'pending', error: null });
	});

	it('is not taken twice at once, nor while a clone writes its project', async () => {
		await runs.startBackup();
		await expect(runs.startBackup()).rejects.toThrow('is being taken');
		await runs.reset();
		const { accountId, sourceRef, targetRef } = runs.control;
		await runs.control.startClone();
		await expect(runs.call('start_backup', accountId, targetRef)).rejects.toThrow('is writing');
		await expect(runs.call('start_backup', accountId, sourceRef, { keep: 1 })).rejects.toThrow(
			'options are not known',
		);
	});
});

describe('reading back', () => {
	it('finds a changed byte in each kind of object, a missing one, and an emptied bucket', async () => {
		const backup = await runs.takeBackup();
		const folder = runs.folderOf(backup);
		const proof = async (mode = 'whole'): Promise<Row> => {
			await runs.call('prove_backup', backup['id'], mode);
			await runs.workAll();
			return (await runs.backupOf(backup['id']))['proof'] as Row;
		};
		const names = (await manifestOf(backup)).objects.map(({ name }) => name);
		const part = names.find((name) => name.startsWith('rows/')) ?? '';
		const kinds = names.filter((name) => !name.startsWith('rows/'));
		expect(kinds).toHaveLength(16);
		const whole = new Map<string, Uint8Array>();
		for (const name of [...kinds, part]) {
			const bytes = await runs.store.get(`${folder}/${name}`);
			if (bytes.length === 0) continue;
			whole.set(name, bytes);
			await runs.store.put(`${folder}/${name}`, bytes.with(0, (bytes[0] ?? 0) ^ 1));
		}
		expect(((await proof())['damaged'] as Row[]).toSorted(byName)).toEqual(
			[...whole.keys()].map((name) => ({ name, problem: 'changed' })).toSorted(byName),
		);
		for (const [name, bytes] of whole) await runs.store.put(`${folder}/${name}`, bytes);
		expect(await proof('sampled')).toMatchObject({ mode: 'sampled', damaged: [] });
		await runs.store.remove([`${folder}/${part}`]);
		expect(await proof('sampled')).toMatchObject({ damaged: [{ name: part, problem: 'missing' }] });
		await runs.store.remove([`${folder}/manifest.json`]);
		expect(await proof()).toMatchObject({
			error: { message: expect.stringContaining('is no complete backup') as string },
		});
		const proven = await runs.backupOf(backup['id']);
		expect(proven['is_being_proven']).toBe(false);
		expect(proven['proven_at']).not.toBeNull();
		// A bucket that somebody has cleaned by hand is noticed within a week, and the user is told.
		const { sql } = runs.control;
		await sql`truncate public.notifications cascade`;
		await runs.store.remove((await runs.objectsOf(backup)).map((name) => `${folder}/${name}`));
		const look = () => sql`select private.prove_old_backups() as count`;
		expect(await look()).toMatchObject([{ count: 0 }]);
		await sql`update public.backups set finished_at = now() - interval '8 days', proven_at = now() - interval '8 days'`;
		expect(await look()).toMatchObject([{ count: 1 }]);
		expect(await look()).toMatchObject([{ count: 0 }]);
		await runs.workAll();
		expect(await sql`select event, title from public.notifications`).toMatchObject([
			{
				event: 'verification_failed',
				title: `Backup damaged: ${String(backup['project_name'])}`,
			},
		]);
	});
});

describe('deleting', () => {
	it('removes all objects; one that is being taken is given up first', async () => {
		const backup = await runs.takeBackup();
		await runs.call('delete_backup', backup['id']);
		await runs.workAll();
		expect(await runs.backupOf(backup['id'])).toMatchObject({ status: 'deleted', error: null });
		expect(await runs.objectsOf(backup)).toEqual([]);
		await expect(runs.call('delete_backup', backup['id'])).rejects.toThrow('deleted already');

		const { id } = await runs.startBackup();
		await runs.workAll({
			work: SMALL,
			onSlice: async (slices) => {
				if (slices === 2) await runs.call('delete_backup', id);
			},
		});
		const unwanted = await runs.backupOf(id);
		expect(unwanted).toMatchObject({ status: 'deleted' });
		expect(await runs.objectsOf(unwanted)).toEqual([]);
	});

	it('says when the store does not remove them, and can be asked for again', async () => {
		const backup = await runs.takeBackup();
		const proxy = await openFaultyStore(runs.bucket.endpoint ?? '', {
			...{ method: 'POST', from: 0, status: 403, code: 'AccessDenied', times: 9999 },
		});
		await runs.call('delete_backup', backup['id']);
		await runs.workAll({ endpoint: proxy.endpoint });
		await proxy.close();
		const left = await runs.backupOf(backup['id']);
		expect(left).toMatchObject({ status: 'complete', is_unwanted: false });
		expect(JSON.stringify(left['error'])).toContain('AccessDenied');
		await runs.call('delete_backup', backup['id']);
		await runs.workAll();
		expect(await runs.backupOf(backup['id'])).toMatchObject({ status: 'deleted', error: null });
	});

	it('leaves a folder in which somebody keeps something else', async () => {
		const backup = await runs.takeBackup();
		await runs.store.put(`${runs.folderOf(backup)}/mine.txt`, new Uint8Array(3));
		await runs.call('delete_backup', backup['id']);
		await runs.workAll();
		const left = await runs.backupOf(backup['id']);
		expect(JSON.stringify(left['error'])).toContain('mine.txt');
		expect((await runs.objectsOf(left)).length).toBeGreaterThan(5);
	});
});

describe('a bucket that users share', () => {
	it('is in folders of their own: nobody restores, reads back or removes what is another’s', async () => {
		const backup = await runs.takeBackup();
		const { sql, userId, targetRef } = runs.control;
		const other = '22222222-2222-4222-8222-222222222222';
		await sql`insert into auth.users (id) values (${other}) on conflict do nothing`;
		const [theirs] =
			await sql`insert into public.backups (owner_id, ref, project_name, folder, status, components, manifest_sha256)
			values (${other}, ${String(backup['ref'])}, 'Theirs', ${String(backup['folder'])}, 'complete', '{tables}', ${String(backup['manifest_sha256'])})
			returning *`;
		const before = await runs.objectsOf(backup);
		// Of the other user, by the name of the first one's folder: it leads into a folder of his own.
		for (const kind of ['prove', 'remove']) {
			await sql`insert into private.steps (backup_id, kind, stage) values (${String(theirs?.['id'])}, ${kind}, 'whole')`;
			if (kind === 'remove')
				await sql`update public.backups set is_unwanted = true where owner_id = ${other}`;
			else await sql`update public.backups set is_being_proven = true where owner_id = ${other}`;
			await runs.workAll();
		}
		const ended = await runs.backupOf(theirs?.['id']);
		expect(ended).toMatchObject({ status: 'deleted' });
		expect(JSON.stringify(ended['proof'])).toContain('is no complete backup');
		expect(await runs.objectsOf(backup)).toEqual(before);
		expect(runs.folderOf(backup)).toContain(userId);
		await sql`delete from public.backups where owner_id = ${other}`;
		// Nor by asking for the id of what is not one's own.
		const mine = backup['id'];
		await sql`update public.backups set owner_id = ${other} where id = ${String(mine)}`;
		for (const name of ['prove_backup', 'delete_backup']) {
			await expect(runs.call(name, mine)).rejects.toThrow('no such backup');
		}
		await expect(
			runs.call('start_restore', mine, runs.control.accountId, targetRef),
		).rejects.toThrow('no such backup');
	});
});

describe('retention', () => {
	it('removes what a twin keeps no longer, and never its last complete backup', async () => {
		const { sql, accountId, sourceRef, targetRef, userId } = runs.control;
		const [twin] =
			await sql`insert into public.twins (owner_id, source_account_id, source_ref, target_account_id, target_ref)
			values (${userId}, ${accountId}, ${sourceRef}, ${accountId}, ${targetRef}) returning id`;
		const twin_id = String(twin?.['id']);
		const ids: unknown[] = [];
		for (const days of [40, 20, 10]) {
			const { id } = await runs.startBackup({ twin_id });
			await runs.workAll();
			await sql`update public.backups set created_at = now() - make_interval(days => ${days}) where id = ${String(id)}`;
			ids.push(id);
		}
		const statuses = () =>
			Promise.all(ids.map(async (id) => (await runs.backupOf(id))['status'] as string));
		await runs.call('save_retention', twin_id, null, 30);
		await runs.workAll();
		expect(await statuses()).toEqual(['deleted', 'complete', 'complete']);
		await runs.call('save_retention', twin_id, 1, 5);
		await runs.workAll();
		expect(await statuses()).toEqual(['deleted', 'deleted', 'complete']);
		await expect(runs.call('save_retention', twin_id, 0, null)).rejects.toThrow('1 to 1000');
	});
});
