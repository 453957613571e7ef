// Moves a large file in pieces of 6 MB through a resumable upload (TUS). The upload's address is kept on the
// target and the service knows the offset, so that any worker can go on where the last one died.
import { TwinsError } from '../../domain/errors.ts';
import { letGo } from '../../platform/supabase/storage-api.ts';
import type { StorageEndpoints } from './endpoints.ts';
import type { StoredFile } from './file.ts';
import { FIND_UPLOAD, FINISH_UPLOAD, REMEMBER_UPLOAD } from './queries.ts';
import { base64, openSource, readUserMetadata } from './transfer.ts';

/** The service takes pieces of exactly this size, but for the last. */
export const PIECE_BYTES = 6 * 1024 * 1024;

const ROUTE = '/upload/resumable';
const PROTOCOL = { 'tus-resumable': '1.0.0' };
/** Of an upload: the last part of its address, nothing that leads elsewhere. */
const LOCATION = /^(?!\.+$)[\w.~%=+-]+$/;
/** Seconds in `max-age=3600`: the only cache control, besides `no-cache`, that this way can carry. */
const MAX_AGE = /^max-age=(\d+)$/;

/** True when the upload can carry this cache control exactly. */
export function carriesCacheControl(cacheControl: string | null): boolean {
	return cacheControl === null || cacheControl === 'no-cache' || MAX_AGE.test(cacheControl);
}

export interface ResumableCopy {
	readonly bucket: string;
	readonly file: StoredFile;
	readonly size: number;
	readonly signal: AbortSignal;
	/** Asked between pieces: true suspends the upload. */
	readonly shouldStop: () => boolean;
	readonly onPiece: (bytes: number) => void;
}

/** Goes on with the file's upload, or begins it. `suspended` leaves it to a later slice. */
export async function copyInPieces(
	endpoints: StorageEndpoints,
	copy: ResumableCopy,
): Promise<'done' | 'suspended'> {
	const { bucket, file, size } = copy;
	const upload = await continueOrBegin(endpoints, copy);
	const { location } = upload;
	let { offset } = upload;
	while (offset < size) {
		if (copy.shouldStop()) return 'suspended';
		const end = Math.min(offset + PIECE_BYTES, size);
		const before = offset;
		try {
			offset = await sendPiece(endpoints, copy, location, { start: offset, end: end - 1 });
		} catch (error) {
			// Another writer, most likely our own from a slice that was cut off: go on behind its bytes.
			if (!isConflict(error)) throw error;
			offset = (await offsetOf(endpoints, copy, location)) ?? before;
		}
		if (offset <= before) throw noProgress(offset);
		copy.onPiece(offset - before);
	}
	await endpoints.target.query(FINISH_UPLOAD, [bucket, file.name]);
	return 'done';
}

function isConflict(error: unknown): boolean {
	return error instanceof TwinsError && error.details.httpStatus === 409;
}

function noProgress(offset: number): TwinsError {
	return new TwinsError(
		'storage_refused',
		`The resumable upload does not get beyond byte ${offset}`,
		'Clone again; if it stays so, look at the logs of Storage on the target.',
		{ httpStatus: 409, passing: true },
	);
}

async function continueOrBegin(
	endpoints: StorageEndpoints,
	copy: ResumableCopy,
): Promise<{ location: string; offset: number }> {
	const { bucket, file, size } = copy;
	const [known] = await endpoints.target.query(FIND_UPLOAD, [bucket, file.name, file.state]);
	const location = known?.['location'];
	if (known?.['is_finished'] === true) return { location: '', offset: size };
	if (typeof location === 'string') {
		const offset = await offsetOf(endpoints, copy, location);
		// All bytes sent and still not the source's file: its last step failed, so begin anew.
		if (offset !== null && offset < size) return { location, offset };
	}
	const begun = await begin(endpoints, copy);
	await endpoints.target.query(REMEMBER_UPLOAD, [bucket, file.name, file.state, begun]);
	return { location: begun, offset: 0 };
}

/** Bytes that have arrived; null when the upload is gone (24 hours, or lost by the service). */
async function offsetOf(
	endpoints: StorageEndpoints,
	copy: ResumableCopy,
	location: string,
): Promise<number | null> {
	try {
		const response = await endpoints.target.fetch('HEAD', `${ROUTE}/${location}`, {
			headers: PROTOCOL,
			signal: copy.signal,
		});
		const offset = Number(response.headers.get('upload-offset') ?? Number.NaN);
		return Number.isInteger(offset) && offset >= 0 ? offset : null;
	} catch (error) {
		if (error instanceof TwinsError && !error.details.passing) return null;
		throw error;
	}
}

async function begin(endpoints: StorageEndpoints, copy: ResumableCopy): Promise<string> {
	const { bucket, file, size } = copy;
	const seconds = MAX_AGE.exec(file.cacheControl ?? '')?.[1];
	const userMetadata = await readUserMetadata(endpoints, bucket, file);
	const metadata: Record<string, string> = {
		bucketName: bucket,
		objectName: file.name,
		contentType: file.mimetype ?? 'application/octet-stream',
		...(seconds === undefined ? {} : { cacheControl: seconds }),
		...(userMetadata === null ? {} : { metadata: userMetadata }),
	};
	const response = await endpoints.target.fetch('POST', ROUTE, {
		headers: {
			...PROTOCOL,
			'upload-length': String(size),
			'upload-metadata': Object.entries(metadata)
				.map(([key, value]) => `${key} ${base64(value)}`)
				.join(','),
			'x-upsert': 'true',
		},
		signal: copy.signal,
	});
	await letGo(response);
	// Only the last part: behind a proxy the address is not the one we must use.
	const location = response.headers.get('location')?.split('/').at(-1);
	if (location !== undefined && LOCATION.test(location)) return location;
	throw new TwinsError(
		'storage_refused',
		'Storage began a resumable upload without saying where it is',
		'Clone again; if it stays so, look at the logs of Storage on the target.',
	);
}

/** Sends one piece and returns the new offset. */
async function sendPiece(
	endpoints: StorageEndpoints,
	copy: ResumableCopy,
	location: string,
	range: { readonly start: number; readonly end: number },
): Promise<number> {
	const download = await openSource(endpoints, copy.bucket, copy.file, range);
	try {
		const response = await endpoints.target.fetch('PATCH', `${ROUTE}/${location}`, {
			headers: {
				...PROTOCOL,
				'content-type': 'application/offset+octet-stream',
				'upload-offset': String(range.start),
				'x-upsert': 'true',
			},
			body: download.body ?? new Uint8Array(),
			signal: copy.signal,
		});
		await letGo(response);
		return offsetAfter(response, range);
	} finally {
		if (!download.body?.locked) await download.body?.cancel();
	}
}

/** Where the upload is after a piece. Anything but a place within it is no answer of the protocol. */
function offsetAfter({ headers }: Response, range: { start: number; end: number }): number {
	const offset = Number(headers.get('upload-offset') ?? Number.NaN);
	if (Number.isInteger(offset) && offset > range.start && offset <= range.end + 1) return offset;
	throw noProgress(range.start);
}
