// Restores as runs of the queue: without the source, in slices, refused before anything is written, whole and in parts. And the
// destinations that users save.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { makeBackupWork } from '../../supabase/functions/_shared/backup/work.ts';
import { act } from '../../supabase/functions/_shared/destinations/actions.ts';
import { TwinsError } from '../../supabase/functions/_shared/domain/errors.ts';
import { makeAgeKeys } from '../../supabase/functions/_shared/platform/age.ts';
import type { Reach } from '../../supabase/functions/_shared/platform/outgoing-post.ts';
import { type BackupRuns, openBackupRuns, type Row } from '../helpers/backup-runs.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { runScript } from '../helpers/corpus.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { rowSums } from '../helpers/row-sums.ts';
import { rowsOf } from '../helpers/run-sql.ts';

let runs: BackupRuns;
beforeAll(async () => {
	runs = await openBackupRuns();
});
beforeEach(() => runs.reset());

const GONE = { dbUrl: '', adminUrl: '' };

/** A new target, of a source that cannot be reached. */
async function freshTarget(): Promise<Pair> {
	return { source: GONE, target: (await freshPair()).target };
}

async function restore(
	backup: Row,
	urls: Pair,
	options: object = {},
	more: Parameters<BackupRuns['workAll']>[0] = {},
): Promise<Row> {
	const { id } = await runs.startRestore(backup, options);
	await runs.workAll({ urls, ...more });
	return runs.jobOf(id);
}

const itemsOf = ({ id }: Row) =>
	runs.control
		.sql`select component, object, outcome, detail from public.job_items where job_id = ${String(id)}`;

const tablesOf = (urls: Pair) =>
	rowsOf(urls.target.dbUrl, `select count(*)::int from pg_tables where schemaname = 'public'`);

const USERS = 'select id, email, encrypted_password from auth.users';

describe('a restore', () => {
	it('makes an empty project what the source was, without it, whatever dies on the way', async () => {
		const backup = await runs.takeBackup({ work: makeBackupWork(400_000) });
		const urls = await freshTarget();
		const work = makeBackupWork();
		let slices = 0;
		const job = await restore(
			backup,
			urls,
			{},
			{
				isSliced: true,
				work: {
					...work,
					// Every fourth slice is repeated: its worker died before its cursor was stored.
					restore: async (context) => {
						const restored = await work.restore(context);
						slices += 1;
						if (slices % 4 === 0) {
							throw new TwinsError('connection_lost', 'killed', 'none', { passing: true });
						}
						return restored;
					},
				},
			},
		);
		expect(job).toMatchObject({ status: 'completed', error: null, kind: 'restore' });
		expect(slices).toBeGreaterThan(30);
		const { source } = runs.pair;
		const { target } = urls;
		expect(dumpedStatements(target.dbUrl)).toEqual(dumpedStatements(source.dbUrl));
		expect(await rowSums(target)).toEqual(await rowSums(source));
		expect(await rowsOf(target.dbUrl, USERS)).toEqual(await rowsOf(source.dbUrl, USERS));
		const next = 'select last_value, is_called from "Or""ders_id_seq"';
		expect(await rowsOf(target.dbUrl, next)).toEqual(await rowsOf(source.dbUrl, next));
		const left = `select 1 from pg_namespace where nspname = '_twins'`;
		expect(await rowsOf(target.dbUrl, left)).toEqual([]);
		const items = await itemsOf(job);
		expect(items).toContainEqual(
			expect.objectContaining({ component: 'data', object: 'public.loose', outcome: 'copied' }),
		);
		expect(items.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
	});

	it('is refused with name and reason before anything is written when the backup is damaged', async () => {
		const backup = await runs.takeBackup();
		const folder = runs.folderOf(backup);
		const urls = await freshTarget();
		const refusals: string[] = [];
		const damage = async (name: string, bytes: Uint8Array): Promise<void> => {
			const whole = await runs.store.get(`${folder}/${name}`);
			await runs.store.put(`${folder}/${name}`, bytes);
			const job = await restore(backup, urls);
			expect(job).toMatchObject({ status: 'failed' });
			refusals.push((job['error'] as { message: string }).message);
			await runs.store.put(`${folder}/${name}`, whole);
		};
		const manifest = await runs.store.get(`${folder}/manifest.json`);
		const text = new TextDecoder().decode(manifest);
		const part = (await runs.objectsOf(backup)).find((name) => name.includes('loose')) ?? '';
		for (const name of ['schema.json', 'after-rows.json', part]) {
			const bytes = await runs.store.get(`${folder}/${name}`);
			await damage(name, bytes.with(20, (bytes[20] ?? 0) ^ 1));
		}
		const put = (changed: string) => damage('manifest.json', new TextEncoder().encode(changed));
		await put(text.replace('"version": 1', '"version": 2'));
		await put(text.replace('twins-backup', 'other'));
		await put(text.slice(0, 200));
		await put(text.replace('"finished_at"', ' "finished_at"'));
		await runs.store.remove([`${folder}/${part}`]);
		refusals.push(((await restore(backup, urls))['error'] as { message: string }).message);
		expect(
			refusals.map((words) =>
				words.replace(runs.folderOf(backup).replace(/^users\/[^/]+\//, ''), 'it'),
			),
		).toEqual([
			'it is damaged: schema.json is changed. Nothing was written',
			'it is damaged: after-rows.json is changed. Nothing was written',
			`it is damaged: ${part} is changed. Nothing was written`,
			'it was written by a newer version of Twins (format 2, this one reads 1)',
			'it is no backup of Twins',
			'it is no backup of Twins',
			'it has another manifest.json than was written',
			`it is damaged: ${part} is missing. Nothing was written`,
		]);
		expect(await tablesOf(urls)).toEqual([{ count: 0 }]);
	});

	it('does not touch a target that holds tables of the backup, nor any tables unasked', async () => {
		const backup = await runs.takeBackup();
		const urls = await freshTarget();
		runScript(urls.target.dbUrl, `create table loose (mine int); insert into loose values (1)`);
		const unasked = await restore(backup, urls);
		expect(unasked['error']).toMatchObject({
			message: expect.stringContaining('already has 1 table') as string,
		});
		const inTheWay = await restore(backup, urls, { confirm_target: runs.control.targetRef });
		expect(inTheWay['error']).toMatchObject({
			message: expect.stringContaining('has 1 table of the backup, such as public.loose') as string,
		});
		expect(await rowsOf(urls.target.dbUrl, 'select * from loose')).toEqual([{ mine: 1 }]);
		expect(await tablesOf(urls)).toEqual([{ count: 1 }]);
	});

	it('brings back single tables in place of what they hold, and leaves the others', async () => {
		const backup = await runs.takeBackup();
		const urls = await freshTarget();
		await restore(backup, urls);
		runScript(
			urls.target.dbUrl,
			`delete from "Or""ders" where id > 5; insert into loose values (-1, 'mine'); alter sequence "Or""ders_id_seq" restart with 1`,
		);
		const job = await restore(backup, urls, {
			tables: ['public.Or"ders'],
			confirm_target: runs.control.targetRef,
		});
		expect(job).toMatchObject({ status: 'completed', error: null });
		const count = (table: string) =>
			rowsOf(urls.target.dbUrl, `select count(*)::int from ${table}`);
		expect(await count('"Or""ders"')).toEqual([{ count: 9000 }]);
		expect(await count('loose')).toEqual([{ count: 9001 }]);
		expect(
			await rowsOf(
				urls.target.dbUrl,
				`insert into "Or""ders" (region) values ('new') returning id::int`,
			),
		).toEqual([{ id: 9001 }]);
		const none = await restore(backup, urls, {
			tables: ['public.nothing'],
			confirm_target: runs.control.targetRef,
		});
		expect(none['error']).toMatchObject({ message: 'The backup has no table public.nothing' });
	});

	it('of some components leaves the others', async () => {
		const backup = await runs.takeBackup();
		const urls = await freshTarget();
		const job = await restore(backup, urls, {
			components: {
				data: false,
				auth_users: false,
				policies: false,
				triggers: false,
				views: false,
			},
		});
		// The users that a row names are no part of it.
		expect(job).toMatchObject({ status: 'completed' });
		expect(await rowsOf(urls.target.dbUrl, 'select count(*)::int from loose')).toEqual([
			{ count: 0 },
		]);
		expect(
			await rowsOf(urls.target.dbUrl, `select tgname from pg_trigger where tgname = 'stop'`),
		).toEqual([]);
		expect(await rowsOf(urls.target.dbUrl, USERS)).toEqual([]);
		const asked = (options: object) => runs.startRestore(backup, options);
		await expect(asked({ components: { storage: true } })).rejects.toThrow(
			'such as this backup does not have',
		);
		await expect(asked({ tables: [] })).rejects.toThrow('no list of tables');
		await expect(asked({ tables: ['a.b'], components: { views: true } })).rejects.toThrow(
			'rows only',
		);
		await expect(asked({ replace: true })).rejects.toThrow('options are not known');
		await runs.control
			.sql`update public.projects set is_protected = true where ref = ${runs.control.targetRef}`;
		await expect(asked({})).rejects.toThrow('is protected');
		await runs.control.sql`update public.projects set is_protected = false`;
	});

	it('is canceled between two tables, and can be run again into another project', async () => {
		const backup = await runs.takeBackup();
		const urls = await freshTarget();
		const { id } = await runs.startRestore(backup);
		await runs.workAll({
			urls,
			isSliced: true,
			onSlice: async (slices) => {
				if (slices === 5) await runs.call('cancel_job', id);
			},
		});
		expect(await runs.jobOf(id)).toMatchObject({ status: 'canceled' });
		expect(await restore(backup, await freshTarget())).toMatchObject({
			status: 'completed',
			error: null,
		});
	});
});

describe('a destination', () => {
	const LOCAL: Reach = { allowsPrivate: true };

	const save = async (more: object = {}, reach = LOCAL): Promise<Row> => {
		const { endpoint, region, bucket, accessKeyId, secretAccessKey } = runs.bucket;
		const saved = await act(
			{
				...{
					action: 'save_destination',
					name: 'Offsite',
					endpoint,
					region,
					bucket,
					prefix: 'mine',
				},
				...{ access_key_id: accessKeyId, secret_access_key: secretAccessKey, recipient: null },
				...more,
			},
			{
				control: runs.session,
				environment: await runs.environment(),
				reach,
				userId: runs.control.userId,
			},
		);
		return (saved as { destination: Row }).destination;
	};

	it('is tested and saved with its key sealed; backups go there', async () => {
		const destination = await save();
		expect(destination).toMatchObject({ name: 'Offsite', prefix: 'mine', key_hint: 'test' });
		expect((await runs.store.list('mine/')).map(({ name }) => name)).toEqual([]);
		const stored = await runs.control
			.sql`select d::text as row, encode(k.ciphertext, 'escape') as sealed
			from public.backup_destinations d join private.destination_keys k on k.destination_id = d.id`;
		expect(JSON.stringify([destination, stored])).not.toContain('test-secret');

		const backup = await runs.takeBackup();
		expect(backup).toMatchObject({ status: 'complete', destination_id: destination['id'] });
		expect(await runs.store.list(`mine/${String(backup['folder'])}/`)).not.toEqual([]);
		expect(await runs.objectsOf(backup)).toEqual([]);
		const remove = () => runs.call('delete_destination', destination['id']);
		await expect(remove()).rejects.toThrow('There are backups in "Offsite"');
		await runs.call('delete_backup', backup['id']);
		await runs.workAll();
		await remove();
		expect(await runs.control.sql`select from private.destination_keys`).toHaveLength(0);
	});

	it('that names a public key keeps encrypted backups, which a restore opens with the key given for it alone', async () => {
		const { identity, recipient } = await makeAgeKeys();
		await save({ recipient });
		await expect(
			save({ recipient: recipient.slice(0, -1) + (recipient.endsWith('q') ? 'p' : 'q') }),
		).rejects.toThrow('no public key of age');
		const backup = await runs.takeBackup({ work: makeBackupWork(400_000) });
		expect(backup).toMatchObject({ status: 'complete', recipient, problems: '0' });
		const prefix = `mine/${String(backup['folder'])}/`;
		for (const { name } of await runs.store.list(prefix)) {
			expect(name.slice(prefix.length)).toMatch(
				/^(manifest\.json(\.age)?|decrypt\.sh|objects\/[0-9a-f]{32}\.age|index\/[\w-]+\.(json|age))$/,
			);
		}
		await runs.call('prove_backup', backup['id'], 'whole');
		await runs.workAll();
		expect((await runs.backupOf(backup['id']))['proof']).toMatchObject({ damaged: [] });

		const give = async (key: string) => {
			const environment = await runs.environment();
			const { control, session } = runs;
			const ports = { control: session, environment, reach: LOCAL, userId: control.userId };
			return ((await act({ action: 'give_key', identity: key }, ports)) as Row)['key_id'] as string;
		};
		const asked = (key_id?: string) => runs.startRestore(backup, key_id ? { key_id } : {});
		await expect(asked()).rejects.toThrow('is encrypted');
		await expect(give('AGE-SECRET-KEY-1')).rejects.toThrow('no key of age');
		const wrong = await give((await makeAgeKeys()).identity);
		await expect(asked(wrong)).rejects.toThrow('is encrypted');
		const urls = await freshTarget();
		const { id } = await asked(await give(identity));
		const kept = () => runs.control.sql`select k::text from private.restore_keys as k`;
		expect(await kept()).toHaveLength(1);
		expect(JSON.stringify(await kept())).not.toContain(identity.slice(20, 40));
		await runs.workAll({ urls });
		expect(await runs.jobOf(id)).toMatchObject({ status: 'completed', error: null });
		expect(await kept()).toHaveLength(0);
		expect(await rowSums(urls.target)).toEqual(await rowSums(runs.pair.source));
		await runs.call('delete_backup', backup['id']);
		await runs.workAll();
		expect(await runs.store.list(prefix)).toEqual([]);
	});

	it('keeps its place when its key is changed', async () => {
		const { id } = await save();
		expect(await save({ destination_id: id, name: 'Renamed' })).toMatchObject({
			id,
			name: 'Renamed',
		});
		await expect(save({ destination_id: id, prefix: 'elsewhere' })).rejects.toThrow(
			'another place',
		);
		const other = await runs.environment();
		await expect(
			act(
				{
					...{ action: 'save_destination', destination_id: id, name: 'Stolen', prefix: 'mine' },
					...{ endpoint: runs.bucket.endpoint, region: 'us-east-1', bucket: 'backups' },
					...{ access_key_id: 'test', secret_access_key: 'test-secret', recipient: null },
				},
				{ control: runs.session, environment: other, reach: LOCAL, userId: runs.control.accountId },
			),
		).rejects.toThrow();
	});

	it('is refused with the reason: no bucket, nobody there, a private address', async () => {
		await expect(save({ bucket: 'nowhere' })).rejects.toThrow('NoSuchBucket');
		await expect(save({ endpoint: 'http://127.0.0.1:9' })).rejects.toThrow('no answer');
		const strict: Reach = { allowsPrivate: false };
		await expect(save({}, strict)).rejects.toThrow('is not an https address');
		await expect(save({ endpoint: 'https://127.0.0.1:9' }, strict)).rejects.toThrow(
			'private network',
		);
		const rebinding: Reach = {
			allowsPrivate: false,
			resolve: () => Promise.resolve([{ address: '10.0.0.1', family: 4 }]),
		};
		await expect(save({ endpoint: 'https://s3.example.com' }, rebinding)).rejects.toThrow(
			'private network',
		);
		let looked = 0;
		const changing: Reach = {
			allowsPrivate: false,
			resolve: () =>
				Promise.resolve([{ address: looked++ === 0 ? '8.8.8.8' : '127.0.0.1', family: 4 }]),
		};
		await expect(save({ endpoint: 'https://s3.example.com' }, changing)).rejects.toThrow(
			'private network',
		);
		expect(looked).toBeGreaterThan(1);
		expect(await runs.control.sql`select from public.backup_destinations`).toHaveLength(0);
	});
});
