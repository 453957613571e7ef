// Foreign keys between the user's tables that the target's rows no longer keep. Only keys whose tables were not both
// copied in full can be broken: others are as on the source. Keys into schemas of the platform: references.ts.
import type { TwinsError } from '../../domain/errors.ts';
import type { Session } from '../../platform/postgres/index.ts';
import type { Item } from '../../contract/report.ts';
import type { StageContext } from '../../contract/context.ts';
import type { ReadPlan } from './sessions.ts';
import { fixForUncopied } from '../../schema/advice.ts';
import { countRows, FIX_BETWEEN_TABLES, readForeignKeys } from './foreign-keys.ts';
import { isOfOneTable, isOutdated } from './trouble.ts';

/**
 * Looks at the keys that may be broken and reports those that are. Returns the names of those looked at; `all`
 * is false when the slice was spent before.
 */
export async function reportDangling(
	context: Pick<StageContext, 'options' | 'report' | 'spend' | 'spent' | 'signal'>,
	target: Session,
	plan: ReadPlan,
	failed: readonly string[],
	seen: readonly string[],
): Promise<{ readonly seen: readonly string[]; readonly all: boolean }> {
	const isComplete = completeness(context, plan, failed);
	const uncopied = uncopiedTables(plan, failed);
	const looked = new Set(seen);
	let isFirst = true;
	for (const { object, tables, isManaged, relations, probe } of await readForeignKeys(target)) {
		if (isManaged || looked.has(object) || tables.every(isComplete)) continue;
		// One at least, or the next slice would be no further.
		if (context.signal.aborted || (!isFirst && context.spent())) {
			return { seen: [...looked], all: false };
		}
		isFirst = false;
		context.spend({ operations: 1 });
		try {
			const rows = await countRows(target, probe, relations);
			if (rows > 0)
				context.report(
					dangling(
						object,
						rows,
						tables.find((table) => uncopied.has(table)),
					),
				);
		} catch (error) {
			if (!isOfOneTable(error)) throw error;
			// Dropped since, with one of its tables, it holds no longer.
			if (!isOutdated(error)) context.report(notLookedAt(object, error));
		}
		looked.add(object);
	}
	return { seen: [...looked], all: true };
}

/** Whether a table of the target has all rows of the source and no others. */
export function completeness(
	{ options }: Pick<StageContext, 'options'>,
	{ tableJobs, others, onSource, onTarget }: ReadPlan,
	failed: readonly string[],
): (table: string) => boolean {
	const incomplete = new Set([
		...others.map(({ object }) => object),
		...tableJobs
			.filter(({ key, strategy }) => strategy !== 'mirror' || failed.includes(key))
			.map(({ object }) => object),
		...[...onTarget.keys()].filter((table) => !onSource.has(table)),
	]);
	return (table) => options.row_limit === 0 && !incomplete.has(table);
}

export function notLookedAt(
	object: string,
	{ message, fix, details: { sqlstate } }: TwinsError,
): Item {
	return {
		object,
		outcome: 'failed',
		detail: `foreign key: whether its rows point somewhere could not be looked at: ${message}`,
		fix,
		sqlstate,
	};
}

/** Tables whose rows were to be copied and could not be. */
const uncopiedTables = (
	{ tableJobs, others }: Pick<ReadPlan, 'tableJobs' | 'others'>,
	failed: readonly string[],
): ReadonlySet<string> =>
	new Set([
		...tableJobs.filter(({ key }) => failed.includes(key)).map(({ object }) => object),
		...others.filter(({ outcome }) => outcome === 'failed').map(({ object }) => object),
	]);

function dangling(object: string, rows: number, uncopied: string | undefined): Item {
	return {
		object,
		outcome: 'failed',
		detail: `foreign key: ${rows.toLocaleString('en')} ${rows === 1 ? 'row was' : 'rows were'} copied without the rows they point to`,
		fix: uncopied === undefined ? FIX_BETWEEN_TABLES : fixForUncopied(uncopied),
		sqlstate: '23503',
	};
}
