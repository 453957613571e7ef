// Bytes of objects on disk: one file per version, named by the version's id, so that replacing an object
// never shows half of it. Not the rows: those are in `storage.objects`.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, link, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { storageErrors } from './errors.ts';

/** Part size of resumable uploads, which shows in their ETag. */
export const PART_BYTES = 6 * 1024 * 1024;

export interface StoredBytes {
	readonly size: number;
	/** As the service stores it: with its quotes. */
	readonly eTag: string;
}

export interface ByteStore {
	/** Writes a stream; refuses more than `limit` bytes and leaves nothing behind when it fails. */
	write(version: string, body: Readable, limit: number): Promise<StoredBytes>;
	/** Takes over a finished resumable upload; its ETag is that of a multipart upload. */
	adopt(version: string, file: string): Promise<StoredBytes>;
	/** False for a row that was never uploaded, or whose bytes are lost. */
	has(version: string | null): Promise<boolean>;
	read(version: string, range?: { readonly start: number; readonly end: number }): Readable;
	remove(version: string | null): Promise<void>;
}

export function createByteStore(folder: string): ByteStore {
	const path = (version: string): string => join(folder, version.slice(0, 2), version);

	return {
		async write(version, body, limit) {
			const file = path(version);
			await mkdir(dirname(file), { recursive: true });
			const hash = createHash('md5');
			let size = 0;
			try {
				await pipeline(
					body,
					async function* measured(chunks: AsyncIterable<Buffer>) {
						for await (const chunk of chunks) {
							size += chunk.length;
							if (size > limit) throw storageErrors.tooLarge();
							hash.update(chunk);
							yield chunk;
						}
					},
					createWriteStream(file),
				);
			} catch (error) {
				await rm(file, { force: true });
				throw error;
			}
			return { size, eTag: `"${hash.digest('hex')}"` };
		},

		async adopt(version, file) {
			const parts: Buffer[] = [];
			let part = createHash('md5');
			let inPart = 0;
			let size = 0;
			for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
				let rest = chunk;
				while (rest.length > 0) {
					const piece = rest.subarray(0, PART_BYTES - inPart);
					part.update(piece);
					inPart += piece.length;
					size += piece.length;
					rest = rest.subarray(piece.length);
					if (inPart === PART_BYTES) {
						parts.push(part.digest());
						part = createHash('md5');
						inPart = 0;
					}
				}
			}
			if (inPart > 0 || parts.length === 0) parts.push(part.digest());
			const whole = createHash('md5').update(Buffer.concat(parts)).digest('hex');
			await mkdir(dirname(path(version)), { recursive: true });
			// A second name, not a move: the finished upload still answers HEAD until it expires.
			await link(file, path(version));
			return { size, eTag: `"${whole}-${parts.length}"` };
		},

		has: (version) =>
			version === null
				? Promise.resolve(false)
				: access(path(version)).then(
						() => true,
						() => false,
					),

		read: (version, range) => createReadStream(path(version), range ?? {}),

		async remove(version) {
			if (version !== null) await rm(path(version), { force: true });
		},
	};
}
