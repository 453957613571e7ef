// GET and HEAD of an object's bytes (public, authenticated, by range) and of its facts (/object/info).
import { pipeline } from 'node:stream/promises';
import { header, sendJson } from '../http.ts';
import { findBucket } from './buckets.ts';
import { SERVICE } from './caller.ts';
import type { StorageContext, StorageRequest } from './context.ts';
import { storageErrors } from './errors.ts';
import { findObject, type ObjectName, type ObjectRow } from './rows.ts';

/** First and last byte asked for; null for all. Throws when the file does not reach so far. */
function parseRange(
	value: string | undefined,
	size: number,
): { start: number; end: number } | null {
	const match = /^bytes=(\d*)-(\d*)$/.exec(value ?? '');
	if (!match || (match[1] === '' && match[2] === '')) return null;
	const fromEnd = match[1] === '';
	const start = fromEnd ? Math.max(0, size - Number(match[2])) : Number(match[1]);
	const end = fromEnd || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1);
	if (start >= size || start > end) throw storageErrors.invalidRange();
	return { start, end };
}

/** Pages are never shown as pages from a project's own domain. */
function shownType(mimetype: string | undefined): string {
	if (mimetype?.includes('text/html')) return 'text/plain';
	return mimetype ?? 'application/octet-stream';
}

function disposition(query: URLSearchParams): Record<string, string> {
	const name = query.get('download');
	if (name === null) return {};
	const encoded = encodeURIComponent(name);
	const value =
		name === '' ? 'attachment;' : `attachment; filename=${encoded}; filename*=UTF-8''${encoded};`;
	return { 'content-disposition': value };
}

async function sendBytes(
	context: StorageContext,
	call: StorageRequest,
	row: ObjectRow,
): Promise<void> {
	const { request, response } = call;
	const { version } = row;
	if (version === null || !(await context.bytes.has(version))) throw storageErrors.noSuchKey();
	const size = row.metadata?.size ?? 0;
	const eTag = row.metadata?.eTag ?? '';
	const headers = {
		etag: eTag,
		'last-modified': row.updated_at.toUTCString(),
		'cache-control': row.metadata?.cacheControl ?? 'no-cache',
	};
	if (eTag !== '' && header(request, 'if-none-match') === eTag) {
		response.writeHead(304, headers).end();
		return;
	}
	const range = parseRange(header(request, 'range'), size);
	response.writeHead(range ? 206 : 200, {
		...headers,
		...disposition(call.query),
		'accept-ranges': 'bytes',
		'content-type': shownType(row.metadata?.mimetype),
		'content-length': range ? range.end - range.start + 1 : size,
		...(range ? { 'content-range': `bytes ${range.start}-${range.end}/${size}` } : {}),
	});
	if (call.method === 'HEAD') {
		response.end();
		return;
	}
	await pipeline(context.bytes.read(version, range ?? undefined), response);
}

function sendInfo(call: StorageRequest, row: ObjectRow): void {
	sendJson(call.response, 200, {
		id: row.id,
		name: row.name,
		version: row.version,
		bucket_id: row.bucket_id,
		size: row.metadata?.size ?? null,
		content_type: row.metadata?.mimetype ?? null,
		cache_control: row.metadata?.cacheControl ?? null,
		etag: row.metadata?.eTag ?? null,
		metadata: row.user_metadata,
		last_modified: row.updated_at,
		created_at: row.created_at,
	});
}

export interface Reading extends ObjectName {
	/** The object, or only what is known of it. */
	readonly what: 'bytes' | 'info';
	/** Through the public path: no key needed, and the bucket must be public. */
	readonly isPublic: boolean;
}

/** Answers GET and HEAD of one object. */
export async function readObjectRoute(
	context: StorageContext,
	call: StorageRequest,
	reading: Reading,
): Promise<void> {
	if (reading.isPublic) {
		const bucket = await findBucket(context, reading.bucket);
		if (!bucket.public) throw storageErrors.noSuchBucket();
	}
	const caller = reading.isPublic ? SERVICE : await call.caller();
	const row = await findObject(context, caller, reading);
	if (reading.what === 'info') sendInfo(call, row);
	else await sendBytes(context, call, row);
}
