// The stage that brings buckets and files to the target. Each slice compares both sides by SQL, page by page
// in the order of names, and copies what differs; nothing is believed that can be looked up.
import type { Stage, StageContext, StageResult } from '../component.ts';
import { TwinsError } from '../../domain/errors.ts';
import {
	ensureBucket,
	isOlderThanLimits,
	readBuckets,
	readSpecialBuckets,
	withoutLimits,
} from './buckets.ts';
import { copyFile, type FileEnd } from './copy-file.ts';
import { type Cursor, emptyTally, readCursor } from './cursor.ts';
import { openEnds, type StorageEnds } from './ends.ts';
import { removeExtraBuckets, removeExtraFiles } from './extras.ts';
import { type Bucket, type StoredFile, storedFile } from './file.ts';
import { inLanes } from './lanes.ts';
import { createLedger } from './ledger.ts';
import { readGlobalLimit } from './limits.ts';
import { isSame } from './memory.ts';
import { FILES_AFTER, FILES_NAMED, SOURCE_PRINT, TARGET_PRINT, TOTALS } from './queries.ts';
import { reportFile, summary } from './report.ts';
import { settle } from './settle.ts';

/** Files compared by one hash. 5,000 rows are hashed in about 20 ms. */
const PRINT_PAGE = 5000;
/** Files compared one by one, copied and settled before the next ones are read. */
const FILE_PAGE = 200;
/** So many in a row are not the files' fault. */
const PASSING_FAILURES_IN_A_ROW = 5;

interface Slice {
	readonly context: StageContext;
	readonly ends: StorageEnds;
	readonly cursor: Cursor;
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
	const ends = await openEnds(context);
	await createLedger(ends.target);
	const cursor = readCursor(context.cursor) ?? (await begin(context, ends));
	const stopped = (): boolean => context.spent() || context.signal.aborted;
	const slice: Slice = { context, ends, cursor, differsUntil: null, passingFailures: 0, stopped };

	const buckets = await readBuckets(ends.source);
	const standard = buckets.filter(({ type }) => type === 'STANDARD');
	const found = new Map((await readBuckets(ends.target)).map((bucket) => [bucket.id, bucket]));
	const first = Math.max(
		0,
		standard.findIndex(({ id }) => id === cursor.bucket),
	);
	for (const source of standard.slice(first)) {
		if (stopped()) return { state: 'more', cursor };
		const outcome = await ensureBucket(
			ends.target,
			source,
			found.get(source.id),
			cursor.globalLimit,
		);
		if (cursor.bucket !== source.id) {
			Object.assign(cursor, {
				bucket: source.id,
				step: 'files',
				after: '',
				pending: [],
				tally: emptyTally(),
			});
			context.report(outcome.item);
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
		context.report(summary(cursor.tally, source.id));
		// Past the last name: should a later bucket end the slice, this one is not begun again.
		slice.differsUntil = null;
	}
	const isClean =
		!context.options.remove_extra || (await removeExtraBuckets(context, ends, buckets, stopped));
	return isClean ? { state: 'done' } : { state: 'more', cursor };
}

/** First slice: what there is to do, and what cannot be done at all. */
async function begin(context: StageContext, ends: StorageEnds): Promise<Cursor> {
	const totals = await ends.source.query(TOTALS);
	for (const { name, kind } of await readSpecialBuckets(ends.source)) {
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
	const { context, ends, cursor } = slice;
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
	return removeExtraFiles(context, ends, cursor, bucket.id, slice.stopped);
}

/** One page; true when there is none after it. */
async function copyPage(slice: Slice, bucket: Bucket): Promise<boolean> {
	const { ends, cursor, context } = slice;
	if (cursor.pending.length > 0) {
		await copyPending(slice, bucket);
		return false;
	}
	if (slice.differsUntil === null) {
		const page = await comparePrints(slice, bucket);
		if (page === 'end') return true;
		if (page === 'same') return false;
	}
	const page = (await ends.source.query(FILES_AFTER, [bucket.id, cursor.after, FILE_PAGE])).map(
		storedFile,
	);
	context.spend({ operations: 4 });
	const last = page.at(-1);
	if (!last) return true;
	const names = JSON.stringify(page.map(({ name }) => name));
	const rows = await ends.target.query(FILES_NAMED, [bucket.id, names]);
	const found = new Map(rows.map(storedFile).map((file) => [file.name, file]));
	const todo = page.filter(
		(file) => !isSame(context.memory, bucket.id, file, found.get(file.name)),
	);
	const started = await copyAll(slice, bucket, todo);
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

/** Compares many files by one hash on each side. */
async function comparePrints(slice: Slice, bucket: Bucket): Promise<'same' | 'differs' | 'end'> {
	const { ends, cursor, context } = slice;
	const [source] = await ends.source.query(SOURCE_PRINT, [bucket.id, cursor.after, PRINT_PAGE]);
	context.spend({ operations: 2 });
	const files = Number(source?.['files'] ?? 0);
	const last = source?.['last'];
	if (files === 0 || typeof last !== 'string') return 'end';
	const [target] = await ends.target.query(TARGET_PRINT, [bucket.id, cursor.after, last]);
	if (target?.['print'] !== source?.['print']) {
		slice.differsUntil = last;
		return 'differs';
	}
	cursor.after = last;
	cursor.tally.unchanged += files;
	cursor.filesDone += files;
	return 'same';
}

/** Goes on with resumable uploads that an earlier slice began. */
async function copyPending(slice: Slice, bucket: Bucket): Promise<void> {
	const { ends, cursor } = slice;
	const names = cursor.pending;
	cursor.pending = [];
	const rows = await ends.source.query(FILES_NAMED, [bucket.id, JSON.stringify(names)]);
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
	const { ends, cursor, context } = slice;
	const largest = cursor.globalLimit ?? Infinity;
	const isHeldBack = (file: StoredFile): boolean =>
		(file.size ?? 0) <= largest && isOlderThanLimits(bucket, file);
	if (files.some(isHeldBack)) {
		return withoutLimits(ends.target, bucket, (unlimited) => copyAll(slice, unlimited, files));
	}
	const ended: { file: StoredFile; end: FileEnd }[] = [];
	const started = await inLanes(files, slice.stopped, async (file) => {
		context.spend({ operations: 1 });
		const end = await copyFile(ends, {
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
	const damage = await settle(context, ends.target, bucket.id, copied);
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

/** A service that is down would fail every file: after some in a row the engine is told instead. */
function notePassing(slice: Slice, end: FileEnd): void {
	if (end.kind !== 'failed' || !(end.passing instanceof TwinsError)) {
		slice.passingFailures = 0;
		return;
	}
	slice.passingFailures += 1;
	if (slice.passingFailures >= PASSING_FAILURES_IN_A_ROW) throw end.passing;
}
