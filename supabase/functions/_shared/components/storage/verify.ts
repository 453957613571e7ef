// Compares buckets and files of both endpoints. `structure`: settings of buckets; `counts`: also how many files
// and bytes; `checksums`: every file by size, ETag, type, cache control and user metadata.
import { type Finding, notNamed } from '../../contract/report.ts';
import type { ReadContext } from '../../contract/context.ts';
import type { VerificationMode } from '../../domain/status.ts';
import { differingSettings, readBuckets, wantedBucket } from './buckets.ts';
import { openEndpoints, type StorageEndpoints } from './endpoints.ts';
import { type Bucket, label, type StoredFile, storedFile } from './file.ts';
import { readGlobalLimit } from './limits.ts';
import { isSame } from './memory.ts';
import {
	type OwnerColumns,
	ownersOf,
	ownersChecksum,
	readBucketOwners,
	readOwnerColumns,
} from './owners.ts';
import {
	COUNT_AFTER,
	FILES_AFTER,
	FILES_NAMED,
	SOURCE_CHECKSUM,
	TARGET_CHECKSUM,
	TOTALS,
} from './queries.ts';

const CHECKSUM_PAGE = 5000;
const FILE_PAGE = 500;
/** Findings per bucket that name a file; the others are counted. */
const LISTED_FILES = 500;
const FIX = 'Clone the component Storage again.';

export async function verify(
	context: ReadContext,
	mode: VerificationMode,
): Promise<readonly Finding[]> {
	const endpoints = await openEndpoints(context);
	const globalLimit = await readGlobalLimit(context.target);
	const source = (await readBuckets(endpoints.source)).filter(({ type }) => type === 'STANDARD');
	const target = new Map(
		(await readBuckets(endpoints.target)).map((bucket) => [bucket.id, bucket]),
	);
	const findings = source.flatMap((bucket) =>
		settingFindings(wantedBucket(bucket, globalLimit), target.get(bucket.id)),
	);
	const shared = source.filter(({ id }) => target.has(id));
	findings.push(...(await bucketOwnerFindings(endpoints, shared)));
	if (mode === 'structure') return findings;
	findings.push(...(await countFindings(endpoints, shared)));
	if (mode === 'counts') return findings;
	const owners = await readOwnerColumns(endpoints, 'objects');
	for (const bucket of shared) {
		findings.push(...(await fileFindings(context, endpoints, bucket.id)));
		findings.push(...(await fileOwnerFindings(context, endpoints, bucket.id, owners)));
	}
	return findings;
}

async function bucketOwnerFindings(
	endpoints: StorageEndpoints,
	buckets: readonly Bucket[],
): Promise<Finding[]> {
	const columns = await readOwnerColumns(endpoints, 'buckets');
	const expected = await readBucketOwners(endpoints.source, columns);
	const found = await readBucketOwners(endpoints.target, columns);
	return buckets
		.filter(({ id }) => expected.get(id) !== found.get(id))
		.map(({ id }) => ({
			severity: 'failed',
			object: id,
			expected: "the source's owner",
			found: 'others',
			fix: FIX,
		}));
}

/** Files that both endpoints have, with another owner, id or date. */
async function fileOwnerFindings(
	context: ReadContext,
	endpoints: StorageEndpoints,
	bucket: string,
	columns: OwnerColumns,
): Promise<Finding[]> {
	const findings: Finding[] = [];
	if (columns.compared.length === 0) return findings;
	let after = '';
	while (findings.length < LISTED_FILES) {
		context.signal.throwIfAborted();
		const [page] = await endpoints.source.query(SOURCE_CHECKSUM, [bucket, after, CHECKSUM_PAGE]);
		const last = page?.['last'];
		if (typeof last !== 'string') break;
		const params = [bucket, after, last];
		const [source] = await endpoints.source.query(ownersChecksum(columns), params);
		const [target] = await endpoints.target.query(ownersChecksum(columns), params);
		if (source?.['checksum'] !== target?.['checksum']) {
			const states = new Map(
				(await endpoints.target.query(ownersOf(columns), params)).map(({ name, state }) => [
					name,
					state,
				]),
			);
			for (const { name, state } of await endpoints.source.query(ownersOf(columns), params)) {
				if (!states.has(name) || states.get(name) === state) continue;
				findings.push({
					severity: 'failed',
					object: label(bucket, String(name)),
					expected: "the source's owner, id and date",
					found: 'others',
					fix: FIX,
				});
			}
		}
		after = last;
	}
	return withRest(endpoints, bucket, findings, after, 'owners of files');
}

/** The first findings, and how many files are left: those that differ too, and those after `after`. */
async function withRest(
	endpoints: StorageEndpoints,
	bucket: string,
	findings: readonly Finding[],
	after: string,
	unit: string,
): Promise<Finding[]> {
	if (findings.length < LISTED_FILES) return [...findings];
	const [rest] = await endpoints.source.query(COUNT_AFTER, [bucket, after]);
	const left = findings.length - LISTED_FILES + Number(rest?.['files'] ?? 0);
	return [
		...findings.slice(0, LISTED_FILES),
		...notNamed(left, {
			severity: 'failed',
			object: `${bucket}, ${unit}`,
			unit,
			fix: FIX,
		}),
	];
}

function settingFindings(wanted: Bucket, found: Bucket | undefined): Finding[] {
	if (!found) {
		return [{ severity: 'failed', object: wanted.id, expected: 'bucket', found: 'none', fix: FIX }];
	}
	const shown = (bucket: Bucket): Record<string, string> => ({
		public: String(bucket.isPublic),
		file_size_limit: String(bucket.fileSizeLimit ?? 'none'),
		allowed_mime_types: (bucket.allowedMimeTypes ?? ['all']).join(', '),
	});
	return differingSettings(wanted, found).map((setting) => ({
		severity: 'failed',
		object: wanted.id,
		expected: `${setting}: ${shown(wanted)[setting] ?? ''}`,
		found: `${setting}: ${shown(found)[setting] ?? ''}`,
		fix: FIX,
	}));
}

async function countFindings(
	endpoints: StorageEndpoints,
	buckets: readonly Bucket[],
): Promise<Finding[]> {
	const counted = async (end: StorageEndpoints['source']) =>
		new Map(
			(await end.query(TOTALS)).map((row) => [
				String(row['bucket']),
				{ files: Number(row['files']), bytes: Number(row['bytes']) },
			]),
		);
	const [source, target] = [await counted(endpoints.source), await counted(endpoints.target)];
	const none = { files: 0, bytes: 0 };
	return buckets.flatMap(({ id }): Finding[] => {
		const expected = source.get(id) ?? none;
		const found = target.get(id) ?? none;
		if (expected.files === found.files && expected.bytes === found.bytes) return [];
		const hasMore = found.files > expected.files;
		return [
			{
				severity: hasMore ? 'warning' : 'failed',
				object: `${id}/*`,
				expected: `${expected.files} files, ${expected.bytes} bytes`,
				found: `${found.files} files, ${found.bytes} bytes`,
				fix: hasMore
					? 'The target has files of its own. Clone with "remove extra" to remove them.'
					: FIX,
			},
		];
	});
}

/** Files of the source that the target lacks or has otherwise. */
async function fileFindings(
	context: ReadContext,
	endpoints: StorageEndpoints,
	bucket: string,
): Promise<Finding[]> {
	const findings: Finding[] = [];
	let after = '';
	while (findings.length < LISTED_FILES) {
		context.signal.throwIfAborted();
		const [source] = await endpoints.source.query(SOURCE_CHECKSUM, [bucket, after, CHECKSUM_PAGE]);
		const last = source?.['last'];
		if (typeof last !== 'string') break;
		const [target] = await endpoints.target.query(TARGET_CHECKSUM, [bucket, after, last]);
		if (source?.['checksum'] !== target?.['checksum']) {
			const limit = Number(source?.['files']);
			findings.push(...(await differingFiles(context, endpoints, bucket, after, limit)));
		}
		after = last;
	}
	return withRest(endpoints, bucket, findings, after, 'files');
}

async function differingFiles(
	context: ReadContext,
	endpoints: StorageEndpoints,
	bucket: string,
	start: string,
	count: number,
): Promise<Finding[]> {
	const findings: Finding[] = [];
	let after = start;
	for (let left = count; left > 0; left -= FILE_PAGE) {
		const size = Math.min(left, FILE_PAGE);
		const page = (await endpoints.source.query(FILES_AFTER, [bucket, after, size])).map(storedFile);
		const names = JSON.stringify(page.map(({ name }) => name));
		const rows = await endpoints.target.query(FILES_NAMED, [bucket, names]);
		const found = new Map(rows.map(storedFile).map((file) => [file.name, file]));
		for (const file of page) {
			const other = found.get(file.name);
			if (isSame(context.memory, bucket, file, other)) continue;
			findings.push({
				severity: 'failed',
				object: label(bucket, file.name),
				expected: shown(file),
				found: other ? shown(other) : 'no such file',
				fix: FIX,
			});
		}
		after = page.at(-1)?.name ?? after;
	}
	return findings;
}

/** Type, cache control and metadata are in the state only; the first digits of it tell that they differ. */
function shown(file: Pick<StoredFile, 'size' | 'etag' | 'state'>): string {
	return `${file.size ?? '?'} bytes, ETag ${file.etag ?? 'none'}, state ${file.state.slice(0, 8)}`;
}
