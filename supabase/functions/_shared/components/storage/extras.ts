// Removes what only the target has, when the clone was asked to. Through the API: a row deleted by SQL would
// leave its bytes behind, and the platform refuses it.
import type { StageContext } from '../../contract/context.ts';
import type { Item } from '../../contract/report.ts';
import { TwinsError } from '../../domain/errors.ts';
import { letGo } from '../../platform/supabase/storage-api.ts';
import { type Cursor, emptyTally } from './cursor.ts';
import type { StorageEndpoints } from './endpoints.ts';
import { readBuckets } from './buckets.ts';
import { type Bucket, label } from './file.ts';
import { NAMES_AFTER, NAMES_PRESENT } from './queries.ts';
import { LISTED_FILES, lostSummary, removedItem, reportFile } from './report.ts';

/** The API takes 1,000 names at most. */
const NAMES_AT_ONCE = 500;

/** Removes the target's files that the source's bucket lacks. False when the slice ended before. */
export async function removeExtraFiles(
	context: StageContext,
	endpoints: StorageEndpoints,
	cursor: Pick<Cursor, 'after' | 'tally'>,
	bucket: string,
	stopped: () => boolean,
): Promise<boolean> {
	for (;;) {
		if (stopped()) return false;
		const rows = await endpoints.target.query(NAMES_AFTER, [bucket, cursor.after, NAMES_AT_ONCE]);
		const names = rows.map(({ name }) => String(name));
		const last = names.at(-1);
		if (last === undefined) return true;
		const asked = JSON.stringify(names);
		const present = await endpoints.source.query(NAMES_PRESENT, [bucket, asked]);
		const kept = new Set(present.map(({ name }) => String(name)));
		const extra = names.filter((name) => !kept.has(name));
		context.spend({ operations: 3 });
		if (extra.length > 0) await remove(context, endpoints, cursor, bucket, extra);
		cursor.after = last;
	}
}

async function remove(
	context: StageContext,
	endpoints: StorageEndpoints,
	cursor: Pick<Cursor, 'tally'>,
	bucket: string,
	names: readonly string[],
): Promise<void> {
	await context.announce(
		...names.slice(0, LISTED_FILES).map((name) => removedItem(label(bucket, name))),
		lostSummary(bucket),
	);
	let refusal = {
		detail: 'the target still lists the file after its removal',
		fix: 'Clone again.',
	};
	try {
		const response = await endpoints.target.fetch(
			'DELETE',
			`/object/${encodeURIComponent(bucket)}`,
			{
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify({ prefixes: names }),
			},
		);
		await letGo(response);
	} catch (error) {
		if (!(error instanceof TwinsError) || error.details.passing) throw error;
		refusal = { detail: error.message, fix: error.fix };
	}
	const left = await endpoints.target.query(NAMES_PRESENT, [bucket, JSON.stringify(names)]);
	const leftNames = new Set(left.map(({ name }) => String(name)));
	for (const name of names) {
		const isLeft = leftNames.has(name);
		const file = isLeft
			? { name, outcome: 'failed' as const, ...refusal }
			: { name, outcome: 'removed' as const };
		context.report(...reportFile(cursor.tally, bucket, file));
	}
}

const STILL_THERE = {
	detail: 'the target still lists the bucket after its removal',
	fix: 'Clone again.',
};

/** Removes the target's buckets that the source lacks, with their files. False when the slice ended before. */
export async function removeExtraBuckets(
	context: StageContext,
	endpoints: StorageEndpoints,
	source: readonly Bucket[],
	stopped: () => boolean,
): Promise<boolean> {
	const kept = new Set(source.map(({ id }) => id));
	for (const { id, type } of await readBuckets(endpoints.target)) {
		if (kept.has(id) || type !== 'STANDARD') continue;
		const files = { after: '', tally: emptyTally() };
		if (!(await removeExtraFiles(context, endpoints, files, id, stopped))) return false;
		const removed: Item = {
			object: id,
			outcome: 'adapted',
			detail: 'removed: the source has no such bucket',
		};
		try {
			await context.announce(removed);
			const response = await endpoints.target.fetch('DELETE', `/bucket/${encodeURIComponent(id)}`);
			await letGo(response);
			const isLeft = (await readBuckets(endpoints.target)).some((bucket) => bucket.id === id);
			context.report(isLeft ? { object: id, outcome: 'failed', ...STILL_THERE } : removed);
		} catch (error) {
			if (!(error instanceof TwinsError) || error.details.passing) throw error;
			context.report({ object: id, outcome: 'failed', detail: error.message, fix: error.fix });
		}
	}
	return true;
}
