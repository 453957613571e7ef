// What is known of a stored file and of a bucket, and how their names travel in URLs and reports. Pure.
import type { Row } from '../../platform/postgres/index.ts';

export interface StoredFile {
	readonly name: string;
	/** Bytes; null where the service left no metadata. */
	readonly size: number | null;
	/** Without quotes. `…-3` is that of a multipart upload of three parts, not an MD5. */
	readonly etag: string | null;
	readonly mimetype: string | null;
	readonly cacheControl: string | null;
	readonly hasMetadata: boolean;
	/** Hash over all that must be equal. */
	readonly state: string;
}

export interface Bucket {
	readonly id: string;
	/** Usually the id. Set when the bucket is made, and never again. */
	readonly name: string;
	readonly isPublic: boolean;
	readonly fileSizeLimit: number | null;
	readonly allowedMimeTypes: readonly string[] | null;
	readonly type: string;
}

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);

export function storedFile(row: Row): StoredFile {
	return {
		name: text(row['name']) ?? '',
		size: number(row['size']),
		etag: text(row['etag']),
		mimetype: text(row['mimetype']),
		cacheControl: text(row['cache_control']),
		hasMetadata: row['has_metadata'] === true,
		state: text(row['state']) ?? '',
	};
}

export function bucketOf(row: Row): Bucket {
	const types = row['allowed_mime_types'];
	return {
		id: text(row['id']) ?? '',
		name: text(row['name']) ?? '',
		isPublic: row['public'] === true,
		fileSizeLimit: number(row['file_size_limit']),
		allowedMimeTypes: Array.isArray(types) ? types.map(String) : null,
		type: text(row['type']) ?? 'STANDARD',
	};
}

/** How a file is called in reports. */
export const label = (bucket: string, name: string): string => `${bucket}/${name}`;

/** The path of a file in URLs; slashes stay, all else that means something in a URL is escaped. */
export function filePath(bucket: string, name: string): string {
	return [bucket, ...name.split('/')].map(encodeURIComponent).join('/');
}

/** False for names with `.` or `..` as a part: every HTTP client folds them away, escaped or not. */
export function isAddressable(name: string): boolean {
	return !name.split('/').some((part) => part === '.' || part === '..');
}
