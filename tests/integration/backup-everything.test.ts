// Backups of a whole project, all thirteen components, restored without the source.
import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { ENABLE_WEBHOOKS } from '../../local/supabase/postgres/webhooks.ts';
import { functionsStage } from '../../supabase/functions/_shared/components/edge-functions/copy.ts';
import { openBackup, seeBackup } from '../../supabase/functions/_shared/backup/open.ts';
import { makeAgeKeys } from '../../supabase/functions/_shared/platform/age.ts';
import { verifyBackup } from '../../supabase/functions/_shared/backup/prove.ts';
import { makeBackupWork } from '../../supabase/functions/_shared/backup/work.ts';
import { COMPONENT_KEYS } from '../../supabase/functions/_shared/domain/component.ts';
import {
	openObjectStore,
	type ObjectStore,
} from '../../supabase/functions/_shared/platform/object-store.ts';
import { atEnd } from '../helpers/at-end.ts';
import { freshProject } from '../helpers/clusters.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { SOURCE_REF, TARGET_REF } from '../helpers/management-api.ts';
import { download, openS3 } from '../helpers/object-store.ts';
import { rowSums } from '../helpers/row-sums.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';
import { openStorageProject } from '../helpers/storage.ts';
import {
	LARGE,
	openWholePair,
	restoreWhole,
	takeWhole,
	USER,
	type WholePair,
} from '../helpers/whole-project.ts';

let whole: WholePair;
let store: ObjectStore;
beforeAll(async () => {
	store = openObjectStore(await openS3(), new AbortController().signal);
	atEnd(() => Promise.resolve(store.close()));
	whole = await openWholePair();
}, 120_000);

const both = async (text: string) => [
	await rowsOf(whole.pair.target.adminUrl, text),
	await rowsOf(whole.pair.source.adminUrl, text),
];

/** What only its owner may read, in names and in contents. */
const MARKS = ['zz_secret_table', 'zz-secret-file', 'zz secret words', 'name_key'];

it('is all that a clone brings, and nobody else can read it', async () => {
	const folder = 'whole/one';
	const { identity, recipient } = await makeAgeKeys();
	const given = { store, folder, isSliced: true };
	const taken = await takeWhole(whole, {
		...{ ...given, recipient, work: makeBackupWork(4 * 1024 * 1024) },
	});
	expect(taken).toMatchObject({ problems: 0 });
	const { manifest } = await openBackup({ store, folder, identity });
	expect(manifest.problems).toEqual([]);
	expect(manifest.components.toSorted()).toEqual([...COMPONENT_KEYS].toSorted());

	// Without the key: sizes and hashes, whether they are right, and nothing else.
	const seen = await seeBackup({ store, folder });
	expect(await verifyBackup(seen)).toEqual([]);
	const stored = await store.list(`${folder}/`);
	for (const { name } of stored) {
		const text = Buffer.from(await store.get(name)).toString('latin1');
		expect(MARKS.filter((mark) => text.includes(mark) || name.includes(mark))).toEqual([]);
		if (name.endsWith('.age')) expect(text).toMatch(/^age-encryption\.org\/v1\n-> X25519 /);
		else expect(name).toMatch(/\/(manifest\.json|decrypt\.sh|index\/[\w-]+\.json)$/);
	}
	await expect(openBackup({ store, folder })).rejects.toThrow('is encrypted');
	const other = await makeAgeKeys();
	await expect(restoreWhole(whole, { ...given, identity: other.identity })).rejects.toThrow(
		'The key does not open whole/one',
	);
	// A changed byte of any kind of object is found without the key, and nothing is written with it.
	for (const kind of ['/objects/', '/index/', 'manifest.json.age', 'decrypt.sh']) {
		const name = stored.find((object) => object.name.includes(kind))?.name ?? '';
		const bytes = await store.get(name);
		await store.put(name, bytes.with(bytes.length - 1, (bytes.at(-1) ?? 0) ^ 1));
		expect(await verifyBackup(seen)).toEqual([
			{ name: name.slice(folder.length + 1), problem: 'changed' },
		]);
		await expect(restoreWhole(whole, { ...given, identity })).rejects.toThrow('is damaged');
		await store.put(name, bytes);
	}
	// The source is not asked any more: there is no endpoint of it here.
	const items = await restoreWhole(whole, { ...given, identity });
	const outcome = (wanted: string) =>
		[...items].filter(([, item]) => item.outcome === wanted).map(([name]) => name);
	expect(outcome('failed')).toEqual([]);

	const { source, target } = whole.pair;
	// The webhook is another on purpose: see below.
	const structure = (url: string) =>
		dumpedStatements(url).filter((statement) => !statement.includes('callhome'));
	expect(structure(target.dbUrl)).toEqual(structure(source.dbUrl));
	expect(await rowSums(target)).toEqual(await rowSums(source));
	const [files, originals] = await both(
		`select bucket_id, name, id, owner_id, created_at, metadata ->> 'size' as size, metadata ->> 'mimetype' as mimetype,
			metadata ->> 'cacheControl' as cache_control, user_metadata from storage.objects order by 1, 2`,
	);
	expect(files).toHaveLength(5);
	expect(files).toEqual(originals);
	const [buckets, theirs] = await both(
		'select id, name, public, file_size_limit, allowed_mime_types from storage.buckets order by 1',
	);
	expect(buckets).toEqual(theirs);
	for (const { bucket_id, name } of originals ?? []) {
		const one = [String(bucket_id), ...String(name).split('/')].map(encodeURIComponent).join('/');
		const bytes = await whole.storage.target.download(one);
		expect(Buffer.from(bytes).equals(await whole.storage.source.download(one)), one).toBe(true);
	}
	expect(Buffer.from(await whole.storage.target.download('Papers%20%26%20more/large.bin'))).toEqual(
		Buffer.from(LARGE),
	);

	// Nothing that acts by itself does: and what named the source names the target.
	const [jobs] = await both('select jobname, schedule, command, active from cron.job');
	const key = whole.platform.target.secretKey;
	expect(jobs).toEqual([
		{
			jobname: 'nightly "tidy"',
			schedule: '0 3 * * *',
			command: `select net.http_post('https://${TARGET_REF}.supabase.co/x', headers := '{"apikey": "${key}"}')`,
			active: false,
		},
	]);
	const [hooks] = await both(
		`select tgname, tgenabled, pg_get_triggerdef(oid) as definition from pg_trigger
		where not tgisinternal and tgfoid = 'supabase_functions.http_request'::regproc`,
	);
	expect(hooks).toMatchObject([{ tgname: 'call home', tgenabled: 'D' }]);
	expect(JSON.stringify(hooks)).not.toContain(SOURCE_REF);
	const [published, original] = await both(
		'select pubname, schemaname, tablename, attnames, rowfilter from pg_publication_tables order by 1, 2, 3',
	);
	expect(published).toEqual(original);
	const [settings, before] = await both(
		`select rolname, setconfig from pg_db_role_setting join pg_roles on pg_roles.oid = setrole where rolname = 'zz_lonely'`,
	);
	expect(settings).toEqual(before);

	const state = whole.platform.shim.stateOf(TARGET_REF);
	expect(state.auth).toMatchObject({
		jwt_exp: 7200,
		site_url: `https://${TARGET_REF}.supabase.co/home`,
	});
	expect(state.settings.postgrest).toMatchObject({ max_rows: 50 });
	// A clone of functions finds nothing to do.
	const found: unknown[] = [];
	const endpoints = { source: whole.endpoint('source'), target: whole.endpoint('target') };
	await functionsStage.run({
		...endpoints,
		options: { remove_extra: false },
		cursor: null,
		signal: new AbortController().signal,
		spent: () => false,
		spend: () => undefined,
		progress: () => undefined,
		report: (...reported: unknown[]) => found.push(...reported),
		announce: () => Promise.resolve(),
	} as never);
	expect(found).toMatchObject([{ object: 'hello', outcome: 'unchanged' }]);

	const signedIn = await fetch(`${whole.auth.target.url}/auth/v1/token?grant_type=password`, {
		method: 'POST',
		headers: { apikey: whole.auth.target.key, 'content-type': 'application/json' },
		body: JSON.stringify(USER),
	});
	expect(await signedIn.json()).toMatchObject({ user: { email: USER.email } });
}, 120_000);

it('is restored by hand as well: rows and publications, webhooks, and files byte for byte', async () => {
	const folder = 'whole/hand';
	await takeWhole(whole, { store, folder });
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'twins-hand-'));
	atEnd(() => Promise.resolve(fs.rmSync(dir, { recursive: true })));
	await download(store, folder, dir);
	const byHand = await freshProject();
	await runOn(byHand.adminUrl, ENABLE_WEBHOOKS);
	const run = (program: string, ...words: string[]) =>
		promisify(execFile)(program, words, {
			cwd: dir,
			// Cron runs in one database of a cluster, and this is another.
			env: { ...process.env, ON_ERROR_STOP: '0' },
		});
	const restored = await run('sh', 'restore.sh', byHand.dbUrl);
	const errors = restored.stderr.split('\n').filter((line) => /ERROR|FATAL/.test(line));
	expect(errors.filter((line) => !/in database postgres|"cron"|pg_cron/.test(line))).toEqual([]);
	await run('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', byHand.dbUrl, '-f', 'webhooks.sql');
	const firing = `select tgname, tgenabled from pg_trigger
		where not tgisinternal and tgfoid = 'supabase_functions.http_request'::regproc`;
	expect(await rowsOf(byHand.dbUrl, firing)).toEqual([{ tgname: 'call home', tgenabled: 'D' }]);
	const published = 'select * from pg_publication_tables order by 1, 2, 3';
	expect(await rowsOf(byHand.dbUrl, published)).toEqual(
		await rowsOf(whole.pair.source.dbUrl, published),
	);
	// Triggers on files would run for each: by hand they are there already.
	await runOn(byHand.dbUrl, 'drop trigger note_file on storage.objects');
	const { project, download: fileOf } = await openStorageProject(byHand);
	await run('sh', 'restore-files.sh', project.url, project.secretKey);
	const names = await rowsOf(
		whole.pair.source.adminUrl,
		'select bucket_id, name from storage.objects',
	);
	expect(names).toHaveLength(5);
	for (const { bucket_id, name } of names) {
		const one = [String(bucket_id), ...String(name).split('/')].map(encodeURIComponent).join('/');
		expect(
			Buffer.from(await fileOf(one)).equals(await whole.storage.source.download(one)),
			one,
		).toBe(true);
	}
	expect(fs.readFileSync(path.join(dir, 'cron-jobs.sql'), 'utf8')).toMatch(
		/cron\.alter_job\(cron\.schedule\( ?E?'nightly "tidy"'.*active := false\)/s,
	);
}, 120_000);
