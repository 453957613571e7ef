// Resumable uploads (/upload/resumable): the protocol is done by @tus/server, here are the names, the
// limits, the caller's rights and what happens when the last byte is in.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { FileStore } from '@tus/file-store';
import { Server, type ServerOptions } from '@tus/server';
import { header, isRecord } from '../http.ts';
import { findBucket, sizeLimit } from './buckets.ts';
import type { Caller } from './caller.ts';
import type { StorageContext, StorageRequest } from './context.ts';
import { StorageError, storageErrors } from './errors.ts';
import { mustBeAllowedType, mustBeKey } from './names.ts';
import { mayWrite, writeRow, type ObjectName } from './rows.ts';
import { readSettings } from './settings.ts';

/** An upload's URL is good for a day. */
const UPLOAD_LIFETIME_MS = 24 * 60 * 60 * 1000;
const PATH = '/upload/resumable';

type TusRequest = Parameters<NonNullable<ServerOptions['onUploadFinish']>>[0];

export interface ResumableUploads {
	handle(call: StorageRequest): Promise<void>;
	/** Removes uploads nobody finished in time. */
	forgetExpired(): Promise<void>;
}

/** What the protocol library answers, from an error of ours. */
function refusal(error: unknown): { status_code: number; body: string } | undefined {
	if (!(error instanceof StorageError)) return undefined;
	return { status_code: error.statusCode, body: error.message };
}

export function createResumableUploads(context: StorageContext): ResumableUploads {
	const folder = join(context.project.storageDir, 'uploads');
	const store = new FileStore({
		directory: folder,
		expirationPeriodInMilliseconds: UPLOAD_LIFETIME_MS,
	});
	const callers = new WeakMap<IncomingMessage, Caller>();
	const uploads = new Map<string, ObjectName>();

	function nodeRequest(request: TusRequest): { request: IncomingMessage; caller: Caller } {
		const node = request.runtime?.node?.req as IncomingMessage | undefined;
		const caller = node && callers.get(node);
		if (!node || !caller) throw storageErrors.accessDenied('no caller');
		return { request: node, caller };
	}

	function objectOf(metadata: Record<string, string | null> | undefined): ObjectName {
		return { bucket: metadata?.['bucketName'] ?? '', name: metadata?.['objectName'] ?? '' };
	}

	async function authorize(tusRequest: TusRequest, object: ObjectName): Promise<void> {
		const { request, caller } = nodeRequest(tusRequest);
		const upsert = header(request, 'x-upsert') === 'true';
		await mayWrite(context, caller, object, upsert);
	}

	const server = new Server({
		path: PATH,
		datastore: store,
		disableTerminationForFinishedUploads: true,
		namingFunction: (_request, metadata) => {
			const id = randomUUID();
			uploads.set(id, objectOf(metadata));
			return id;
		},
		generateUrl: (_request, { id }) => {
			const { bucket, name } = uploads.get(id) ?? { bucket: '', name: '' };
			uploads.delete(id);
			const location = Buffer.from(`${bucket}/${name}/${id}`).toString('base64url');
			return `${context.project.url}/storage/v1${PATH}/${location}`;
		},
		getFileIdFromRequest: (_request, last) =>
			last === undefined ? undefined : Buffer.from(last, 'base64url').toString().split('/').at(-1),
		maxSize: async (_request, id) => {
			const object = uploads.get(id ?? '');
			if (!object) return (await readSettings(context.project)).fileSizeLimit;
			return sizeLimit(context, await findBucket(context, object.bucket));
		},
		async onIncomingRequest(request, id) {
			nodeRequest(request);
			if (request.method !== 'PATCH') return;
			await authorize(request, objectOf((await store.getUpload(id)).metadata));
		},
		async onUploadCreate(request, upload) {
			const object = objectOf(upload.metadata);
			mustBeKey(object.name, (await readSettings(context.project)).strictNames);
			const bucket = await findBucket(context, object.bucket);
			await authorize(request, object);
			const type = upload.metadata?.['contentType'];
			if (type) mustBeAllowedType(type, bucket.allowed_mime_types);
			const seconds = upload.metadata?.['cacheControl'] ?? '';
			const cacheControl = /^-?\d+$/.test(seconds) ? `max-age=${seconds}` : 'no-cache';
			return { metadata: { ...upload.metadata, cacheControl } };
		},
		async onUploadFinish(request, upload) {
			const { caller } = nodeRequest(request);
			const version = randomUUID();
			const stored = await context.bytes.adopt(version, join(folder, upload.id));
			await writeRow(context, caller, {
				...objectOf(upload.metadata),
				version,
				stored,
				mimetype: upload.metadata?.['contentType'] ?? 'application/octet-stream',
				cacheControl: upload.metadata?.['cacheControl'] ?? 'no-cache',
				userMetadata: userMetadata(upload.metadata?.['metadata']),
			});
			return { headers: { 'Tus-Complete': '1' } };
		},
		onResponseError: (_request, error) => refusal(error),
	});

	return {
		async handle(call) {
			if (call.method !== 'OPTIONS') callers.set(call.request, await call.caller());
			await server.handle(call.request, call.response);
		},
		async forgetExpired() {
			await server.cleanUpExpiredUploads();
		},
	};
}

function userMetadata(json: string | null | undefined): Record<string, unknown> | null {
	try {
		const value: unknown = JSON.parse(json ?? '');
		return isRecord(value) ? value : null;
	} catch {
		return null;
	}
}
