// Reads what a clone of the rows would have to do: tables with estimated rows and sizes, and what to know
// beforehand. Estimates come from the planner's statistics; nothing is counted.
import type { Preview, PreviewWarning, ReadContext } from '../component.ts';
import { openEnds, readPlan } from './ends.ts';
import type { Unit } from './plan.ts';
import { haveRows } from './compare.ts';
import { COUNT_LARGE_OBJECTS } from './queries.ts';

const LARGE_TABLE_ROWS = 100_000;
const LISTED = 500;

export async function preview(context: ReadContext): Promise<Preview> {
	const ends = await openEnds(context);
	const plan = await readPlan(context, ends);
	// Structure comes first in a clone: tables that the target lacks now will be there.
	const units = plan.units;
	const found = await inGroups(units, (some) => haveRows(ends, some));
	const [large] = await ends.source.query<{ count: number }>(COUNT_LARGE_OBJECTS);
	const overwritten = units.filter(
		({ strategy }, index) => strategy === 'mirror' && found[index]?.target,
	);
	return {
		counts: {
			tables: units.length,
			rows: units.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
			bytes: units.reduce((sum, { bytes }) => sum + bytes, 0),
			skipped: plan.others.filter(({ outcome }) => outcome === 'skipped').length,
		},
		objects: units.slice(0, LISTED).map((unit) => ({
			table: unit.object,
			rows: unit.rows,
			bytes: unit.bytes,
			strategy: unit.strategy,
		})),
		warnings: [
			...units.filter(({ rows }) => (rows ?? 0) > LARGE_TABLE_ROWS).map(largeTable),
			...units.filter((_, index) => found[index]?.source === false).map(emptyTable),
			...overwritten.map(overwrittenTable),
			...(large && large.count > 0 ? [largeObjects(large.count)] : []),
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

function largeObjects(count: number): PreviewWarning {
	return {
		object: 'large objects',
		message: `${count} large objects are not copied`,
		fix: 'Keep such data in bytea columns or in Storage; or copy them with pg_dump --large-objects.',
	};
}

async function inGroups<R>(
	units: readonly Unit[],
	run: (some: readonly Unit[]) => Promise<readonly R[]>,
): Promise<readonly R[]> {
	const all: R[] = [];
	for (let from = 0; from < units.length; from += 200) {
		all.push(...(await run(units.slice(from, from + 200))));
	}
	return all;
}
