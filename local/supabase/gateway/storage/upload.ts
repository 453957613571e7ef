// POST and PUT of an object: a raw body, or the multipart form that browsers and storage-js send.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import busboy from 'busboy';
import { header, isRecord, sendJson } from '../http.ts';
import { findBucket, sizeLimit } from './buckets.ts';
import type { StoredBytes } from './bytes.ts';
import type { StorageContext, StorageRequest } from './context.ts';
import { StorageError, storageErrors } from './errors.ts';
import { mustBeAllowedType, mustBeKey } from './names.ts';
import { mayWrite, writeRow } from './rows.ts';
import { readSettings } from './settings.ts';

const MAX_METADATA_BYTES = 1024 * 1024;

interface Received {
	readonly stored: StoredBytes;
	readonly mimetype: string;
	readonly cacheControl: string;
	readonly userMetadata: Record<string, unknown> | null;
}

/** Stores the stream once its type is known; throws for a type that is not allowed. */
type Receive = (body: Readable, mimetype: string) => Promise<StoredBytes>;

/** User metadata that is not an object in JSON is dropped without a word, as the service does. */
function parsedMetadata(json: string | undefined): Record<string, unknown> | null {
	if (json === undefined) return null;
	if (Buffer.byteLength(json) > MAX_METADATA_BYTES) throw storageErrors.tooLarge('user_metadata');
	try {
		const value: unknown = JSON.parse(json);
		return isRecord(value) ? value : null;
	} catch {
		return null;
	}
}

async function receiveRaw(request: IncomingMessage, receive: Receive): Promise<Received> {
	const mimetype = header(request, 'content-type') ?? 'application/octet-stream';
	const encoded = header(request, 'x-metadata');
	const json = encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString();
	const userMetadata = parsedMetadata(json) ?? {};
	return {
		stored: await receive(request, mimetype),
		mimetype,
		cacheControl: header(request, 'cache-control') ?? 'no-cache',
		userMetadata,
	};
}

function receiveForm(request: IncomingMessage, receive: Receive): Promise<Received> {
	return new Promise((resolve, reject) => {
		const fields = new Map<string, string>();
		let storing: Promise<{ stored: StoredBytes; mimetype: string }> | undefined;
		const form = busboy({
			headers: request.headers,
			limits: { files: 1, fieldSize: MAX_METADATA_BYTES + 1 },
		});
		form.on('field', (name, value) => fields.set(name, value));
		form.on('file', (_name, body, info) => {
			const mimetype = fields.get('contentType') ?? info.mimeType;
			storing = receive(body, mimetype).then((stored) => ({ stored, mimetype }));
			storing.catch((error: unknown) => {
				body.resume();
				reject(error);
			});
		});
		form.on('error', reject);
		form.on('close', () => {
			if (!storing) {
				reject(storageErrors.noContent());
				return;
			}
			storing
				.then(({ stored, mimetype }) => {
					const seconds = fields.get('cacheControl');
					resolve({
						stored,
						mimetype,
						// Seconds come in, a directive is stored.
						cacheControl: seconds ? `max-age=${seconds}` : 'no-cache',
						userMetadata:
							parsedMetadata(fields.get('metadata') ?? fields.get('userMetadata')) ?? {},
					});
				})
				.catch(reject);
		});
		request.pipe(form);
	});
}

/** Answers POST and PUT /object/<bucket>/<name>. PUT replaces; POST does with `x-upsert: true`. */
export async function uploadObject(
	context: StorageContext,
	call: StorageRequest,
	bucketId: string,
	name: string,
): Promise<void> {
	const { request } = call;
	const caller = await call.caller();
	mustBeKey(name, (await readSettings(context.project)).strictNames);
	const bucket = await findBucket(context, bucketId);
	const upsert = call.method === 'PUT' || header(request, 'x-upsert') === 'true';
	const object = { bucket: bucketId, name };
	await mayWrite(context, caller, object, upsert);

	const limit = await sizeLimit(context, bucket);
	const isForm = header(request, 'content-type')?.startsWith('multipart/form-data') ?? false;
	if (!isForm && Number(header(request, 'content-length') ?? 0) > limit) {
		throw storageErrors.tooLarge();
	}
	const version = randomUUID();
	const receive: Receive = (body, mimetype) => {
		if (!name.endsWith('.emptyFolderPlaceholder')) {
			mustBeAllowedType(mimetype, bucket.allowed_mime_types);
		}
		return context.bytes.write(version, body, limit);
	};
	const received = await (isForm ? receiveForm : receiveRaw)(request, async (body, mimetype) =>
		receive(body, mimetype),
	);
	try {
		const id = await writeRow(context, caller, { ...object, version, ...received });
		sendJson(call.response, 200, { Id: id, Key: `${bucketId}/${name}` });
	} catch (error) {
		await context.bytes.remove(version);
		throw error instanceof StorageError ? error : storageErrors.database(String(error));
	}
}
