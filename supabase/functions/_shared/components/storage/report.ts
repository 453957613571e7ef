// What a clone says of the files of one bucket: each copied or failed one by name up to a cap, and one line
// for all of them.
import { formatBytes } from '../../domain/amount.ts';
import type { Item } from '../../contract/report.ts';
import type { Tally } from './cursor.ts';
import { label } from './file.ts';

/** A report is read by people; beyond this, numbers say more than names. */
export const LISTED_FILES = 200;
const LISTED_FAILURES = 1000;

export interface FileReport {
	readonly name: string;
	readonly outcome: 'copied' | 'adapted' | 'failed' | 'removed';
	readonly bytes?: number;
	readonly detail?: string | undefined;
	readonly fix?: string | undefined;
}

/** Counts a file and, below the cap, returns its item. */
export function reportFile(tally: Tally, bucket: string, file: FileReport): Item[] {
	const { outcome, detail, fix } = file;
	const object = label(bucket, file.name);
	if (outcome === 'failed') {
		tally.failed += 1;
		if (tally.listedFailures >= LISTED_FAILURES) return [];
		tally.listedFailures += 1;
		return [{ object, outcome, detail, fix }];
	}
	if (outcome === 'removed') tally.removed += 1;
	else tally.copied += 1;
	tally.bytes += file.bytes ?? 0;
	// What was adapted leaves something to do, so it is named like a failure.
	if (outcome !== 'adapted' && tally.listed >= LISTED_FILES) return [];
	tally.listed += 1;
	if (outcome === 'removed') return [removedItem(object)];
	return [{ object, outcome, detail: detail ?? formatBytes(file.bytes ?? 0), fix }];
}

export const removedItem = (object: string): Item => ({
	object,
	outcome: 'adapted',
	detail: 'removed: the source has no such file',
});

/** What is said of a bucket when a slice was lost before it could count, and nothing was left to do for the next one. */
export const lostSummary = (bucket: string): Item => ({
	object: `${bucket}/*`,
	outcome: 'copied',
	detail: 'files were written by a worker that was lost before it could count them',
});

/** One line for all files of a bucket. */
export function summary(tally: Tally, bucket: string): Item {
	const parts = [
		part(tally.copied, 'copied', ` (${formatBytes(tally.bytes)})`),
		part(tally.unchanged, 'unchanged'),
		part(tally.removed, 'removed'),
		part(tally.failed, 'failed'),
	].filter((text) => text !== '');
	const changed = tally.copied + tally.removed > 0;
	return {
		object: `${bucket}/*`,
		outcome: tally.failed > 0 ? 'failed' : changed ? 'copied' : 'unchanged',
		detail: parts.length === 0 ? 'no files' : `files: ${parts.join(', ')}`,
		...(tally.failed > 0 ? { fix: 'See the files of this bucket that failed.' } : {}),
	};
}

/** Files that nothing was sent for, but that have their owner again. */
export function ownersSummary(tally: Tally, bucket: string): Item[] {
	if (tally.owned === 0) return [];
	return [
		{
			object: `${bucket}/* (owners)`,
			outcome: 'adapted',
			detail: `${part(tally.owned, 'files')} that were there already have the source’s owner, id and dates now`,
		},
	];
}

const part = (count: number, word: string, more = ''): string =>
	count === 0 ? '' : `${new Intl.NumberFormat('en').format(count)} ${word}${more}`;
