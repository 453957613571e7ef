// Whole lists, page by page: the REST service cuts every answer at its own limit and says nothing of it.
import type { PostgrestError } from '@supabase/supabase-js';
import { rowsOf } from './rejected.ts';

const PAGE = 1000;

interface Answer<Row> {
	readonly data: Row[] | null;
	readonly error: PostgrestError | null;
	readonly count: number | null;
}

/**
 * All rows of a query. It selects with `{ count: 'exact' }` and has an order in which no two rows are alike, so that
 * no page repeats or misses one.
 */
export async function allRows<Row>(
	read: (from: number, to: number) => PromiseLike<Answer<Row>>,
): Promise<Row[]> {
	const all: Row[] = [];
	for (let total = 1; all.length < total;) {
		const answer = await read(all.length, all.length + PAGE - 1);
		const rows = rowsOf(answer);
		if (rows.length === 0) break;
		all.push(...rows);
		total = answer.count ?? all.length;
	}
	return all;
}

/** A part of a list, and how long the whole list is. */
export interface Page<Row> {
	readonly rows: Row[];
	readonly total: number;
}

/**
 * `size` rows from place `first` on, none beyond the end: asked for those, the service answers with an error, so the
 * length is asked first. The start of a list is always there.
 */
export async function readPart<Row>(
	read: (from: number, to: number) => PromiseLike<Answer<Row>>,
	first: number,
	size: number,
): Promise<Page<Row>> {
	const isStart = first === 0 && size > 0;
	const start = await read(0, isStart ? size - 1 : 0);
	const rows = rowsOf(start);
	const total = start.count ?? 0;
	if (isStart) return { rows, total };
	const isThere = first < total && size > 0;
	return { rows: isThere ? rowsOf(await read(first, first + size - 1)) : [], total };
}
