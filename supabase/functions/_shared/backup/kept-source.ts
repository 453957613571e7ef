// A backup in place of the source of a clone: it answers what components ask of the APIs of a project, and of its database.
import {
	functionAnswer,
	functionPath,
	KEPT_SECRETS,
	type KeptFunction,
	keptFunctionSchema,
} from '../components/edge-functions/backup.ts';
import { KEPT_SETTINGS } from '../components/project-config/backup.ts';
import {
	FIND_PARTS,
	KEPT_STORAGE,
	type KeptStorage,
	keptStorageSchema,
	overKeptTables,
} from '../components/storage/backup.ts';
import * as z from 'zod/mini';
import type { Endpoint } from '../contract/endpoint.ts';
import { backupObjectSchema, type BackupObject } from '../domain/backup.ts';
import { TwinsError } from '../domain/errors.ts';
import type { Param, Row, Session } from '../platform/postgres/index.ts';
import type { StorageApi } from '../platform/supabase/storage-api.ts';
import { documentName, KEPT_PROJECT, keptProjectSchema } from './documents.ts';
import type { OpenBackup } from './open.ts';
import { readObject, readPart } from './pages.ts';

async function readDocument(backup: OpenBackup, name: string): Promise<unknown> {
	const bytes = await readObject(backup, documentName(name));
	return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
}

export const readKeptStorage = async (backup: OpenBackup): Promise<KeptStorage> =>
	keptStorageSchema.parse(await readDocument(backup, KEPT_STORAGE));

/** What a clone would find there. Tables of Storage are on the target, where the restore has put them. */
export async function keptSource(backup: OpenBackup, target: Endpoint): Promise<Endpoint> {
	const read = (name: string): Promise<unknown> => readDocument(backup, name);
	const project = keptProjectSchema.parse(await read(KEPT_PROJECT));
	let opened: Promise<Session> | undefined;
	let last: Promise<unknown> = Promise.resolve();
	const query = (text: string, params: readonly Param[]): Promise<Row[]> => {
		const work = async (): Promise<Row[]> => {
			opened ??= target.connect();
			return (await opened).query(text, params);
		};
		const turn = last.then(work, work);
		last = turn.catch(() => undefined);
		return turn;
	};
	const noDatabase = (): Promise<never> =>
		Promise.reject(new Error('a backup has no database to connect to'));
	const { ref, url, keysUnknown } = project;
	return {
		role: 'source',
		...{ ref, url },
		services: ['management_api', 'storage_api'],
		database: noDatabase,
		connect: noDatabase,
		api: keptApi(backup, read),
		storage: () => Promise.resolve(keptStorageApi(backup, query)),
		// One that cannot be read says that not all are known.
		keys: () =>
			Promise.resolve([...project.keys, ...(keysUnknown ? [{ name: '', value: '' }] : [])]),
		kept: { read, queryStorage: (text, params) => query(overKeptTables(text), params) },
	};
}

function keptApi(backup: OpenBackup, read: (name: string) => Promise<unknown>): Endpoint['api'] {
	const object = (name: string) => readObject(backup, name);
	const keptFunctions = (): Promise<KeptFunction[]> =>
		Promise.all(
			backup.manifest.objects
				.filter(({ name }) => /^functions\/[^/]+\/function\.json$/.test(name))
				.map(async ({ name }) =>
					keptFunctionSchema.parse(JSON.parse(new TextDecoder().decode(await object(name)))),
				),
		);
	async function answer(path: string): Promise<unknown> {
		if (path === '/functions') return (await keptFunctions()).map(({ deployed }) => deployed);
		if (path === '/secrets') {
			const names = z.array(z.string()).parse(await read(KEPT_SECRETS));
			return names.map((name) => ({ name, value: '' }));
		}
		const answers = z.record(z.string(), z.unknown()).parse(await read(KEPT_SETTINGS));
		if (path in answers) return answers[path];
		throw new TwinsError(
			'api_refused',
			`The backup does not have ${path}`,
			'Look under the problems of the backup why it could not be read.',
			{ httpStatus: path.endsWith('/sso/providers') ? 404 : 403 },
		);
	}
	const refuse = (): Promise<never> => Promise.reject(new Error('a backup is only read'));
	return {
		get: async <T>(path: string) => (await answer(path)) as T,
		send: refuse,
		fetch: async (_method, path, init) => {
			const kept = (await keptFunctions()).find(
				({ deployed }) => `${functionPath(deployed.slug)}/body` === path,
			);
			const response = kept && (await functionAnswer(kept, init?.headers?.['accept'], object));
			if (response?.ok) return response;
			throw new TwinsError(
				'api_refused',
				`The backup does not have ${path}`,
				'Deploy this function from its own source files.',
				{ httpStatus: 404 },
			);
		},
	};
}

const ROUTE = '/object/authenticated/';

/** Gives files, or ranges of them, part by part; each part is compared with its hash. */
function keptStorageApi(
	backup: OpenBackup,
	query: (text: string, params: readonly Param[]) => Promise<Row[]>,
): StorageApi {
	return {
		fetch: async (_method, path, init = {}) => {
			const [bucket = '', ...names] = path.slice(ROUTE.length).split('/').map(decodeURIComponent);
			const [row] = await query(FIND_PARTS, [bucket, names.join('/')]);
			const parts = z.array(backupObjectSchema).parse(JSON.parse(String(row?.['parts'] ?? '[]')));
			const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(init.headers?.['range'] ?? '') ?? [];
			const range =
				start === undefined
					? { start: 0, end: Number.POSITIVE_INFINITY }
					: { start: Number(start), end: Number(end) };
			const pieces = within(parts, range);
			const body = new ReadableStream<Uint8Array>({
				async pull(controller) {
					const piece = pieces.shift();
					if (piece === undefined) return controller.close();
					const bytes = await readPart(backup, piece.part);
					controller.enqueue(bytes.subarray(piece.from, piece.to));
				},
			});
			return new Response(body, { status: start === undefined ? 200 : 206 });
		},
	};
}

/** The parts that a range touches, and what of each; both ends of the range are included. */
function within(
	parts: readonly BackupObject[],
	{ start, end }: { readonly start: number; readonly end: number },
): { part: BackupObject; from: number; to: number }[] {
	let offset = 0;
	return parts.flatMap((part) => {
		const first = offset;
		offset += part.bytes;
		const from = Math.max(start - first, 0);
		const to = Math.min(end + 1 - first, part.bytes);
		return from < to ? [{ part, from, to }] : [];
	});
}
