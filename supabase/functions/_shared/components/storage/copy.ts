// The stage that brings buckets and files to the target. Each slice compares both endpoints by SQL, page by page
// in the order of names, and copies what differs; nothing is believed that can be looked up.
import type { Stage, StageResult } from '../../contract/component.ts';
import type { StageContext } from '../../contract/context.ts';
import type { Item } from '../../contract/report.ts';
import { formatBytes } from '../../domain/amount.ts';
import { TwinsError } from '../../domain/errors.ts';
import {
	ensureBucket,
	isOlderThanLimits,
	readBuckets,
	readSpecialBuckets,
	withoutLimits,
} from './buckets.ts';
import { copyFile, type FileOutcome } from './copy-file.ts';
import { type Cursor, emptyTally, readCursor } from './cursor.ts';
import { openEndpoints, type StorageEndpoints } from './endpoints.ts';
import { removeExtraBuckets, removeExtraFiles } from './extras.ts';
import { type Bucket, label, type StoredFile, storedFile } from './file.ts';
import { inLanes } from './lanes.ts';
import { createLedger } from './ledger.ts';
import { readGlobalLimit } from './limits.ts';
import { isSame } from './memory.ts';
import {
	FILES_AFTER,
	FILES_NAMED,
	NAMES_PRESENT,
	SOURCE_CHECKSUM,
	TARGET_CHECKSUM,
	TOTALS,
} from './queries.ts';
import {
	type OwnerColumns,
	ownersChecksum,
	readOwnerColumns,
	restoreBucketOwner,
	restoreFileOwners,
} from './owners.ts';
import { LISTED_FILES, lostSummary, ownersSummary, reportFile, summary } from './report.ts';
import { verifyUploads } from './verify-uploads.ts';

/** Files compared by one hash. 5,000 rows are hashed in about 20 ms. */
const CHECKSUM_PAGE = 5000;
/** Files compared one by one, copied and looked at again before the next ones are read. */
const FILE_PAGE = 200;
/** So many in a row are not the files' fault. */
const PASSING_FAILURES_IN_A_ROW = 5;

interface Slice {
	readonly context: StageContext;
	readonly endpoints: StorageEndpoints;
	readonly cursor: Cursor;
	readonly owners: OwnerColumns;
	/** Names up to here are known to differ somewhere: no use in hashing them again. */
	differsUntil: string | null;
	passingFailures: number;
	stopped(): boolean;
}

export const filesStage: Stage = {
	name: 'files',
	// The project's size limit comes first. Triggers on storage.objects wait for the files, or they would run
	// for every one of them.
	needs: ['config'],
	provides: ['files'],
	run: copyFiles,
};

async function copyFiles(context: StageContext): Promise<StageResult> {
	const endpoints = await openEndpoints(context);
	await createLedger(endpoints.target);
	const cursor = readCursor(context.cursor) ?? (await begin(context, endpoints));
	const stopped = (): boolean => context.spent() || context.signal.aborted;
	const owners = await readOwnerColumns(endpoints, 'objects');
	const bucketOwners = await readOwnerColumns(endpoints, 'buckets');
	const slice: Slice = {
		context,
		endpoints,
		cursor,
		owners,
		differsUntil: null,
		passingFailures: 0,
		stopped,
	};

	const buckets = await readBuckets(endpoints.source);
	const standard = buckets.filter(({ type }) => type === 'STANDARD');
	const found = new Map((await readBuckets(endpoints.target)).map((bucket) => [bucket.id, bucket]));
	const first = Math.max(
		0,
		standard.findIndex(({ id }) => id === cursor.bucket),
	);
	for (const source of standard.slice(first)) {
		if (stopped()) return { state: 'more', cursor };
		const outcome = await ensureBucket(
			endpoints.target,
			source,
			found.get(source.id),
			cursor.globalLimit,
			context.announce,
		);
		if (cursor.bucket !== source.id) {
			Object.assign(cursor, {
				bucket: source.id,
				step: 'files',
				after: '',
				pending: [],
				tally: emptyTally(),
			});
			const owned =
				outcome.bucket &&
				(await restoreBucketOwner(endpoints, source.id, bucketOwners, !found.has(source.id)));
			context.report(
				outcome.item.outcome === 'adapted' ? outcome.item : { ...outcome.item, ...owned },
			);
		}
		if (outcome.bucket === null) {
			context.report(outcome.item, {
				object: `${source.id}/*`,
				outcome: 'skipped',
				detail: 'the bucket could not be made on the target',
				fix: outcome.item.fix,
			});
			continue;
		}
		if (!(await copyBucket(slice, outcome.bucket))) return { state: 'more', cursor };
		context.report(summary(cursor.tally, source.id), ...ownersSummary(cursor.tally, source.id));
		// Past the last name: should a later bucket end the slice, this one is not begun again.
		slice.differsUntil = null;
	}
	const isClean =
		!context.options.remove_extra ||
		(await removeExtraBuckets(context, endpoints, buckets, stopped));
	return isClean ? { state: 'done' } : { state: 'more', cursor };
}

/** First slice: what there is to do, and what cannot be done at all. */
async function begin(context: StageContext, endpoints: StorageEndpoints): Promise<Cursor> {
	const totals = await endpoints.source.query(TOTALS);
	for (const { name, kind } of await readSpecialBuckets(endpoints.source)) {
		context.report({
			object: name,
			outcome: 'skipped',
			detail: `${kind} buckets cannot be cloned: the platform has no way to copy their content`,
			fix: `Create the ${kind} bucket on the target and fill it from its own source.`,
		});
	}
	return {
		bucket: null,
		step: 'files',
		after: '',
		pending: [],
		tally: emptyTally(),
		globalLimit: await readGlobalLimit(context.target),
		filesDone: 0,
		filesTotal: totals.reduce((sum, { files }) => sum + Number(files), 0),
		bytesDone: 0,
	};
}

/** Files of one bucket, then what only the target has. False when the slice ended before the bucket. */
async function copyBucket(slice: Slice, bucket: Bucket): Promise<boolean> {
	const { context, endpoints, cursor } = slice;
	while (cursor.step === 'files') {
		if (slice.stopped()) return false;
		const isLast = await copyPage(slice, bucket);
		context.progress({
			done: cursor.filesDone,
			total: Math.max(cursor.filesTotal, cursor.filesDone),
			bytes: cursor.bytesDone,
		});
		if (!isLast || cursor.pending.length > 0) continue;
		cursor.step = 'extras';
		cursor.after = '';
	}
	if (!context.options.remove_extra) return true;
	return removeExtraFiles(context, endpoints, cursor, bucket.id, slice.stopped);
}

/** One page; true when there is none after it. */
async function copyPage(slice: Slice, bucket: Bucket): Promise<boolean> {
	const { endpoints, cursor, context } = slice;
	if (cursor.pending.length > 0) {
		await copyPending(slice, bucket);
		return false;
	}
	if (slice.differsUntil === null) {
		const page = await compareChecksums(slice, bucket);
		if (page === 'end') return true;
		if (page === 'same') return false;
	}
	const page = (
		await endpoints.source.query(FILES_AFTER, [bucket.id, cursor.after, FILE_PAGE])
	).map(storedFile);
	context.spend({ operations: 4 });
	const last = page.at(-1);
	if (!last) return true;
	const names = JSON.stringify(page.map(({ name }) => name));
	const rows = await endpoints.target.query(FILES_NAMED, [bucket.id, names]);
	const found = new Map(rows.map(storedFile).map((file) => [file.name, file]));
	const todo = page.filter(
		(file) => !isSame(context.memory, bucket.id, file, found.get(file.name)),
	);
	const started = await copyAll(slice, bucket, todo);
	const isTodo = new Set(todo);
	const same = page.filter((file) => !isTodo.has(file)).map(({ name }) => name);
	await restoreOwners(slice, bucket, same, 'count');
	// Files that were not started belong to the next slice, and so does all that comes after them.
	const firstLeft = todo[started];
	const dealtWith = firstLeft ? page.slice(0, page.indexOf(firstLeft)) : page;
	const unchanged = dealtWith.length - Math.min(started, todo.length);
	cursor.tally.unchanged += unchanged;
	cursor.filesDone += unchanged;
	cursor.after = dealtWith.at(-1)?.name ?? cursor.after;
	if (slice.differsUntil !== null && cursor.after >= slice.differsUntil) slice.differsUntil = null;
	return false;
}

/** Compares many files by one hash on each endpoint. */
async function compareChecksums(slice: Slice, bucket: Bucket): Promise<'same' | 'differs' | 'end'> {
	const { endpoints, cursor, context } = slice;
	const [source] = await endpoints.source.query(SOURCE_CHECKSUM, [
		bucket.id,
		cursor.after,
		CHECKSUM_PAGE,
	]);
	context.spend({ operations: 2 });
	const files = Number(source?.['files'] ?? 0);
	const last = source?.['last'];
	if (files === 0 || typeof last !== 'string') return 'end';
	const [target] = await endpoints.target.query(TARGET_CHECKSUM, [bucket.id, cursor.after, last]);
	if (
		target?.['checksum'] !== source?.['checksum'] ||
		(await ownersDiffer(slice, bucket.id, last))
	) {
		slice.differsUntil = last;
		return 'differs';
	}
	cursor.after = last;
	cursor.tally.unchanged += files;
	cursor.filesDone += files;
	return 'same';
}

/** Compares the owners of the same files. */
async function ownersDiffer(
	{ endpoints, cursor, owners }: Slice,
	bucket: string,
	last: string,
): Promise<boolean> {
	const statement = ownersChecksum(owners);
	const params = [bucket, cursor.after, last];
	const [theirs] = await endpoints.source.query(statement, params);
	const [ours] = await endpoints.target.query(statement, params);
	return theirs?.['checksum'] !== ours?.['checksum'];
}

/** Restores what uploads lost; `count`: of files that were there already, where that is news. */
async function restoreOwners(
	{ context, endpoints, cursor, owners }: Slice,
	bucket: Bucket,
	names: readonly string[],
	report: 'count' | 'copied',
): Promise<void> {
	const { restored, released, refusal } = await restoreFileOwners(
		endpoints,
		bucket.id,
		names,
		owners,
	);
	context.spend({ operations: 2 });
	if (report === 'count') cursor.tally.owned += restored.length;
	if (released.length > 0) {
		const asked = JSON.stringify(released);
		const present = await endpoints.source.query(NAMES_PRESENT, [bucket.id, asked]);
		const kept = new Set(present.map(({ name }) => String(name)));
		for (const name of released.filter((one) => !kept.has(one))) {
			context.report({
				object: label(bucket.id, name),
				outcome: 'adapted',
				detail:
					'only the target has it; its id is that of another file on the source, so it has a new one',
			});
		}
	}
	if (refusal) {
		context.report({
			object: `${bucket.id}/* (owners)`,
			outcome: 'failed',
			detail: `owners, ids and dates of files could not be restored: ${refusal.message}`,
			fix: 'Policies that look at owner_id show these files to nobody: set owner_id on the target by hand.',
			sqlstate: refusal.details.sqlstate,
		});
	}
}

/** Goes on with resumable uploads that an earlier slice began. */
async function copyPending(slice: Slice, bucket: Bucket): Promise<void> {
	const { endpoints, cursor } = slice;
	const names = cursor.pending;
	cursor.pending = [];
	const rows = await endpoints.source.query(FILES_NAMED, [bucket.id, JSON.stringify(names)]);
	const files = rows.map(storedFile);
	const started = await copyAll(slice, bucket, files);
	cursor.pending.push(...files.slice(started).map(({ name }) => name));
}

/** Copies the files in lanes, checks them on the target and reports them. Returns how many were started. */
async function copyAll(
	slice: Slice,
	bucket: Bucket,
	files: readonly StoredFile[],
): Promise<number> {
	if (files.length === 0 || slice.stopped()) return 0;
	const { endpoints, cursor, context } = slice;
	const largest = cursor.globalLimit ?? Infinity;
	const isHeldBack = (file: StoredFile): boolean =>
		(file.size ?? 0) <= largest && isOlderThanLimits(bucket, file);
	if (files.some(isHeldBack)) {
		return withoutLimits(endpoints.target, bucket, (unlimited) => copyAll(slice, unlimited, files));
	}
	const ended: { file: StoredFile; end: FileOutcome }[] = [];
	await context.announce(
		...files.slice(0, LISTED_FILES - cursor.tally.listed).map((file): Item => ({
			object: label(bucket.id, file.name),
			outcome: 'copied',
			detail: formatBytes(file.size ?? 0),
		})),
		lostSummary(bucket.id),
	);
	const started = await inLanes(files, slice.stopped, async (file) => {
		context.spend({ operations: 1 });
		const end = await copyFile(endpoints, {
			bucket,
			file,
			globalLimit: cursor.globalLimit,
			signal: context.signal,
			shouldStop: slice.stopped,
			onBytes(bytes) {
				cursor.bytesDone += bytes;
				context.spend({ bytes, operations: 1 });
			},
		});
		ended.push({ file, end });
		notePassing(slice, end);
	});
	const copied = ended.filter(({ end }) => end.kind === 'copied').map(({ file }) => file);
	const damage = await verifyUploads(context, endpoints.target, bucket.id, copied);
	const arrived = copied.map(({ name }) => name).filter((name) => !damage.has(name));
	await restoreOwners(slice, bucket, arrived, 'copied');
	for (const { file, end } of ended) {
		if (end.kind === 'suspended') {
			cursor.pending.push(file.name);
			continue;
		}
		cursor.filesDone += 1;
		const failure = end.kind === 'failed' ? end : damage.get(file.name);
		const { name } = file;
		const items = failure
			? reportFile(cursor.tally, bucket.id, {
					name,
					outcome: 'failed',
					detail: failure.detail,
					fix: failure.fix,
				})
			: reportFile(cursor.tally, bucket.id, {
					name,
					outcome: end.kind === 'copied' && end.adapted ? 'adapted' : 'copied',
					bytes: file.size ?? 0,
					...(end.kind === 'copied' ? end.adapted : {}),
				});
		context.report(...items);
	}
	return started;
}

/** A service that is down would fail every file: after some in a row the stage fails instead. */
function notePassing(slice: Slice, end: FileOutcome): void {
	if (end.kind !== 'failed' || !(end.passing instanceof TwinsError)) {
		slice.passingFailures = 0;
		return;
	}
	slice.passingFailures += 1;
	if (slice.passingFailures >= PASSING_FAILURES_IN_A_ROW) throw end.passing;
}
