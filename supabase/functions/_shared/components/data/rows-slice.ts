// What the table jobs of one slice share, and how one of them ends: done, put off or failed.
import { isPassing, TwinsError } from '../../domain/errors.ts';
import type { StageContext } from '../../contract/context.ts';
import { isLocked, namingHolder } from '../../platform/locks.ts';
import { countOf } from './compare.ts';
import type { Ledger } from './ledger.ts';
import type { TableJob } from './plan.ts';
import type { RowsProgress } from './progress.ts';
import type { Sessions } from './sessions.ts';
import type { Sizes } from './sizes.ts';
import type { HashMethod } from './table.ts';
import { isOutdated, isTooSlow } from './trouble.ts';

export interface RowsSlice {
	readonly context: Pick<StageContext, 'options' | 'report' | 'spend' | 'spent' | 'signal'>;
	readonly ledger: Ledger;
	readonly progress: RowsProgress;
	readonly sizes: Sizes;
	readonly hashMethod: HashMethod;
	/** Search paths of table jobs that were found to need more than the usual one. */
	readonly paths: Map<string, string>;
	/** Called after each piece of work. */
	readonly onProgress: () => void;
}

/** How often a table is put off that is locked, or was changed since the plan was made. */
const LOCKED_TRIES = 3;

/** Notes that the table is equal to the source, and reports what was done to it. */
export function finishTableJob(slice: RowsSlice, tableJob: TableJob): void {
	const { context, ledger, progress } = slice;
	progress.finish(tableJob);
	const rows = ledger.loadedRows(tableJob.key);
	if (rows !== undefined && !(tableJob.strategy === 'upsert' && rows === 0)) {
		const detail = rows === null ? undefined : countOf(rows);
		context.report({ object: tableJob.object, outcome: 'copied', detail });
	} else if (progress.round === 0) {
		// Not a word too much: which partition its rows are in may differ.
		const detail =
			tableJob.isTree && !tableJob.isLimited
				? 'as a whole: the partitions of source and target differ'
				: undefined;
		context.report({ object: tableJob.object, outcome: 'unchanged', detail });
	}
}

/** One table's trouble: it is put off while somebody locks or changes it, else reported. */
export async function giveUp(
	slice: RowsSlice,
	sessions: Sessions,
	tableJob: TableJob,
	met: unknown,
): Promise<void> {
	const { context, progress } = slice;
	const { error, lasting } = await namingHolder(met, tableJob.key, sessions);
	if (!(error instanceof TwinsError)) throw error;
	const mayPass = isLocked(error) ? !lasting : isOutdated(error);
	if (mayPass && progress.tried(tableJob) < LOCKED_TRIES) return;
	if (isPassing(error) && !isLocked(error)) throw error;
	progress.fail(tableJob);
	context.report({
		object: tableJob.object,
		outcome: 'failed',
		detail: isTooSlow(error)
			? 'even a small part of its rows takes longer to compare or copy than a statement may'
			: error.message,
		fix: error.fix,
		sqlstate: error.details.sqlstate,
	});
}
