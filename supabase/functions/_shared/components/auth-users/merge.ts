// Brings rows of one table to the target in one transaction: set down beside it by COPY, compared there by
// the database, and only what differs written. Running it again changes nothing.
import type { Session } from '../../platform/postgres/index.ts';
import type { TableLayout } from './columns.ts';
import {
	classify,
	copyIn,
	copyOut,
	COUNT_STATES,
	type KeyRange,
	makeWay,
	markClashes,
	merge,
	openMerge,
} from './statements.ts';

export interface Clash {
	readonly id: string;
	/** The row of the target that has the value. */
	readonly holder: string;
	readonly index: string;
}

export interface MergeResult {
	readonly copied: number;
	readonly updated: number;
	readonly unchanged: number;
	readonly orphaned: number;
	readonly clashes: readonly Clash[];
	readonly bytes: number;
}

/** Merges a range of the source's rows, or those with the given ids; rows that `yielding` names make way. */
export async function mergeRows(
	source: Session,
	target: Session,
	layout: TableLayout,
	rows: KeyRange | readonly string[],
	yielding: readonly string[] = [],
): Promise<MergeResult> {
	try {
		await target.script(openMerge(layout));
		if (yielding.length > 0) await target.script(makeWay(layout, yielding));
		const { bytes } = await source.copyInto(target, copyOut(layout, rows), copyIn(layout));
		await target.script(classify(layout));
		const clashes = await findClashes(target, layout);
		const counted = new Map(
			(await target.query(COUNT_STATES)).map(({ state, rows: count }) => [state, Number(count)]),
		);
		if (counted.has('new') || counted.has('changed')) await target.script(merge(layout));
		await target.query('commit');
		return {
			copied: counted.get('new') ?? 0,
			updated: counted.get('changed') ?? 0,
			unchanged: counted.get('same') ?? 0,
			orphaned: counted.get('orphan') ?? 0,
			clashes,
			bytes,
		};
	} catch (error) {
		await target.query('rollback').catch(() => undefined);
		throw error;
	}
}

/** A row that must stay as it is keeps its values from others in turn: repeated until none is added. */
async function findClashes(target: Session, layout: TableLayout): Promise<Clash[]> {
	const clashes: Clash[] = [];
	for (let found = -1; found !== clashes.length;) {
		found = clashes.length;
		for (const index of layout.uniqueIndexes) {
			const rows = await target.query(markClashes(layout, index));
			clashes.push(
				...rows.map(({ id, holder }) => ({
					id: String(id),
					holder: String(holder),
					index: index.columns.join(', '),
				})),
			);
		}
	}
	return clashes;
}
