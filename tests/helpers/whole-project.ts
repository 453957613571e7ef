// A project with something of each component, and one without, both with their APIs; and backups of it within this process.
import { createAuth } from '../../local/supabase/gateway/auth.ts';
import { ENABLE_WEBHOOKS } from '../../local/supabase/postgres/webhooks.ts';
import { restorableComponents } from '../../supabase/functions/_shared/backup/restore-plan.ts';
import { openBackup } from '../../supabase/functions/_shared/backup/open.ts';
import { makeBackupWork } from '../../supabase/functions/_shared/backup/work.ts';
import type { BackupWork, Sliced } from '../../supabase/functions/_shared/contract/backup.ts';
import { dropLedgerSchema } from '../../supabase/functions/_shared/contract/ledger.ts';
import type { Item } from '../../supabase/functions/_shared/contract/report.ts';
import type { RestoreOptions } from '../../supabase/functions/_shared/domain/backup.ts';
import {
	COMPONENT_KEYS,
	type ComponentKey,
} from '../../supabase/functions/_shared/domain/component.ts';
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import { endpointSessions } from '../../supabase/functions/_shared/engine/endpoint-sessions.ts';
import type { OpenEndpoint } from '../../supabase/functions/_shared/engine/slice.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import type { ObjectStore } from '../../supabase/functions/_shared/platform/object-store.ts';
import { cronPair, type Pair } from './clusters.ts';
import { openGateway } from './gateway.ts';
import { openPlatform, type Platform, SOURCE_REF } from './management-api.ts';
import { runOn } from './run-sql.ts';
import { bytesOf, openStorageProject, type StorageProject } from './storage.ts';

const sql = (sourceKey: string): string => `
	create role zz_lonely nologin; alter role zz_lonely set statement_timeout = '7s';
	create table public.zz_secret_table (id int generated always as identity primary key, owner uuid references auth.users (id), body text);
	create table public.seen (id int primary key, name text);
	create index on public.seen (name);
	insert into public.zz_secret_table (owner, body) select id, 'zz secret words ' || i from auth.users, generate_series(1, 500) as i;
	insert into public.seen select i, 'n' || i from generate_series(2, 50) as i;
	alter table public.zz_secret_table enable row level security;
	create policy own on public.zz_secret_table for select to authenticated using (owner = auth.uid());
	create function public.note_file() returns trigger language plpgsql as 'begin insert into public.seen values (1, new.name); return new; end';
	create trigger note_file after insert on storage.objects for each row execute function public.note_file();
	create policy files on storage.objects for select to authenticated using (owner_id = auth.uid()::text);
	create view public.totals as select owner, count(*) from public.zz_secret_table group by owner;
	create trigger "call home" after insert on public.zz_secret_table for each row execute function supabase_functions.http_request(
		'https://${SOURCE_REF}.supabase.co/functions/v1/hello', 'POST', '{"Authorization":"Bearer ${sourceKey}"}', '{}', '1000');
	alter publication supabase_realtime add table public.zz_secret_table where (id > 0);
	create publication mine for table public.seen (id);
	select cron.schedule('nightly "tidy"', '0 3 * * *', $$select net.http_post('https://${SOURCE_REF}.supabase.co/x', headers := '{"apikey": "${sourceKey}"}')$$);`;

/** Bytes of a file that is kept in several parts. */
export const LARGE = bytesOf(7 * 1024 * 1024, 'large');
export const USER = { email: 'ada@example.com', password: 'correct horse' };

export interface WholePair {
	readonly pair: Pair;
	readonly platform: Platform;
	readonly storage: Readonly<Record<EndpointRole, StorageProject>>;
	/** Base URLs of Auth. */
	readonly auth: Readonly<Record<EndpointRole, { readonly url: string; readonly key: string }>>;
	endpoint(role: EndpointRole): OpenEndpoint;
}

/** Gone when the test file ends. */
export async function openWholePair(): Promise<WholePair> {
	const pair = await cronPair();
	const platform = await openPlatform({}, pair);
	const storage = {
		source: await openStorageProject(pair.source),
		target: await openStorageProject(pair.target),
	};
	const auth = {} as Record<EndpointRole, { url: string; key: string }>;
	for (const role of ['source', 'target'] as const) {
		const project = await openGateway(pair[role], { auth: createAuth });
		auth[role] = { url: project.url, key: project.publishableKey };
	}
	await fillSource(pair, platform, storage.source, auth.source);
	return {
		...{ pair, platform, storage, auth },
		endpoint(role) {
			const { ref = '', url = '', api, keys } = platform.end(role);
			const files = storage[role].end().storage;
			if (files === undefined) throw new Error('a storage project has Storage');
			return {
				...{ role, ref, url, api },
				services: ['management_api', 'storage_api'],
				...endpointSessions(() => connectUrl(pair[role].dbUrl)),
				storage: () => Promise.resolve(files),
				keys: () => (Array.isArray(keys) ? Promise.resolve(keys) : Promise.resolve([])),
			};
		},
	};
}

async function fillSource(
	{ source }: Pair,
	platform: Platform,
	storage: StorageProject,
	auth: { readonly url: string; readonly key: string },
): Promise<void> {
	await runOn(source.adminUrl, `create extension pg_cron; ${ENABLE_WEBHOOKS}`);
	const signedUp = await fetch(`${auth.url}/auth/v1/signup`, {
		method: 'POST',
		headers: { apikey: auth.key, 'content-type': 'application/json' },
		body: JSON.stringify(USER),
	});
	if (!signedUp.ok) throw new Error(`sign-up failed: ${await signedUp.text()}`);
	await storage.bucket('Papers & more', { public: false, file_size_limit: 20_000_000 });
	await storage.bucket('avatars', { public: true, allowed_mime_types: ['image/*', 'text/plain'] });
	await storage.upload('avatars/zz-secret-file.png', bytesOf(2000, 'a'), {
		'content-type': 'image/png',
		'cache-control': 'max-age=3600',
		'x-metadata': Buffer.from('{"by": "Zoë"}').toString('base64'),
	});
	for (const name of ["it's 100%/%2F.txt", 'Grüße/日本語.txt', 'empty']) {
		const path = ['Papers & more', ...name.split('/')].map(encodeURIComponent).join('/');
		await storage.upload(path, name === 'empty' ? '' : `zz secret words of ${name}`);
	}
	await storage.uploadResumable('Papers & more', 'large.bin', LARGE);
	await runOn(source.dbUrl, sql(platform.source.secretKey));
	await runOn(
		source.adminUrl,
		`update storage.objects set owner_id = (select id::text from auth.users), created_at = '2025-01-02' where bucket_id = 'avatars'`,
	);
	const state = platform.shim.stateOf(SOURCE_REF);
	Object.assign(state.auth, { jwt_exp: 7200, site_url: `https://${SOURCE_REF}.supabase.co/home` });
	Object.assign(state.settings.postgrest, { max_rows: 50 });
	const form = new FormData();
	form.append(
		'metadata',
		JSON.stringify({ name: 'hello', entrypoint_path: 'hello/index.ts', verify_jwt: false }),
	);
	form.append('file', new Blob(['import "../lib/100%.ts"; // zz secret words']), 'hello/index.ts');
	form.append('file', new Blob([new Uint8Array([0, 1, 255])]), 'lib/100%.ts');
	const deployed = await fetch(
		`${platform.baseUrl}/v1/projects/${SOURCE_REF}/functions/deploy?slug=hello`,
		{ method: 'POST', headers: { authorization: 'Bearer sbp_local_test_token' }, body: form },
	);
	if (!deployed.ok) throw new Error(`deploying failed: ${await deployed.text()}`);
}

async function toItsEnd<T extends { readonly state: 'done' }>(
	work: (cursor: unknown) => Promise<Sliced<T>>,
): Promise<T> {
	for (let cursor: unknown = null; ;) {
		const done = await work(cursor);
		if (done.state === 'done') return done;
		cursor = JSON.parse(JSON.stringify(done.cursor)) as unknown;
	}
}

interface Given {
	readonly store: ObjectStore;
	readonly folder: string;
	readonly recipient?: string;
	readonly identity?: string;
	readonly work?: BackupWork;
	/** Little in each slice. */
	readonly isSliced?: boolean;
}

/** True from the n-th time on that somebody asks. */
function spentAfter(most: number): () => boolean {
	let asked = 0;
	return () => {
		asked += 1;
		return asked > most;
	};
}

const contextOf = ({ store, folder, isSliced = false, recipient, identity }: Given) => ({
	...{
		store,
		folder,
		attempts: 0,
		manifestSha256: null,
		recipient: recipient ?? null,
		identity: identity ?? null,
	},
	signal: new AbortController().signal,
	spent: spentAfter(isSliced ? 8 : Number.POSITIVE_INFINITY),
	progress: () => undefined,
});

/** Takes a backup of the source, slice by slice. */
export async function takeWhole(whole: WholePair, given: Given) {
	const { work = makeBackupWork() } = given;
	return toItsEnd(async (cursor) => {
		const source = whole.endpoint('source');
		try {
			const written = await work.write({ ...contextOf(given), source, ignoreRules: [], cursor });
			// Nobody takes the moment over: these slices come one after the other.
			return written.state === 'more' ? { state: 'more', cursor: written.cursor } : written;
		} finally {
			await source.close();
		}
	});
}

/** Restores it into the target; what became of each object, by `component object`. */
export async function restoreWhole(
	whole: WholePair,
	given: Given & { readonly only?: readonly ComponentKey[] },
): Promise<ReadonlyMap<string, Item>> {
	const { work = makeBackupWork(), only } = given;
	const target = whole.endpoint('target');
	const items = new Map<string, Item>();
	try {
		const { manifest } = await openBackup({ ...given });
		const wanted = only ?? restorableComponents(manifest, target);
		const options: RestoreOptions = {
			components: Object.fromEntries(
				COMPONENT_KEYS.map((key) => [key, wanted.includes(key)]),
			) as RestoreOptions['components'],
		};
		const context = () => ({ ...contextOf(given), target, options });
		const { steps } = await toItsEnd((cursor) => work.prepareRestore({ ...context(), cursor }));
		for (const { component, name } of steps) {
			await toItsEnd((cursor) =>
				work.restore({
					...context(),
					...{ cursor, step: name, jobId: 'restore', failures: [], isLastTry: false },
					spend: () => undefined,
					announce: () => Promise.resolve(),
					report: (...reported) => {
						for (const item of reported) {
							items.set(`${item.component ?? component} ${item.object}`, item);
						}
					},
				}),
			);
		}
		await dropLedgerSchema(target);
	} finally {
		await target.close();
	}
	return items;
}
