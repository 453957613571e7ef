// Backups and restores as runs of the queue: a control database, a store, a project with a bit of everything, and a worker.
import { randomBytes } from 'node:crypto';
import { makeBackupWork } from '../../supabase/functions/_shared/backup/work.ts';
import type { BackupWork } from '../../supabase/functions/_shared/contract/backup.ts';
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import { endpointSessions } from '../../supabase/functions/_shared/engine/endpoint-sessions.ts';
import type { OpenEndpoint } from '../../supabase/functions/_shared/engine/slice.ts';
import { openStoredStore } from '../../supabase/functions/_shared/engine/stored-store.ts';
import { workOnce } from '../../supabase/functions/_shared/engine/worker.ts';
import { connectControl, connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import {
	type Environment,
	readEnvironment,
} from '../../supabase/functions/_shared/platform/environment.ts';
import {
	type Destination,
	type ObjectStore,
	openObjectStore,
} from '../../supabase/functions/_shared/platform/object-store.ts';
import type { Session } from '../../supabase/functions/_shared/platform/postgres/index.ts';
import { atEnd } from './at-end.ts';
import { freshPair, type Pair } from './clusters.ts';
import { type Control, freshControl } from './control.ts';
import { runScript } from './corpus.ts';
import { openS3 } from './object-store.ts';

const SHOP = `
	insert into auth.users (id, instance_id, aud, role, email, encrypted_password)
	values ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated', 'ada@example.com', 'hash');
	create table people (id uuid primary key references auth.users (id), name text);
	insert into people values ('00000000-0000-0000-0000-00000000000a', 'Ada');
	create table "Or""ders" (id bigint generated always as identity primary key, region text, at timestamptz default now(), body text, unique (region, id));
	insert into "Or""ders" (region, body) select 'r' || i % 7, repeat(md5(i::text), 10) from generate_series(1, 9000) as i;
	create table loose (n int, body text);
	insert into loose select i, repeat(md5(i::text), 10) from generate_series(1, 9000) as i;
	create table pairs (a text collate "C", b int, primary key (a, b));
	insert into pairs select chr(97 + i % 5), i from generate_series(1, 3000) as i;
	create view totals as select region, count(*) from "Or""ders" group by region;
	create materialized view sums as select region, count(*) from "Or""ders" group by region;
	create function public.stop() returns trigger language plpgsql as 'begin raise exception ''no''; end';
	create trigger stop before insert on people for each row execute function public.stop();
	alter table people enable row level security;
	create policy own on people for select to authenticated using (id = auth.uid());
	analyze;`;

/** Of a project without functions and with all settings as they were. */
const ANSWERS: Readonly<Record<string, unknown>> = {
	'': { name: 'Project', status: 'ACTIVE_HEALTHY' },
	'/functions': [],
	'/secrets': [],
	'/config/auth/third-party-auth': [],
	'/config/auth/sso/providers': { items: [] },
};

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a row, asserted on by the test
export type Row = Record<string, any>;

interface Given {
	readonly urls?: Pair;
	readonly work?: BackupWork;
	/** Endpoint of the installation's store. */
	readonly endpoint?: string;
	/** After each slice. */
	readonly onSlice?: (slices: number) => Promise<unknown>;
	/** As little as possible in each slice. */
	readonly isSliced?: boolean;
}

export interface BackupRuns {
	readonly control: Control;
	readonly session: Session;
	readonly bucket: Destination;
	readonly store: ObjectStore;
	readonly pair: Pair;
	environment(endpoint?: string): Promise<Environment>;
	/** Works until nothing can be claimed any more; the number of slices. */
	workAll(given?: Given): Promise<number>;
	/** Calls a function of the contract as the user. */
	call(name: string, ...given: readonly unknown[]): Promise<Row>;
	startBackup(options?: object): Promise<Row>;
	takeBackup(given?: Given): Promise<Row>;
	startRestore(backup: Row, options?: object): Promise<Row>;
	backupOf(id: unknown): Promise<Row>;
	jobOf(id: unknown): Promise<Row>;
	/** Names of the objects of a backup in the installation's store. */
	objectsOf(backup: Row): Promise<string[]>;
	folderOf(backup: Row): string;
	reset(): Promise<void>;
}

/** Slices here come one after the other: none could take over while the last one waits. */
const handingNothingOn = (work: BackupWork): BackupWork => ({
	...work,
	write: async (context) => {
		const written = await work.write(context);
		return written.state === 'more' ? { state: 'more', cursor: written.cursor } : written;
	},
});

/** Gone when the test file ends. */
export async function openBackupRuns(): Promise<BackupRuns> {
	const bucket = await openS3();
	const store = openObjectStore(bucket, new AbortController().signal);
	atEnd(() => Promise.resolve(store.close()));
	const control = await freshControl();
	const session = await connectControl(control.dbUrl);
	atEnd(() => session.close());
	const pair = await freshPair();
	runScript(pair.source.dbUrl, SHOP);
	const encryptionKey = randomBytes(32).toString('base64');
	const environment: BackupRuns['environment'] = (endpoint = bucket.endpoint ?? '') =>
		readEnvironment(
			(name) =>
				({
					SUPABASE_URL: 'https://cccccccccccccccccccc.supabase.co',
					SUPABASE_DB_URL: control.dbUrl,
					TWINS_WORKER_SECRET: 'w'.repeat(24),
					TWINS_ENCRYPTION_KEY: encryptionKey,
					TWINS_STORE_PRIVATE_ADDRESSES: 'allow',
					TWINS_S3_ENDPOINT: endpoint,
					TWINS_S3_BUCKET: bucket.bucket,
					TWINS_S3_REGION: bucket.region,
					TWINS_S3_ACCESS_KEY_ID: bucket.accessKeyId,
					TWINS_S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
				})[name],
		);
	const endpointOf = (urls: Pair, role: EndpointRole): OpenEndpoint => {
		const refuse = () => Promise.reject(new Error('not part of this test'));
		return {
			role,
			ref: role === 'source' ? control.sourceRef : control.targetRef,
			services: ['management_api'],
			url: `http://${role}.test`,
			api: {
				get: <T>(path: string) => Promise.resolve((ANSWERS[path] ?? {}) as T),
				send: refuse,
				fetch: refuse,
			},
			...endpointSessions(() => connectUrl(urls[role].dbUrl)),
			storage: refuse,
			keys: () => Promise.resolve([]),
		};
	};
	const workAll: BackupRuns['workAll'] = async (given = {}) => {
		const { urls = pair, work = makeBackupWork(), endpoint, onSlice, isSliced } = given;
		const settings = await environment(endpoint);
		for (let slices = 0; slices < 300; slices += 1) {
			await control.sql`update private.steps set run_after = now() where run_after > now()`;
			const worked = await workOnce({
				control: session,
				components: [],
				openEndpoint: (role) => Promise.resolve(endpointOf(urls, role)),
				backups: {
					work: handingNothingOn(work),
					openStore: (backup, signal) => openStoredStore(settings, backup, signal),
				},
				limits: isSliced ? { seconds: 0 } : undefined,
			});
			if (!worked) return slices;
			await onSlice?.(slices + 1);
		}
		throw new Error('it does not come to an end');
	};
	const call: BackupRuns['call'] = async (name, ...given) => {
		const places = given.map((_, index) => `$${index + 1}`).join(', ');
		const [row] = await control.asUser<Row[]>(`select * from public.${name}(${places})`, given);
		return row ?? {};
	};
	const startBackup: BackupRuns['startBackup'] = (options = {}) =>
		call('start_backup', control.accountId, control.sourceRef, options);
	const rowOf = async (table: string, id: unknown): Promise<Row> => {
		const [row] = await control.sql`select * from ${control.sql(`public.${table}`)}
			where id = ${String(id)}`;
		return row ?? {};
	};
	const folderOf = ({ folder }: Row): string => `users/${control.userId}/${String(folder)}`;
	return {
		...{ control, session, bucket, store, pair, environment, workAll, call, startBackup, folderOf },
		async takeBackup(given) {
			const { id } = await startBackup();
			await workAll(given);
			return rowOf('backups', id);
		},
		startRestore: (backup, options = {}) =>
			call('start_restore', backup['id'], control.accountId, control.targetRef, options),
		backupOf: (id) => rowOf('backups', id),
		jobOf: (id) => rowOf('jobs', id),
		objectsOf: async (backup) =>
			(await store.list(`${folderOf(backup)}/`)).map(({ name }) =>
				name.slice(folderOf(backup).length + 1),
			),
		reset: async () => {
			await control.sql`truncate public.notifications, public.jobs, public.backups, public.backup_destinations, public.twins,
				private.steps cascade`;
		},
	};
}
