// Moves the bytes of one file from source to target in one piece. The answer of one request is the body of
// the other: nothing is kept. Larger files go through resumable.ts.
import { TwinsError } from '../../domain/errors.ts';
import { letGo } from '../../platform/supabase/storage-api.ts';
import type { StorageEndpoints } from './endpoints.ts';
import { filePath, type StoredFile } from './file.ts';
import { USER_METADATA } from './queries.ts';

/** The user metadata of a file as JSON text; null when it has none. */
export async function readUserMetadata(
	endpoints: StorageEndpoints,
	bucket: string,
	file: StoredFile,
): Promise<string | null> {
	if (!file.hasMetadata) return null;
	const [row] = await endpoints.source.query(USER_METADATA, [bucket, file.name]);
	const json = row?.['json'];
	return typeof json === 'string' ? json : null;
}

/** Text as base64 of its UTF-8; `btoa` alone takes Latin-1 only. */
export function base64(value: string): string {
	let binary = '';
	for (const byte of new TextEncoder().encode(value)) binary += String.fromCharCode(byte);
	return btoa(binary);
}

/** A range of bytes, both ends included. */
export interface ByteRange {
	readonly start: number;
	readonly end: number;
}

/**
 * Opens a file of the source, or a range of it. Throws `conflict` when it is not the file that was listed
 * any more, so that two versions are never mixed.
 */
export async function openSource(
	endpoints: StorageEndpoints,
	bucket: string,
	file: StoredFile,
	range?: ByteRange,
): Promise<Response> {
	const path = `/object/authenticated/${filePath(bucket, file.name)}`;
	const headers = range ? { range: `bytes=${range.start}-${range.end}` } : {};
	const response = await endpoints.source.fetch('GET', path, { headers });
	const trouble = troubleOf(response, file, range);
	if (trouble === null) return response;
	await letGo(response);
	throw trouble;
}

function troubleOf(response: Response, file: StoredFile, range?: ByteRange): TwinsError | null {
	const encoding = response.headers.get('content-encoding') ?? 'identity';
	if (encoding !== 'identity') {
		return new TwinsError(
			'unsupported',
			`The file is stored with content encoding ${encoding}, which cannot be read as it is`,
			'Download this file and upload it to the target by hand.',
		);
	}
	const etag = response.headers.get('etag')?.replace(/^W\//, '').replaceAll('"', '');
	if (etag !== undefined && file.etag !== null && etag !== file.etag) {
		return new TwinsError(
			'conflict',
			'The file was replaced on the source while it was being copied',
			'Clone again to copy its new content.',
		);
	}
	if (range !== undefined && response.status !== 206) {
		return new TwinsError(
			'unsupported',
			`The source’s Storage does not serve parts of files (status ${response.status})`,
			'Copy this file by hand.',
		);
	}
	return null;
}

/** Replaces the file on the target with the source's, in one upload. Throws what either endpoint refuses. */
export async function copyWhole(
	endpoints: StorageEndpoints,
	bucket: string,
	file: StoredFile,
	signal: AbortSignal,
): Promise<void> {
	const metadata = await readUserMetadata(endpoints, bucket, file);
	const download = await openSource(endpoints, bucket, file);
	const headers: Record<string, string> = {
		'content-type': file.mimetype ?? 'application/octet-stream',
		'x-upsert': 'true',
	};
	// Stored as sent: the source's own text, not a number of seconds that would get a prefix.
	if (file.cacheControl !== null) headers['cache-control'] = file.cacheControl;
	if (metadata !== null) headers['x-metadata'] = base64(metadata);
	// Without the upload's own signal a refused upload would leave the download hanging.
	const body = file.size === 0 || !download.body ? new Uint8Array() : download.body;
	try {
		const upload = await endpoints.target.fetch('POST', `/object/${filePath(bucket, file.name)}`, {
			headers,
			body,
			signal,
		});
		await letGo(upload);
	} finally {
		if (!download.body?.locked) await download.body?.cancel();
	}
}
