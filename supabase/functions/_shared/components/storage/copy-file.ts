// Copies one file: chooses the way, tries again while the trouble is passing, and says how it ended.
import { TwinsError } from '../../domain/errors.ts';
import type { StorageEndpoints } from './endpoints.ts';
import { type Bucket, isAddressable, type StoredFile } from './file.ts';
import { tooLarge } from './limits.ts';
import { carriesCacheControl, copyInPieces, PIECE_BYTES } from './resumable.ts';
import { copyWhole } from './transfer.ts';

/** Sent in one piece when a resumable upload could not carry the file's cache control; not resumable. */
const LARGEST_WHOLE_BYTES = 64 * 1024 * 1024;
const TRIES = 3;
const FIRST_WAIT_MS = 400;
/** A rate limit that ends sooner than this is sat out here. */
const LONGEST_WAIT_SECONDS = 5;

export type FileOutcome =
	| { readonly kind: 'copied'; readonly adapted?: { detail: string; fix: string } }
	| { readonly kind: 'suspended' }
	| {
			readonly kind: 'failed';
			readonly detail: string;
			readonly fix: string;
			/** Trouble that may have nothing to do with this file. */
			readonly passing?: TwinsError;
	  };

export interface FileTask {
	readonly bucket: Bucket;
	readonly file: StoredFile;
	readonly globalLimit: number | null;
	readonly signal: AbortSignal;
	readonly shouldStop: () => boolean;
	readonly onBytes: (bytes: number) => void;
}

/** Errors that belong to one file; all others stop the stage. */
const FILE_ERRORS: readonly string[] = [
	'storage_refused',
	'api_unavailable',
	'rate_limited',
	'unsupported',
	'conflict',
];

/** Copies the file. Throws only what is not the file's trouble: a lost database, a cancelled job. */
export async function copyFile(endpoints: StorageEndpoints, task: FileTask): Promise<FileOutcome> {
	const { file, globalLimit } = task;
	if (!isAddressable(file.name)) {
		return {
			kind: 'failed',
			detail: 'its name has "." or ".." between slashes, which no URL can carry',
			fix: 'Rename the file on the source, then clone again.',
		};
	}
	const refusal = tooLarge(file, globalLimit);
	if (refusal) return { kind: 'failed', ...refusal };
	for (let attempt = 1; ; attempt += 1) {
		try {
			return await copyOnce(endpoints, task);
		} catch (error) {
			if (task.signal.aborted) throw task.signal.reason;
			const trouble = fileTrouble(error);
			const { passing, retryAfter } = trouble.details;
			const patience = (retryAfter ?? 0) <= LONGEST_WAIT_SECONDS;
			// The end of a slice must not look like the end of patience.
			if (passing && patience && task.shouldStop()) return { kind: 'suspended' };
			if (passing && patience && attempt < TRIES) {
				await pause(retryAfter ? retryAfter * 1000 : FIRST_WAIT_MS * 4 ** (attempt - 1));
				continue;
			}
			if (trouble.code === 'rate_limited') throw trouble;
			const { message: detail, fix } = trouble;
			return { kind: 'failed', detail, fix, ...(passing ? { passing: trouble } : {}) };
		}
	}
}

function fileTrouble(error: unknown): TwinsError {
	if (error instanceof TwinsError) {
		if (FILE_ERRORS.includes(error.code)) return error;
		throw error;
	}
	// A header that HTTP cannot carry (a line break in a content type) is a TypeError of fetch.
	if (error instanceof TypeError) {
		return new TwinsError(
			'unsupported',
			`The file cannot be sent: ${error.message}`,
			'Look at its content type, cache control and metadata on the source.',
		);
	}
	throw error;
}

async function copyOnce(endpoints: StorageEndpoints, task: FileTask): Promise<FileOutcome> {
	const { bucket, file, signal } = task;
	const size = file.size ?? 0;
	// The service would take the body of such a type for a form.
	const looksLikeForm = file.mimetype?.startsWith('multipart/') ?? false;
	const exact = carriesCacheControl(file.cacheControl);
	const whole = size <= PIECE_BYTES || (!exact && size <= LARGEST_WHOLE_BYTES);
	if (whole && !looksLikeForm) {
		await copyWhole(endpoints, bucket.id, file, signal);
		task.onBytes(size);
		return { kind: 'copied' };
	}
	const { shouldStop, onBytes } = task;
	const end = await copyInPieces(endpoints, {
		bucket: bucket.id,
		file,
		size,
		signal,
		shouldStop,
		onPiece: onBytes,
	});
	if (end === 'suspended') return { kind: 'suspended' };
	if (exact) return { kind: 'copied' };
	return {
		kind: 'copied',
		adapted: {
			detail: `cache control is "no-cache": a resumable upload cannot carry "${file.cacheControl ?? ''}"`,
			fix: 'Upload this file again with its cache control, where that matters.',
		},
	};
}

function pause(milliseconds: number): Promise<void> {
	return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
