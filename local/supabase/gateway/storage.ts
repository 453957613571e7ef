// The Storage service of a local project: the part of the Storage API that supabase-js and the storage
// component use. Rows are in the real tables under row level security, bytes on disk; see `storage/` for the
// parts. What it lacks it names with status 501.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalProject, Shim } from '../project.ts';
import { sendJson } from './http.ts';
import { createKeys } from './keys.ts';
import { bucketRoutes } from './storage/buckets.ts';
import { createByteStore } from './storage/bytes.ts';
import { identify } from './storage/caller.ts';
import {
	readObject,
	splitPath,
	type StorageContext,
	type StorageRequest,
} from './storage/context.ts';
import { connectDatabase } from './storage/database.ts';
import { readObjectRoute } from './storage/download.ts';
import { sendError, storageErrors } from './storage/errors.ts';
import { deleteObjects, listFolder, listPrefix } from './storage/listing.ts';
import { createResumableUploads } from './storage/resumable.ts';
import { uploadObject } from './storage/upload.ts';

/** The Storage service; `handle` gets the path below /storage/v1, with its query. */
export async function createStorage(project: LocalProject): Promise<Shim> {
	const objects = join(project.storageDir, 'objects');
	await mkdir(objects, { recursive: true });
	await mkdir(join(project.storageDir, 'uploads'), { recursive: true });
	const keys = await createKeys(project);
	const context: StorageContext = {
		project,
		database: connectDatabase(project.adminUrl),
		bytes: createByteStore(objects),
	};
	const resumable = createResumableUploads(context);
	await resumable.forgetExpired();

	async function route(call: StorageRequest): Promise<void> {
		const [first, second] = call.segments;
		if (first === 'status' || first === 'health') return sendJson(call.response, 200, {});
		if (first === 'bucket') return bucketRoutes(context, call);
		if (first === 'upload' && second === 'resumable') return resumable.handle(call);
		if (first === 'object') return objectRoutes(context, call);
		throw storageErrors.unsupported(`${call.method} /${call.segments.join('/')}`);
	}

	return {
		async handle(request, response, path) {
			try {
				const target = path.includes('?') ? path : path + queryOf(request.url);
				const { segments, query } = splitPath(target);
				const caller = () => identify(request, keys);
				const method = request.method ?? 'GET';
				await route({ request, response, method, segments, query, caller });
			} catch (error) {
				sendError(response, error);
				// A refused upload may still be arriving: let it pass, or the answer is lost with the socket.
				request.resume();
			}
		},
		close: () => context.database.close(),
	};
}

function queryOf(url: string | undefined): string {
	const mark = url?.indexOf('?') ?? -1;
	return url === undefined || mark < 0 ? '' : url.slice(mark);
}

/** Routes below /object. */
async function objectRoutes(context: StorageContext, call: StorageRequest): Promise<void> {
	const [, ...parts] = call.segments;
	const [first = '', second = ''] = parts;
	const isReading = call.method === 'GET' || call.method === 'HEAD';
	if (isReading) {
		const what = first === 'info' ? 'info' : 'bytes';
		const rest = what === 'info' ? parts.slice(1) : parts;
		const door = rest[0];
		const inDoor = door === 'public' || door === 'authenticated';
		const [bucket = '', ...name] = inDoor ? rest.slice(1) : rest;
		const isPublic = door === 'public';
		return readObjectRoute(context, call, { what, bucket, name: name.join('/'), isPublic });
	}
	if (call.method === 'POST' && first === 'list') return listFolder(context, call, second);
	if (call.method === 'POST' && first === 'list-v2') return listPrefix(context, call, second);
	if (['sign', 'upload', 'move', 'copy'].includes(first)) {
		throw storageErrors.unsupported(`${call.method} /object/${first}`);
	}
	const [bucket = '', ...name] = parts;
	if (call.method === 'DELETE' && name.length === 0) {
		const { prefixes } = await readObject(call.request);
		if (!Array.isArray(prefixes)) throw storageErrors.invalidParameter('prefixes must be array');
		return sendJson(
			call.response,
			200,
			await deleteObjects(context, call, bucket, prefixes.map(String)),
		);
	}
	if (call.method === 'DELETE') {
		const gone = await deleteObjects(context, call, bucket, [name.join('/')]);
		if (gone.length === 0) throw storageErrors.noSuchKey();
		return sendJson(call.response, 200, { message: 'Successfully deleted' });
	}
	if (call.method === 'POST' || call.method === 'PUT') {
		return uploadObject(context, call, bucket, name.join('/'));
	}
	throw storageErrors.unsupported(`${call.method} /object`);
}
