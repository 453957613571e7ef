// Backups: written by the command line into a bucket, restored with psql, gunzip and sha256sum alone.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpointOpener, parseEndpoint } from '../../cli/endpoints.ts';
import { ROOT_DIR } from '../../local/state-dir.ts';
import { deleteBackup, listBackups } from '../../supabase/functions/_shared/backup/list.ts';
import { verifyBackup } from '../../supabase/functions/_shared/backup/prove.ts';
import { openBackup } from '../../supabase/functions/_shared/backup/open.ts';
import { writeBackup } from '../../supabase/functions/_shared/backup/write.ts';
import type { Manifest } from '../../supabase/functions/_shared/domain/backup.ts';
import {
	openObjectStore,
	type Destination,
	type ObjectStore,
} from '../../supabase/functions/_shared/platform/object-store.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { runCommand, type Ended } from '../helpers/command.ts';
import { corpusCases, runScript } from '../helpers/corpus.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { openFaultyStore, type Fault } from '../helpers/faulty-store.ts';
import { download, openS3 } from '../helpers/object-store.ts';
import { rowSums } from '../helpers/row-sums.ts';
import { errorOf, rowsOf } from '../helpers/run-sql.ts';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'twins-backup-'));
afterAll(() => fs.rmSync(home, { recursive: true }));

let bucket: Destination;
let store: ObjectStore;
beforeAll(async () => {
	bucket = await openS3();
	store = openObjectStore(bucket, new AbortController().signal);
});
afterAll(() => store.close());

/** The command, as a shell runs it; `endpoint`: of the store. */
const twins = (words: readonly string[], endpoint = bucket.endpoint): Promise<Ended> =>
	runCommand(process.execPath, [path.join(ROOT_DIR, 'cli/main.ts'), ...words], {
		env: {
			XDG_STATE_HOME: home,
			SUPABASE_ACCESS_TOKEN: '',
			AWS_ENDPOINT_URL_S3: endpoint ?? '',
			AWS_REGION: bucket.region,
			AWS_ACCESS_KEY_ID: bucket.accessKeyId,
			AWS_SECRET_ACCESS_KEY: bucket.secretAccessKey,
		},
	});

const backupWords = ({ source }: Pair, prefix: string): string[] => [
	...['backup', '--from', source.dbUrl],
	...['--to', `s3://${bucket.bucket}/${prefix}`],
];

/** Writes a backup within this process. */
async function writeHere(
	{ source }: Pair,
	folder: string,
	more: Partial<Parameters<typeof writeBackup>[0]> = {},
): Promise<Manifest> {
	const named = parseEndpoint('--from', source.dbUrl);
	const open = endpointOpener({ source: named, target: named }, {});
	const signal = more.signal ?? new AbortController().signal;
	const endpoint = await open('source', signal);
	try {
		return await writeBackup({ source: endpoint, store, folder, ignoreRules: [], signal, ...more });
	} finally {
		await endpoint.close();
	}
}

interface BackupReport {
	readonly backup: string;
	readonly problems: readonly unknown[];
	readonly tables: readonly { table: string; rows: number; parts: string[] }[];
	readonly objects: readonly { name: string }[];
}

async function backUp(pair: Pair, prefix: string): Promise<BackupReport> {
	const ended = await twins([...backupWords(pair, prefix), '--json']);
	expect(ended.stderr).toBe('');
	expect(ended.code).toBe(0);
	return JSON.parse(ended.stdout) as BackupReport;
}

const folderOf = ({ backup }: BackupReport): string => backup.replace(`s3://${bucket.bucket}/`, '');

async function downloaded(folder: string): Promise<string> {
	const dir = fs.mkdtempSync(path.join(home, 'download-'));
	await download(store, folder, dir);
	return dir;
}

const restore = (dir: string, url: string): string =>
	execFileSync('sh', ['restore.sh', url], { cwd: dir, encoding: 'utf8', stdio: 'pipe' });

const USERS = `select u.id, u.email, u.encrypted_password, i.provider, i.identity_data
	from auth.users u left join auth.identities i on i.user_id = u.id order by 1, 4`;

const SHOP = `
	insert into auth.users (id, instance_id, aud, role, email, encrypted_password)
	values ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated', 'ada@example.com', 'hash');
	insert into auth.identities (provider_id, user_id, identity_data, provider)
	values ('a', '00000000-0000-0000-0000-00000000000a', '{"sub": "a"}', 'email');
	create schema "Odd 'schema'; \\! exit";
	create type mood as enum ('fine', 'it''s');
	create table notes (id bigint generated always as identity primary key, owner uuid references auth.users (id), mood mood, body text);
	insert into notes (owner, mood, body) select '00000000-0000-0000-0000-00000000000a', 'it''s', repeat('line' || i || e'\\n\\\\.\\t', 50) from generate_series(1, 3000) as i;
	create table "Odd 'schema'; \\! exit"."a.b
c $(exit) /" ("co""l
umn" int, note bigint references notes (id));
	insert into "Odd 'schema'; \\! exit"."a.b
c $(exit) /" values (1, 1), (null, null);
	create table "Notes" (a int); create table empty (a int);
	create table checked (n int); insert into checked values (-1); alter table checked add constraint positive check (n > 0) not valid;
	create table logs (id int, at date) partition by range (at);
	create table logs_1 partition of logs for values from ('2026-01-01') to ('2026-02-01');
	insert into logs values (1, '2026-01-05');
	create materialized view sums as select mood, count(*) from notes group by mood;
	create function public.stop() returns trigger language plpgsql as 'begin raise exception ''no''; end';
	create trigger stop before insert on notes for each row execute function public.stop();
	create trigger stop_always before insert on checked for each row execute function public.stop();
	alter table checked enable always trigger stop_always;
	alter table notes enable row level security;
	create policy own on notes for select to authenticated using (owner = auth.uid());
	grant select on notes to authenticated;`;

describe('a backup', () => {
	let pair: Pair;
	let report: BackupReport;
	beforeAll(async () => {
		pair = await freshPair();
		runScript(pair.source.dbUrl, SHOP);
		report = await backUp(pair, 'shop');
	});

	it('is restored by psql, gunzip and sha256sum alone, exactly', async () => {
		expect(report.problems).toEqual([]);
		restore(await downloaded(folderOf(report)), pair.target.dbUrl);
		expect(dumpedStatements(pair.target.dbUrl)).toEqual(dumpedStatements(pair.source.dbUrl));
		expect(await rowSums(pair.target)).toEqual(await rowSums(pair.source));
		expect(await rowsOf(pair.target.dbUrl, USERS)).toEqual(await rowsOf(pair.source.dbUrl, USERS));
		const next = `select last_value, is_called from notes_id_seq`;
		expect(await rowsOf(pair.target.dbUrl, next)).toEqual(await rowsOf(pair.source.dbUrl, next));
		const held = 'select * from sums';
		expect(await rowsOf(pair.target.dbUrl, held)).toEqual(await rowsOf(pair.source.dbUrl, held));
	});

	it('is restored by the command line as well, and single tables of it', async () => {
		const { target } = await freshPair();
		const words = ['restore', '--from', report.backup, '--to', target.dbUrl];
		expect(await twins(words)).toMatchObject({ code: 0, stderr: '' });
		expect(dumpedStatements(target.dbUrl)).toEqual(dumpedStatements(pair.source.dbUrl));
		expect(await rowSums(target)).toEqual(await rowSums(pair.source));
		const unasked = await twins(words);
		expect(unasked).toMatchObject({ code: 2, stdout: '' });
		expect(unasked.stderr).toContain('The target already has');
		// A trigger that fires always stands in the way of loading it.
		runScript(
			target.dbUrl,
			'alter table notes enable always trigger stop; update notes set body = null',
		);
		const name = /confirm with the target's ref "([^"]+)"/.exec(unasked.stderr)?.[1] ?? '';
		const again = [...words, '--table', 'public.notes', '--confirm-target', name];
		expect((await twins(again)).stdout).toBe('1 object restored\n');
		expect(await rowSums(target)).toEqual(await rowSums(pair.source));
	});

	it('is found whole when it is read back, and a changed byte is found in each kind of object', async () => {
		const folder = folderOf(report);
		const command = (): Promise<Ended> => twins(['verify-backup', '--from', report.backup]);
		expect(await command()).toMatchObject({ code: 0, stderr: '' });
		const whole = await openBackup({ store, folder });
		const damaged = () => verifyBackup(whole);
		const part = report.tables.find(({ table }) => table === '"public"."notes"')?.parts[0] ?? '';
		for (const name of ['schema.sql', 'after-rows.sql', 'restore.sh', 'SHA256SUMS', part]) {
			const bytes = await store.get(`${folder}/${name}`);
			await store.put(`${folder}/${name}`, bytes.with(10, (bytes[10] ?? 0) ^ 1));
			expect(await damaged()).toEqual([{ name, problem: 'changed' }]);
			await store.put(`${folder}/${name}`, bytes.subarray(1));
			expect(await damaged()).toEqual([{ name, problem: 'of another size' }]);
			await store.remove([`${folder}/${name}`]);
			expect(await damaged()).toEqual([{ name, problem: 'missing' }]);
			if (name === part) {
				expect(await command()).toMatchObject({ code: 1, stdout: `${name} is missing\n` });
			}
			await store.put(`${folder}/${name}`, bytes);
		}
	});

	it('is listed with its state, and deleted alone', async () => {
		const [one, other] = ['2026-11-29T07-00-00-000Z-0000', '2026-11-29T08-00-00-000Z-0000'];
		const kept = openObjectStore({ ...bucket, prefix: 'kept' }, new AbortController().signal);
		await writeHere(pair, `shop/${one}`, { store: kept });
		await writeHere(pair, `shop/${other}`, { store: kept });
		await kept.put('shop/notes.txt', new Uint8Array(1));
		const states = async (): Promise<string[]> =>
			(await listBackups(kept)).map(({ state, folder }) => `${state} ${folder}`);
		expect(await states()).toEqual([`complete shop/${one}`, `complete shop/${other}`]);
		await kept.remove([`shop/${one}/schema.sql`]);
		expect(await states()).toEqual([`damaged shop/${one}`, `complete shop/${other}`]);
		await kept.remove([`shop/${one}/manifest.json`]);
		expect(await states()).toEqual([`incomplete shop/${one}`, `complete shop/${other}`]);
		const words = (name: string, from = ''): string[] => [
			name,
			'--from',
			`s3://${bucket.bucket}/kept${from}`,
		];
		const listed = await twins(words('list-backups'));
		expect(listed).toMatchObject({ code: 1, stderr: '' });
		expect(listed.stdout).toMatch(/^incomplete .*\ncomplete .* s3:\/\/backups\/kept\/shop\//);
		expect(await twins(words('delete-backup', `/shop/${one}`))).toMatchObject({ code: 0 });
		expect(await states()).toEqual([`complete shop/${other}`]);
		// The folder above has more in it.
		await expect(deleteBackup(kept, 'shop')).rejects.toThrow('not the folder of a backup alone');
		await expect(deleteBackup(kept, `shop/${one}`)).rejects.toThrow('There is nothing in');
		expect(await states()).toEqual([`complete shop/${other}`]);
		kept.close();
	});

	it('says by name what is no backup, incomplete, damaged or too new', async () => {
		const verify = (name: string) =>
			twins(['verify-backup', '--from', `s3://${bucket.bucket}/${name}`]);
		const manifest = JSON.parse(
			new TextDecoder().decode(await store.get(`${folderOf(report)}/manifest.json`)),
		) as object;
		const put = (name: string, text: string): Promise<void> =>
			store.put(`${name}/manifest.json`, new TextEncoder().encode(text));
		await put('foreign', '{"format": "other"}');
		await put('newer', JSON.stringify({ ...manifest, version: 2 }));
		await put('cut', JSON.stringify(manifest).slice(0, 100));
		await put('odd', JSON.stringify({ ...manifest, tables: 1 }));
		const answers = [
			['nothing', 'nothing is no complete backup'],
			['foreign', 'foreign is no backup of Twins'],
			['newer', 'newer was written by a newer version'],
			['cut', 'cut is no backup of Twins'],
			['odd', 'odd has a damaged manifest.json: tables'],
		] as const;
		for (const [name, words] of answers) {
			const ended = await verify(name);
			expect(ended).toMatchObject({ code: 2, stdout: '' });
			expect(ended.stderr).toContain(words);
		}
	});

	it('is of one moment, whatever is written meanwhile', async () => {
		const busy = await freshPair();
		runScript(
			busy.source.dbUrl,
			`create table one (n int); create table two (n int); insert into one values (1); insert into two values (1);`,
		);
		let isFirst = true;
		const changing: ObjectStore = {
			...store,
			async put(name, body) {
				if (name.includes('/rows/') && isFirst) {
					isFirst = false;
					const url = busy.source.dbUrl;
					await rowsOf(
						url,
						'update one set n = 2; update two set n = 2; insert into two values (3)',
					);
					const altered = rowsOf(
						url,
						`set lock_timeout = '50ms'; alter table two add column more int`,
					);
					expect(await errorOf(altered)).toMatch(/^55P03/);
				}
				await store.put(name, body);
			},
		};
		const { tables } = await writeHere(busy, 'busy', { store: changing });
		const parts = tables.flatMap((table) => table.parts);
		const texts = await Promise.all(
			parts.map(async (name) => gunzipSync(await store.get(`busy/${name}`)).toString()),
		);
		expect(texts).toEqual(['1\n', '1\n']);
	});

	it('keeps a table in parts that end with a row', async () => {
		const { tables } = await writeHere(pair, 'parts', { partBytes: 300_000 });
		const partsOf = (list: BackupReport['tables']): string[] =>
			list.find(({ table }) => table === '"public"."notes"')?.parts ?? [];
		const read = (folder: string, names: string[]): Promise<string[]> =>
			Promise.all(
				names.map(async (name) => gunzipSync(await store.get(`${folder}/${name}`)).toString()),
			);
		const parts = await read('parts', partsOf(tables));
		expect(parts.length).toBeGreaterThan(3);
		expect(parts.every((part) => part.endsWith('\n'))).toBe(true);
		expect(parts.join('')).toBe((await read(folderOf(report), partsOf(report.tables))).join(''));
	});

	it.each([
		'data--functions-of-their-own-schema',
		'data--tables-and-values',
		'functions--tangled',
		'policies--call-that-became-ambiguous',
		'tables--changed-privileges',
		'tables--hostile-names',
		'tables--inheritance',
		'tables--owners-and-odds',
	])('is restored exactly: %s', async (name) => {
		const odd = await freshPair();
		const files = corpusCases().find((one) => one.name === name)?.files;
		for (const { adminUrl } of [odd.source, odd.target]) runScript(adminUrl, files?.admin ?? '');
		runScript(odd.source.dbUrl, files?.source ?? '');
		const manifest = await writeHere(odd, name);
		expect(manifest.problems.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
		restore(await downloaded(name), odd.target.dbUrl);
		expect(dumpedStatements(odd.target.dbUrl)).toEqual(dumpedStatements(odd.source.dbUrl));
		expect(await rowSums(odd.target)).toEqual(await rowSums(odd.source));
	});
});

describe('a store in trouble', () => {
	let pair: Pair;
	beforeAll(async () => {
		pair = await freshPair();
		runScript(
			pair.source.dbUrl,
			`create table notes as select i as id, md5(i::text) as body from generate_series(1, 20000) as i;`,
		);
	});

	/** The command against a proxy that answers the n-th request of a method by itself. */
	const through = async (fault: Fault, prefix: string): Promise<Ended> => {
		const proxy = await openFaultyStore(bucket.endpoint ?? '', fault);
		const ended = await twins(backupWords(pair, prefix), proxy.endpoint);
		await proxy.close();
		return ended;
	};

	it.each([
		['500', { status: 500, code: 'InternalError', times: 2 }],
		['503', { status: 503, code: 'SlowDown', times: 2 }],
		['a cut connection', { status: 'cut', times: 2 }],
	] as const)('is asked again after %s', async (name, fault) => {
		const ended = await through({ method: 'PUT', from: 1, ...fault }, `again ${name}`);
		expect(ended).toMatchObject({ code: 0, stderr: '' });
		expect(ended.stdout).toContain('20,000 rows');
	});

	it.each([
		['write', { method: 'PUT', from: 3, status: 403, code: 'AccessDenied' }, 's3:PutObject'],
		['write', { method: 'PUT', from: 1, status: 404, code: 'NoSuchBucket' }, 'Make the bucket'],
		[
			'read',
			{ method: 'GET', from: 0, status: 403, code: 'AccessDenied', of: 'manifest' },
			's3:GetObject',
		],
	] as const)('that refuses to %s leaves nothing behind: %o', async (action, fault, words) => {
		const prefix = `refused-${fault.method}-${fault.status}-${fault.from}`;
		const ended = await through({ times: Infinity, ...fault }, prefix);
		expect(ended.code).not.toBe(0);
		expect(ended.stderr).toContain(`Could not ${action}`);
		expect(ended.stderr).toContain(words);
		expect(await store.list(`${prefix}/`)).toEqual([]);
	});

	it('leaves nothing behind when the backup is interrupted', async () => {
		const proxy = await openFaultyStore(bucket.endpoint ?? '', {
			method: 'PUT',
			from: 3,
			times: Infinity,
			status: 'hold',
		});
		const stop = new AbortController();
		const held = openObjectStore({ ...bucket, endpoint: proxy.endpoint }, stop.signal);
		const running = writeHere(pair, 'interrupted', { store: held, signal: stop.signal });
		await proxy.faulted;
		expect(await store.list('interrupted/')).toHaveLength(3);
		stop.abort();
		await expect(running).rejects.toThrow('aborted');
		expect(await store.list('interrupted/')).toEqual([]);
		held.close();
		await proxy.close();
	});

	it('is asked for with what is needed, before anything is read', async () => {
		const from = ['backup', '--from', pair.source.dbUrl];
		const wrong = await twins([...from, '--to', 'bucket/folder']);
		expect(wrong).toMatchObject({ code: 2 });
		expect(wrong.stderr).toContain('no address of a bucket');
		const address = await twins([...from, '--to', 's3://backups'], 'minio.local');
		expect(address).toMatchObject({ code: 2 });
		expect(address.stderr).toContain('AWS_ENDPOINT_URL_S3 is no URL');
		const empty = await twins(['verify-backup', '--from', 's3://backups']);
		expect(empty).toMatchObject({ code: 2 });
	});
});
