// Compares buckets and files of both ends. `structure`: settings of buckets; `counts`: also how many files
// and bytes; `checksums`: every file by size, ETag, type, cache control and user metadata.
import type { Finding, ReadContext } from '../component.ts';
import type { VerificationMode } from '../../domain/status.ts';
import { differingSettings, readBuckets, wantedBucket } from './buckets.ts';
import { openEnds, type StorageEnds } from './ends.ts';
import { type Bucket, label, type StoredFile, storedFile } from './file.ts';
import { readGlobalLimit } from './limits.ts';
import { isSame } from './memory.ts';
import { FILES_AFTER, FILES_NAMED, SOURCE_PRINT, TARGET_PRINT, TOTALS } from './queries.ts';

const PRINT_PAGE = 5000;
const FILE_PAGE = 500;
/** Findings per bucket; a bucket that is wholly wrong needs no thousand lines. */
const LISTED_FILES = 50;
const FIX = 'Clone the component Storage again.';

export async function verify(
	context: ReadContext,
	mode: VerificationMode,
): Promise<readonly Finding[]> {
	const ends = await openEnds(context);
	const globalLimit = await readGlobalLimit(context.target);
	const source = (await readBuckets(ends.source)).filter(({ type }) => type === 'STANDARD');
	const target = new Map((await readBuckets(ends.target)).map((bucket) => [bucket.id, bucket]));
	const findings = source.flatMap((bucket) =>
		settingFindings(wantedBucket(bucket, globalLimit), target.get(bucket.id)),
	);
	const shared = source.filter(({ id }) => target.has(id));
	if (mode === 'structure') return findings;
	findings.push(...(await countFindings(ends, shared)));
	if (mode === 'counts') return findings;
	for (const bucket of shared) {
		findings.push(...(await fileFindings(context, ends, bucket.id)));
	}
	return findings;
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

async function countFindings(ends: StorageEnds, buckets: readonly Bucket[]): Promise<Finding[]> {
	const counted = async (end: StorageEnds['source']) =>
		new Map(
			(await end.query(TOTALS)).map((row) => [
				String(row['bucket']),
				{ files: Number(row['files']), bytes: Number(row['bytes']) },
			]),
		);
	const [source, target] = [await counted(ends.source), await counted(ends.target)];
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
	ends: StorageEnds,
	bucket: string,
): Promise<Finding[]> {
	const findings: Finding[] = [];
	let after = '';
	while (findings.length < LISTED_FILES) {
		context.signal.throwIfAborted();
		const [source] = await ends.source.query(SOURCE_PRINT, [bucket, after, PRINT_PAGE]);
		const last = source?.['last'];
		if (typeof last !== 'string') break;
		const [target] = await ends.target.query(TARGET_PRINT, [bucket, after, last]);
		if (source?.['print'] !== target?.['print']) {
			const limit = Number(source?.['files']);
			findings.push(...(await differingFiles(context, ends, bucket, after, limit)));
		}
		after = last;
	}
	return findings.slice(0, LISTED_FILES);
}

async function differingFiles(
	context: ReadContext,
	ends: StorageEnds,
	bucket: string,
	start: string,
	count: number,
): Promise<Finding[]> {
	const findings: Finding[] = [];
	let after = start;
	for (let left = count; left > 0 && findings.length < LISTED_FILES; left -= FILE_PAGE) {
		const size = Math.min(left, FILE_PAGE);
		const page = (await ends.source.query(FILES_AFTER, [bucket, after, size])).map(storedFile);
		const names = JSON.stringify(page.map(({ name }) => name));
		const rows = await ends.target.query(FILES_NAMED, [bucket, names]);
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
