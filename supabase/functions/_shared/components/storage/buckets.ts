// Brings the settings of one bucket to the target: creates it, or changes what differs.
import type { PlannedCall } from '../../domain/plan.ts';
import type { StageContext } from '../../contract/context.ts';
import type { Item } from '../../contract/report.ts';
import { formatBytes } from '../../domain/amount.ts';
import { TwinsError } from '../../domain/errors.ts';
import { letGo } from '../../platform/supabase/storage-api.ts';
import type { StorageEndpoint } from './endpoints.ts';
import { type Bucket, bucketOf, type StoredFile } from './file.ts';
import { ANALYTICS_BUCKETS, BUCKETS, SPECIAL_TABLES, VECTOR_BUCKETS } from './queries.ts';

export async function readBuckets(endpoint: StorageEndpoint): Promise<Bucket[]> {
	return (await endpoint.query(BUCKETS)).map(bucketOf);
}

/** What no API can copy yet: buckets for Iceberg tables and for vectors. */
export async function readSpecialBuckets(
	endpoint: StorageEndpoint,
): Promise<readonly { readonly name: string; readonly kind: 'analytics' | 'vector' }[]> {
	const [known] = await endpoint.query(SPECIAL_TABLES);
	const analytics = known?.['analytics'] === true ? await endpoint.query(ANALYTICS_BUCKETS) : [];
	const vectors = known?.['vectors'] === true ? await endpoint.query(VECTOR_BUCKETS) : [];
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

/**
 * Creates or changes the bucket on the target. A refusal becomes a failed item; passing trouble is thrown.
 * `globalLimit` null (unknown): the project may refuse the bucket's size limit; then it goes without.
 */
export async function ensureBucket(
	target: StorageEndpoint,
	source: Bucket,
	found: Bucket | undefined,
	globalLimit: number | null,
	announce: StageContext['announce'],
): Promise<BucketOutcome> {
	const wanted = wantedBucket(source, globalLimit);
	const isLowered = wanted.fileSizeLimit !== source.fileSizeLimit;
	try {
		return await applyBucket(target, source, wanted, found, isLowered, announce);
	} catch (error) {
		const trouble = refusalOf(error);
		if (trouble.details.httpStatus !== 413 || wanted.fileSizeLimit === null || isLowered) {
			return failedBucket(source, trouble);
		}
	}
	const limit = found?.fileSizeLimit ?? null;
	try {
		const limited = { ...wanted, fileSizeLimit: limit };
		return await applyBucket(target, source, limited, found, true, announce);
	} catch (error) {
		return failedBucket(source, refusalOf(error));
	}
}

/** The error, where it is a refusal; anything else is thrown on. */
function refusalOf(error: unknown): TwinsError {
	if (error instanceof TwinsError && !error.details.passing) return error;
	throw error;
}

const failedBucket = (source: Bucket, { message, fix }: TwinsError): BucketOutcome => ({
	bucket: null,
	item: { object: source.id, outcome: 'failed', detail: message, fix },
});

/** Sends what differs, if anything does. Throws the service's refusal. */
async function applyBucket(
	target: StorageEndpoint,
	source: Bucket,
	wanted: Bucket,
	found: Bucket | undefined,
	isLowered: boolean,
	announce: StageContext['announce'],
): Promise<BucketOutcome> {
	const changes = found ? differingSettings(wanted, found) : ['new'];
	const lowered: Partial<Item> = {
		outcome: 'adapted',
		detail: `file_size_limit is ${shownLimit(wanted)}: the target project does not allow the source's ${shownLimit(source)}`,
		fix: 'Raise the target’s global file size limit (Storage → Settings), then clone again.',
	};
	const item: Item = {
		object: source.id,
		outcome: changes.length > 0 ? 'copied' : 'unchanged',
		detail: found && changes.length > 0 ? `changed: ${changes.join(', ')}` : undefined,
		...(isLowered ? lowered : {}),
	};
	if (changes.length > 0) {
		await announce(item);
		await sendBucket(target, wanted, found !== undefined);
		const now = (await readBuckets(target)).find(({ id }) => id === wanted.id);
		if (!now || differingSettings(wanted, now).length > 0) throw notTaken(wanted);
	}
	return { bucket: wanted, item };
}

const notTaken = ({ id }: Bucket): TwinsError =>
	new TwinsError(
		'storage_refused',
		`Storage took the request, but the bucket ${id} is not as it was asked to be`,
		'Clone again; if it stays so, look at the logs of Storage on the target.',
	);

const shownLimit = ({ fileSizeLimit }: Bucket): string =>
	fileSizeLimit === null ? 'none' : formatBytes(fileSizeLimit);

/** The call of the Storage API that makes a bucket, or changes one that is there. */
export const bucketCall = (wanted: Bucket, exists: boolean): PlannedCall => ({
	method: exists ? 'PUT' : 'POST',
	path: exists ? `/bucket/${encodeURIComponent(wanted.id)}` : '/bucket',
	body: {
		id: wanted.id,
		name: wanted.name,
		public: wanted.isPublic,
		file_size_limit: wanted.fileSizeLimit,
		allowed_mime_types: wanted.allowedMimeTypes,
		...(exists ? {} : { type: 'STANDARD' }),
	},
});

async function sendBucket(target: StorageEndpoint, wanted: Bucket, exists: boolean): Promise<void> {
	const { method, path, body } = bucketCall(wanted, exists);
	const response = await target.fetch(method, path, {
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(body),
	});
	await letGo(response);
}

/**
 * True when the bucket would refuse a file that it holds on the source: one that is older than the limits.
 * The service compares types literally, so does this.
 */
export function isOlderThanLimits(bucket: Bucket, file: StoredFile): boolean {
	if (bucket.fileSizeLimit !== null && (file.size ?? 0) > bucket.fileSizeLimit) return true;
	const allowed = bucket.allowedMimeTypes ?? [];
	if (allowed.length === 0) return false;
	const type = file.mimetype ?? 'application/octet-stream';
	return !allowed.some((one) => one === type || one === `${type.split('/')[0] ?? ''}/*`);
}

/** Runs `work` while the bucket has no limits. Should we die meanwhile, the next slice sets them again. */
export async function withoutLimits<T>(
	target: StorageEndpoint,
	bucket: Bucket,
	work: (unlimited: Bucket) => Promise<T>,
): Promise<T> {
	const unlimited = { ...bucket, fileSizeLimit: null, allowedMimeTypes: null };
	await sendBucket(target, unlimited, true);
	try {
		return await work(unlimited);
	} finally {
		await sendBucket(target, bucket, true);
	}
}
