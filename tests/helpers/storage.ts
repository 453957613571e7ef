// A local project with only its Storage service, over a fresh database; everything is gone when the test
// file ends. Requests can be counted and made to fail.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterEach, beforeAll } from 'vitest';
import { atEnd } from './at-end.ts';
import { createStorage } from '../../local/supabase/gateway/storage.ts';
import {
	settingsFile,
	type StorageSettings,
} from '../../local/supabase/gateway/storage/settings.ts';
import type { LocalProject } from '../../local/supabase/project.ts';
import { createStorageApi } from '../../supabase/functions/_shared/platform/supabase/storage-api.ts';
import type { TestEndpoint } from './clone.ts';
import { type ClusterUrls, freshPair } from './clusters.ts';
import { openGateway } from './gateway.ts';

/** What happens to a request before the service sees it: an answer, or nothing. */
export type Interference = (method: string, path: string) => Response | void;

export interface StorageProject {
	readonly project: LocalProject;
	/** Requests so far as `POST /object`, most of all those that write. */
	readonly requests: string[];
	interfere(how: Interference | null): void;
	settings(settings: Partial<StorageSettings>): Promise<void>;
	end(): TestEndpoint;
	/** Uploads by the plain API, as a client would. */
	upload(path: string, body: Uint8Array | string, headers?: Record<string, string>): Promise<void>;
	/** Uploads through the resumable API, as a client would. */
	uploadResumable(
		bucket: string,
		name: string,
		body: Uint8Array,
		metadata?: Record<string, string>,
	): Promise<void>;
	bucket(id: string, settings?: Record<string, unknown>): Promise<void>;
	download(path: string): Promise<Uint8Array>;
}

export async function openStorageProject(urls: ClusterUrls): Promise<StorageProject> {
	const storageDir = await mkdtemp(join(tmpdir(), 'twins-storage-'));
	const made: { project?: LocalProject } = {};
	await openGateway(urls, {
		storage: (described) => {
			made.project = { ...described, storageDir };
			return createStorage(made.project);
		},
	});
	const { project } = made;
	if (!project) throw new Error('the gateway made no Storage');
	atEnd(() => rm(storageDir, { recursive: true, force: true }));

	const requests: string[] = [];
	let interference: Interference | null = null;
	const counted: typeof fetch = async (input, init) => {
		const path = String(input).replace(`${project.url}/storage/v1`, '');
		const method = init?.method ?? 'GET';
		requests.push(`${method} ${path}`);
		const answer = interference?.(method, path);
		return answer ?? fetch(input, init);
	};
	const api = createStorageApi({ url: project.url, secretKey: project.secretKey });
	const send = async (...request: Parameters<typeof api.fetch>) => {
		const response = await api.fetch(...request);
		return new Uint8Array(await response.arrayBuffer());
	};
	const json = { 'content-type': 'application/json' };
	return {
		project,
		requests,
		interfere: (how) => {
			interference = how;
		},
		settings: (settings) => writeFile(settingsFile(project), JSON.stringify(settings)),
		end: () => ({
			dbUrl: project.dbUrl,
			url: project.url,
			storage: createStorageApi({
				url: project.url,
				secretKey: project.secretKey,
				fetch: counted as never,
			}),
		}),
		async upload(path, body, headers = {}) {
			const sent = typeof body === 'string' ? body : new Uint8Array(body);
			await send('POST', `/object/${path}`, {
				headers: { 'content-type': 'text/plain', 'x-upsert': 'true', ...headers },
				body: sent,
			});
		},
		async uploadResumable(bucket, name, body, metadata = {}) {
			const protocol = { 'tus-resumable': '1.0.0', 'x-upsert': 'true' };
			const pairs = { bucketName: bucket, objectName: name, ...metadata };
			const begun = await api.fetch('POST', '/upload/resumable', {
				headers: {
					...protocol,
					'upload-length': String(body.length),
					'upload-metadata': Object.entries(pairs)
						.map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
						.join(','),
				},
			});
			const location = begun.headers.get('location')?.split('/').at(-1) ?? '';
			await send('PATCH', `/upload/resumable/${location}`, {
				headers: {
					...protocol,
					'content-type': 'application/offset+octet-stream',
					'upload-offset': '0',
				},
				body: new Uint8Array(body),
			});
		},
		async bucket(id, settings = {}) {
			const body = JSON.stringify({ id, name: id, ...settings });
			await send('POST', '/bucket', { headers: json, body });
		},
		download: (path) => send('GET', `/object/authenticated/${path}`),
	};
}

/** Bytes that look like no others, without keeping them: `length` from a seed. */
export function bytesOf(length: number, seed: string): Uint8Array {
	const bytes = new Uint8Array(length);
	for (let at = 0, block = 0; at < length; at += 64, block += 1) {
		const digest = createHash('sha512').update(`${seed}:${block}`).digest();
		bytes.set(digest.subarray(0, Math.min(64, length - at)), at);
	}
	return bytes;
}

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

export interface StoragePair {
	readonly source: StorageProject;
	readonly target: StorageProject;
	/** As the superuser, for looking and for what only the service does. */
	readonly sql: { readonly source: postgres.Sql; readonly target: postgres.Sql };
}

/** Two projects for the tests of a file, emptied after each test. To be called at the top of the file. */
export function openStoragePair(): StoragePair {
	const opened = {} as { source: StorageProject; target: StorageProject };
	const sql = {} as { source: postgres.Sql; target: postgres.Sql };
	beforeAll(async () => {
		const urls = await freshPair();
		for (const role of ['source', 'target'] as const) {
			Object.assign(opened, { [role]: await openStorageProject(urls[role]) });
			const db = postgres(urls[role].adminUrl, { max: 1, onnotice: () => undefined });
			Object.assign(sql, { [role]: db });
			atEnd(() => db.end());
		}
	});
	afterEach(async () => {
		for (const role of ['source', 'target'] as const) {
			opened[role].interfere(null);
			opened[role].requests.length = 0;
			await opened[role].settings({});
			await sql[role].unsafe(`
				set storage.allow_delete_query = 'true';
				delete from storage.objects; delete from storage.buckets;
				delete from storage.buckets_analytics; delete from storage.buckets_vectors;
				set storage.allow_delete_query = 'false';
				drop schema if exists _twins cascade`);
		}
	});
	return Object.assign(opened, { sql });
}
