// Brings the settings of one bucket to the target: creates it, or changes what differs.
import type { Item } from '../component.ts';
import { TwinsError } from '../../domain/errors.ts';
import type { StorageEnd } from './ends.ts';
import type { Bucket } from './file.ts';
import { readable } from './file.ts';
import { ANALYTICS_BUCKETS, BUCKETS, SPECIAL_TABLES, VECTOR_BUCKETS } from './queries.ts';
import { bucketOf } from './file.ts';

export async function readBuckets(end: StorageEnd): Promise<Bucket[]> {
	return (await end.query(BUCKETS)).map(bucketOf);
}

/** What no API can copy yet: buckets for Iceberg tables and for vectors. */
export async function readSpecialBuckets(
	end: StorageEnd,
): Promise<readonly { readonly name: string; readonly kind: 'analytics' | 'vector' }[]> {
	const [known] = await end.query(SPECIAL_TABLES);
	const analytics = known?.['analytics'] === true ? await end.query(ANALYTICS_BUCKETS) : [];
	const vectors = known?.['vectors'] === true ? await end.query(VECTOR_BUCKETS) : [];
	return [
		...analytics.map((row) => ({ name: String(row['name']), kind: 'analytics' as const })),
		...vectors.map((row) => ({ name: String(row['name']), kind: 'vector' as const })),
	];
}

/** The source's bucket as the target can have it: no bucket may allow more than its project. */
export function wantedBucket(source: Bucket, globalLimit: number | null): Bucket {
	const limit = source.fileSizeLimit;
	if (limit === null || globalLimit === null || limit <= globalLimit) return source;
	return { ...source, fileSizeLimit: globalLimit };
}

/** Names of the settings in which two buckets differ. */
export function differingSettings(wanted: Bucket, found: Bucket): string[] {
	const types = (bucket: Bucket): string => JSON.stringify(bucket.allowedMimeTypes ?? []);
	return [
		wanted.isPublic === found.isPublic ? '' : 'public',
		wanted.fileSizeLimit === found.fileSizeLimit ? '' : 'file_size_limit',
		types(wanted) === types(found) ? '' : 'allowed_mime_types',
	].filter((setting) => setting !== '');
}

export interface BucketOutcome {
	/** The bucket as it is on the target now; null when it is not there. */
	readonly bucket: Bucket | null;
	readonly item: Item;
}

/** Creates or changes the bucket on the target. A refusal becomes a failed item; passing trouble is thrown. */
export async function ensureBucket(
	target: StorageEnd,
	source: Bucket,
	found: Bucket | undefined,
	globalLimit: number | null,
): Promise<BucketOutcome> {
	const wanted = wantedBucket(source, globalLimit);
	const isLowered = wanted.fileSizeLimit !== source.fileSizeLimit;
	const changes = found ? differingSettings(wanted, found) : [];
	const lowered: Partial<Item> = {
		outcome: 'adapted',
		detail: `file_size_limit is ${readable(wanted.fileSizeLimit ?? 0)}, the most the target project allows; the source has ${readable(source.fileSizeLimit ?? 0)}`,
		fix: 'Raise the target’s global file size limit (Storage → Settings), then clone again.',
	};
	if (found && changes.length === 0) {
		return {
			bucket: found,
			item: { object: source.id, outcome: 'unchanged', ...(isLowered ? lowered : {}) },
		};
	}
	try {
		const method = found ? 'PUT' : 'POST';
		const path = found ? `/bucket/${encodeURIComponent(source.id)}` : '/bucket';
		const response = await target.fetch(method, path, {
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify({
				id: wanted.id,
				name: wanted.id,
				public: wanted.isPublic,
				file_size_limit: wanted.fileSizeLimit,
				allowed_mime_types: wanted.allowedMimeTypes,
				...(found ? {} : { type: 'STANDARD' }),
			}),
		});
		await response.body?.cancel();
	} catch (error) {
		if (!(error instanceof TwinsError) || error.details.passing) throw error;
		const { message: detail, fix } = error;
		return { bucket: null, item: { object: source.id, outcome: 'failed', detail, fix } };
	}
	const detail = found ? `changed: ${changes.join(', ')}` : undefined;
	return {
		bucket: wanted,
		item: { object: source.id, outcome: 'copied', detail, ...(isLowered ? lowered : {}) },
	};
}
