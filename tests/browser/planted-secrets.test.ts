// Secrets are planted wherever a project or an account can have one; then a preview, a clone with failures, a verification and
// a backup run. Afterwards none is in what anybody can read: tables, messages, logs, pages, files. What may hold what is
// said in SECURITY.md.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import postgres from 'postgres';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { cloneOptionsSchema } from '../../supabase/functions/_shared/domain/clone.ts';
import { openObjectStore } from '../../supabase/functions/_shared/platform/object-store.ts';
import {
	MARKS,
	type Holder,
	type Mark,
	plantSecrets,
	removeSecrets,
} from '../helpers/planted-secrets.ts';
import { connectAccount, openBrowser, openContext, signUp, stack } from './open-browser.ts';

const [source, target] = stack.projects;
if (source === undefined || target === undefined) throw new Error('The stack has no two projects.');

const hidden = (place: string, value: string): Mark => ({ place, value, mayBeIn: [] });
const marks: readonly Mark[] = [
	...Object.values(MARKS),
	hidden('access token of the account', stack.access_token),
	// Webhooks and cron jobs of the sample call with it.
	{ place: 'secret key of the source', value: source.secret_key, mayBeIn: ['backup'] },
	hidden('secret key of the target', target.secret_key),
	hidden('password of the source’s database', new URL(source.db_url).password),
	hidden('password of the target’s database', new URL(target.db_url).password),
	hidden('key of the bucket', stack.s3.secret_access_key),
	hidden('address of a channel', 'planted1channel2address'),
];

/** Which secrets are in it that must not be, each with where. */
const found = (text: string, where: string, holder?: Holder): string[] =>
	marks
		.filter(({ value, mayBeIn }) => !(holder && mayBeIn.includes(holder)) && text.includes(value))
		.map(({ place }) => `${place}: ${where}`);

const holderOf = (table: string): Holder | undefined =>
	/^(public\.)?(planned_work|previews)$/.test(table) ? 'plan' : undefined;

const control = postgres(stack.control.db_url, { max: 1, onnotice: () => undefined });
let context: BrowserContext;
let close: () => Promise<void>;
let owner: SupabaseClient;
let ownerId: string;
/** What the owner hears while runs are on. */
const heard: string[] = [];
const ids = { preview: '', job: '', verification: '', backup: '', twin: '', destination: '' };

const managementApi =
	(ref: string) =>
	async (method: string, called: string, body?: object): Promise<unknown> => {
		const isForm = body instanceof FormData;
		const response = await fetch(`${stack.management_api_url}/v1/projects/${ref}${called}`, {
			method,
			headers: {
				authorization: `Bearer ${stack.access_token}`,
				...(isForm ? {} : { 'content-type': 'application/json' }),
			},
			...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
		});
		if (!response.ok) throw new Error(`${method} ${called}: ${await response.text()}`);
		return response;
	};

const removeAll = () =>
	Promise.all(
		[source, target].map((project) => removeSecrets(project, managementApi(project.ref))),
	);

async function invoke(name: string, body: object): Promise<Record<string, Record<string, string>>> {
	const { data, error } = await owner.functions.invoke<unknown>(name, { body });
	expect(error).toBeNull();
	return data as Record<string, Record<string, string>>;
}

async function started(name: string, given: object): Promise<string> {
	const { data, error } = await owner.rpc(name, given);
	expect(error).toBeNull();
	return (Array.isArray(data) ? data[0] : data).id as string;
}

const ended = (table: string, id: string) =>
	expect
		.poll(async () => (await owner.from(table).select('finished_at').eq('id', id)).data, {
			timeout: 120_000,
			interval: 300,
		})
		.toEqual([{ finished_at: expect.any(String) }]);

beforeAll(async () => {
	await removeAll();
	await plantSecrets(source, managementApi(source.ref));
	const browser = await openBrowser();
	close = () => browser.close();
	context = await openContext(browser);
	const page = await context.newPage();
	const user = await signUp(page);
	await connectAccount(page, 'Planted');
	await page.close();
	owner = createClient(stack.control.url, stack.control.publishable_key, {
		auth: { persistSession: false },
	});
	ownerId = (await owner.auth.signInWithPassword(user)).data.user?.id ?? '';
	await owner.realtime.setAuth();
});

afterAll(async () => {
	if (ids.backup) {
		await owner.rpc('delete_backup', { backup_id: ids.backup });
		await vi.waitFor(
			async () => {
				const { data } = await owner.from('backups').select('status').eq('id', ids.backup);
				expect(data).toEqual([{ status: 'deleted' }]);
			},
			{ timeout: 30_000, interval: 200 },
		);
	}
	await owner.removeAllChannels();
	void owner.realtime.disconnect();
	await removeAll();
	await control`delete from auth.users where id = ${ownerId}`;
	await control.end();
	await close();
});

test(
	'runs, some of which fail, on projects that are full of secrets',
	{ timeout: 240_000 },
	async () => {
		const [account] = (await owner.from('connected_accounts').select('id')).data ?? [];
		const account_id = account?.id as string;
		for (const { ref, db_url } of [source, target]) {
			const password = decodeURIComponent(new URL(db_url).password);
			await invoke('accounts', { action: 'set_database_password', account_id, ref, password });
		}
		const { destination } = await invoke('backups', {
			action: 'save_destination',
			...{ name: 'Planted', endpoint: stack.s3.endpoint, region: stack.s3.region },
			...{ bucket: stack.s3.bucket, prefix: 'planted' },
			access_key_id: stack.s3.access_key_id,
			secret_access_key: stack.s3.secret_access_key,
		});
		ids.destination = destination?.['id'] ?? '';
		// Nobody listens there: what is said of it when it fails is kept as well.
		const { channel } = await invoke('notifications', {
			...{ action: 'add_channel', kind: 'webhook', name: 'Planted', twin_id: null },
			events: ['run_failed', 'verification_failed'],
			url: 'http://127.0.0.1:1/planted1channel2address',
		});
		await owner.rpc('test_channel', { channel_id: channel?.['id'] });

		const left = ['auth_users', 'storage', 'policies', 'realtime'];
		const components = Object.fromEntries(
			Object.keys(cloneOptionsSchema.parse({}).components).map((key) => [key, !left.includes(key)]),
		);
		const given = {
			...{ source_account_id: account_id, source_ref: source.ref },
			...{ target_account_id: account_id, target_ref: target.ref },
			options: { components, confirm_target: target.ref, verify: 'counts' },
		};
		ids.backup = await started('start_backup', {
			...{ account_id, ref: source.ref },
			options: { destination_id: ids.destination },
		});
		ids.preview = await started('start_preview', given);
		await ended('previews', ids.preview);
		// All of this within seconds would reach 120 calls of the Management API, and wait for the minute.
		await control`delete from private.api_calls`;
		ids.job = await started('start_clone', { ...given, without_preview: true });
		owner
			.channel(`job:${ids.job}`, { config: { private: true } })
			.on('broadcast', { event: '*' }, (message) => void heard.push(JSON.stringify(message)))
			.subscribe();
		await ended('jobs', ids.job);
		await ended('backups', ids.backup);
		const [job] = (await owner.from('jobs').select('twin_id').eq('id', ids.job)).data ?? [];
		ids.twin = job?.twin_id as string;
		const verified = await owner.from('verifications').select('id').eq('job_id', ids.job);
		ids.verification = verified.data?.[0]?.id as string;
		await ended('verifications', ids.verification);
		const failed = await owner
			.from('job_items')
			.select('object')
			.eq('job_id', ids.job)
			.eq('outcome', 'failed');
		expect(failed.data?.map(({ object }) => object as string)).toEqual(
			expect.arrayContaining(['planted.at_home']),
		);
		expect((await owner.from('backups').select('status').eq('id', ids.backup)).data).toEqual([
			{ status: 'complete' },
		]);
	},
);

test('no table that users read has any', async () => {
	const tables = await control<{ name: string }[]>`
		select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace
			and c.relkind in ('r', 'v', 'm') and has_table_privilege('authenticated', c.oid, 'select') order by 1`;
	expect(tables.length).toBeGreaterThan(20);
	const leaks: string[] = [];
	for (const { name } of tables) {
		const { data, error } = await owner.from(name).select('*').limit(10_000);
		expect(error, name).toBeNull();
		leaks.push(...found(JSON.stringify(data), name, holderOf(name)));
	}
	expect(leaks).toEqual([]);
	const { data } = await owner.from('planned_work').select('statements').limit(10_000);
	// What is shown on purpose, so that the search is known to find something.
	expect(JSON.stringify(data)).toContain(MARKS.functionBody.value);
});

test('no table of the control database has any in clear, but what a clone goes on with', async () => {
	const tables = await control<{ name: string }[]>`
		select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p') and n.nspname in ('public', 'private', 'realtime', 'auth', 'net', 'cron', 'storage')
			and has_table_privilege(c.oid, 'select')`;
	const patterns = marks.map(({ value }) => `%${value}%`);
	const leaks: string[] = [];
	for (const { name } of tables) {
		const rows = await control.unsafe<{ text: string }[]>(
			`select t::text as text from ${name} as t where t::text like any ($1)`,
			[patterns],
		);
		// Until a week after the run, for workers only: SECURITY.md.
		if (name === 'private.steps' || name === 'private.memories') continue;
		for (const { text } of rows) {
			leaks.push(...found(text, name, holderOf(name)));
		}
	}
	expect(tables.length).toBeGreaterThan(40);
	expect(leaks).toEqual([]);
	const steps = await control`select to_jsonb(s) - 'cursor' as step from private.steps as s`;
	expect(found(JSON.stringify(steps), 'private.steps without cursors')).toEqual([]);
	const kept =
		await control`select cursor from private.steps union all select to_jsonb(m) from private.memories as m`;
	expect(found(JSON.stringify(kept), 'cursors and memories', 'plan')).toEqual([]);
});

test('no message of Realtime and no log of ours has any', async () => {
	expect(heard.length).toBeGreaterThan(0);
	expect(found(heard.join('\n'), 'broadcasts')).toEqual([]);
	const logs = inject('logs');
	const files = logs === null ? [] : fs.readdirSync(logs);
	expect(
		files.flatMap((name) => found(fs.readFileSync(path.join(logs ?? '', name), 'utf8'), name)),
	).toEqual([]);
});

test('no page and no file that is kept has any', async () => {
	const run = `/clones/${ids.job}`;
	const leaks: string[] = [];
	const plan = `/previews/${ids.preview}`;
	for (const address of [
		...['/', '/accounts', '/backups', '/clones', '/schedules'],
		...['/settings/destinations', '/settings/notifications', `/twins/${ids.twin}`],
		...['history', 'backups', 'rules', 'settings'].map((tab) => `/twins/${ids.twin}/${tab}`),
		...[
			run,
			`${run}?step=report`,
			`${run}?step=data`,
			`${run}?step=webhooks`,
			`${run}?step=functions`,
		],
		...[`${run}/report`, `${run}/report?as=json`, `${run}/log?component=views`],
		...[`/verifications/${ids.verification}`, plan, `${plan}/plan`],
	]) {
		const response = await context.request.get(address);
		expect(response.status(), address).toBe(200);
		leaks.push(
			...found(await response.text(), address, address.startsWith(plan) ? 'plan' : undefined),
		);
	}
	expect(leaks).toEqual([]);
	expect(await (await context.request.get(`${plan}/plan`)).text()).toContain(
		MARKS.functionBody.value,
	);
});

test('a backup has what a restore needs, and nothing else', async () => {
	const store = openObjectStore(
		{
			...{
				endpoint: stack.s3.endpoint,
				region: stack.s3.region,
				bucket: stack.s3.bucket,
				prefix: 'planted',
			},
			accessKeyId: stack.s3.access_key_id,
			secretAccessKey: stack.s3.secret_access_key,
		},
		new AbortController().signal,
	);
	const leaks: string[] = [];
	let all = '';
	for (const { name } of await store.list('')) {
		if (name.includes('/files/')) continue;
		const bytes = await store.get(name);
		const text = Buffer.from(name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
		leaks.push(...found(text, name, 'backup'));
		all += text;
	}
	store.close();
	expect(leaks).toEqual([]);
	for (const { place, value, mayBeIn } of marks) {
		if (mayBeIn.includes('backup')) expect(all.includes(value), place).toBe(true);
	}
});
