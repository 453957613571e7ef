// Reads what a clone of the rows would have to do: tables with estimated rows and sizes, and what to know
// beforehand. Estimates come from the planner's statistics; nothing is counted.
import type { Preview, PreviewWarning, ReadContext } from '../component.ts';
import { openEnds, readPlan } from './ends.ts';
import type { Unit } from './plan.ts';
import type { Session } from '../../platform/session.ts';
import { haveRowsOn } from './compare.ts';
import { readLeftBehind } from './left-behind.ts';

const LARGE_TABLE_ROWS = 100_000;
const LISTED = 500;

export async function preview(context: ReadContext): Promise<Preview> {
	const ends = await openEnds(context);
	// Structure comes first in a clone: tables that the target lacks now will be there.
	const plan = await readPlan(context, ends, 'as it will be');
	const { units } = plan;
	const empty = await withRows(ends.source, units, 'source', false);
	const mirrored = units.filter(
		({ object, strategy }) => strategy === 'mirror' && plan.onTarget.has(object),
	);
	const overwritten = await withRows(ends.target, mirrored, 'target', true);
	const left = plan.others.filter(({ outcome }) => outcome === 'skipped');
	const leftBehind = await readLeftBehind(ends.source, ends.target);
	return {
		counts: {
			tables: units.length,
			rows: units.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
			bytes: units.reduce((sum, { bytes }) => sum + bytes, 0),
			skipped: left.length,
		},
		objects: [
			...units.map(({ object, rows, bytes, strategy }) => ({
				table: object,
				partition_of: plan.partitionedBy.get(object),
				rows,
				bytes,
				strategy,
			})),
			...left.map(({ object, detail }) => ({
				table: object,
				partition_of: plan.partitionedBy.get(object),
				skipped: detail,
			})),
		].slice(0, LISTED),
		warnings: [
			...units.filter(({ rows }) => (rows ?? 0) > LARGE_TABLE_ROWS).map(largeTable),
			...empty.map(emptyTable),
			...overwritten.map(overwrittenTable),
			...leftBehind.map(({ object, detail, fix }) => ({ object, message: detail, fix })),
		],
	};
}

function largeTable({ object, rows }: Unit): PreviewWarning {
	return {
		object,
		message: `A large table: about ${Math.round(rows ?? 0).toLocaleString('en')} rows`,
		fix: 'It is copied in parts. To copy less, set a row limit or an ignore rule.',
	};
}

function emptyTable({ object }: Unit): PreviewWarning {
	return {
		object,
		message: 'The table is empty on the source',
		fix: 'Nothing to do, if that is right.',
	};
}

function overwrittenTable({ object }: Unit): PreviewWarning {
	return {
		object,
		message: 'The target has rows: they are made equal to the source’s, others are removed',
		fix: 'Choose the strategy upsert or skip for this table to keep them.',
	};
}

/** Those of the units that have rows on a side, or have none. A table that cannot be read is among neither. */
async function withRows(
	session: Session,
	units: readonly Unit[],
	side: 'source' | 'target',
	wanted: boolean,
): Promise<readonly Unit[]> {
	const found: Unit[] = [];
	for (let from = 0; from < units.length; from += 200) {
		const some = units.slice(from, from + 200);
		const have = await haveRowsOn(session, some, side).catch(() => []);
		found.push(...some.filter((_, index) => have[index] === wanted));
	}
	return found;
}
