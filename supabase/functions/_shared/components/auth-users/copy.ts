// The stage that brings users, their identities and, when asked, their second factors to the target. In
// ranges of ids: a range whose hash is the same on both endpoints is not read again.
import type { Stage, StageResult } from '../../contract/component.ts';
import type { StageContext } from '../../contract/context.ts';
import type { Session } from '../../platform/postgres/index.ts';
import { AUTH_TABLES, type AuthTable, readLayout, type TableLayout } from './columns.ts';
import { type Cursor, newCursor, noCounts, readCursor } from './cursor.ts';
import { idsOfFormerClones, rememberIds } from './memory.ts';
import { mergeRows, type MergeResult } from './merge.ts';
import { reportPeculiarities, reportTable } from './report.ts';
import { countRows, type KeyRange, presentIds, checksum, rangeEnd } from './statements.ts';

/** About 8 MB of users: one COPY, one transaction, well inside a slice. */
const RANGE_ROWS = 5000;
/** Clashes tried a second time; with more than these the two projects have other users altogether. */
const RETRIED_CLASHES = 1000;

export const usersStage: Stage = {
	name: 'users',
	// Schemas and tables first: what else the application has may point to users.
	needs: ['structure'],
	provides: ['users'],
	run: copyUsers,
};

async function copyUsers(context: StageContext): Promise<StageResult> {
	const source = await context.source.database();
	const target = await context.target.database();
	const cursor = readCursor(context.cursor) ?? (await begin(context, source, target));
	const isDone = await copyTables(context, source, target, cursor, reportTable);
	return isDone ? { state: 'done' } : { state: 'more', cursor };
}

/** Copies what differs, from where the cursor stands. False when the slice ended before. */
export async function copyTables(
	context: StageContext,
	source: Session,
	target: Session,
	cursor: Cursor,
	report: typeof reportTable,
): Promise<boolean> {
	for (const table of tablesFrom(cursor.table, context)) {
		if (cursor.table !== table) {
			Object.assign(cursor, { table, after: null, counts: noCounts(), clashes: [] });
		}
		const layout = await readLayout(source, target, table);
		if (!(await copyTable(context, source, target, layout, cursor))) return false;
		await retryClashes(source, target, layout, cursor);
		report(context, layout, cursor);
	}
	return true;
}

export function tablesFrom(first: AuthTable, { options }: StageContext): AuthTable[] {
	const wanted = AUTH_TABLES.filter((table) => table !== 'mfa_factors' || options.copy_mfa);
	return wanted.slice(Math.max(0, wanted.indexOf(first)));
}

async function begin(context: StageContext, source: Session, target: Session): Promise<Cursor> {
	await reportPeculiarities(context, source, target);
	for (const table of tablesFrom('users', context)) await rememberIds(context, source, table);
	const layout = await readLayout(source, target, 'users');
	const [total] = await source.query(countRows(layout));
	return newCursor(Number(total?.['rows'] ?? 0));
}

/** False when the slice ended before the table. */
async function copyTable(
	context: StageContext,
	source: Session,
	target: Session,
	layout: TableLayout,
	cursor: Cursor,
): Promise<boolean> {
	for (;;) {
		const [end] = await source.query(rangeEnd(layout, cursor.after, RANGE_ROWS));
		if (end === undefined) return true;
		if (context.spent() || context.signal.aborted) return false;
		const range: KeyRange = { after: cursor.after, upTo: String(end['id']) };
		const rows = await copyRange(context, source, target, layout, cursor, range);
		cursor.after = range.upTo;
		context.spend({ operations: 8 });
		if (layout.table !== 'users') continue;
		cursor.usersDone += rows;
		const total = Math.max(cursor.usersTotal, cursor.usersDone);
		context.progress({ done: cursor.usersDone, total });
	}
}

/** Copies what differs in a range and returns its number of rows. */
async function copyRange(
	context: StageContext,
	source: Session,
	target: Session,
	layout: TableLayout,
	cursor: Cursor,
	range: KeyRange,
): Promise<number> {
	const [theirs] = await source.query(checksum(layout, 'source', range));
	const [ours] = await target.query(checksum(layout, 'target', range));
	if (theirs?.['checksum'] === ours?.['checksum']) {
		const rows = Number(theirs?.['rows'] ?? 0);
		cursor.counts.unchanged += rows;
		return rows;
	}
	await context.announce({
		object: layout.table,
		outcome: 'copied',
		detail: 'rows were written by a worker that was lost before it could count them',
	});
	const merged = await mergeRows(source, target, layout, range);
	const displaced = await displaceExtras(context, source, target, layout, merged.clashes);
	const clashes = displaced ? displaced.clashes : merged.clashes;
	for (const result of displaced ? [merged, displaced] : [merged]) {
		context.spend({ bytes: result.bytes });
		count(cursor, result);
	}
	cursor.counts.clashing += clashes.length;
	const room = Math.max(0, RETRIED_CLASHES - cursor.clashes.length);
	cursor.clashes.push(...clashes.slice(0, room));
	return merged.copied + merged.updated + merged.unchanged + merged.clashes.length;
}

/**
 * Extras that are to be removed later make way now for the rows they clash with: all, when asked for; else those that
 * a former clone brought and the source has deleted since.
 */
async function displaceExtras(
	context: StageContext,
	source: Session,
	target: Session,
	layout: TableLayout,
	clashes: MergeResult['clashes'],
): Promise<MergeResult | undefined> {
	if (clashes.length === 0) return undefined;
	const holders = [...new Set(clashes.map(({ holder }) => holder))];
	const known = await source.query(presentIds(layout), [JSON.stringify(holders)]);
	const kept = new Set(known.map(({ id }) => String(id)));
	const onlyThere = holders.filter((id) => !kept.has(id));
	const extras = context.options.remove_extra
		? onlyThere
		: await idsOfFormerClones(context, target, layout.table, onlyThere);
	if (extras.length === 0) return undefined;
	const ids = [...new Set(clashes.map(({ id }) => id))];
	return mergeRows(source, target, layout, ids, extras);
}

function count({ counts }: Cursor, result: MergeResult): void {
	counts.copied += result.copied;
	counts.updated += result.updated;
	counts.unchanged += result.unchanged;
	counts.orphaned += result.orphaned;
}

/**
 * A value may have been free only after its holder, in another range, was brought up to date: clashing rows
 * are tried once more, together with the rows that have their unique values.
 */
async function retryClashes(
	source: Session,
	target: Session,
	layout: TableLayout,
	cursor: Cursor,
): Promise<void> {
	if (cursor.clashes.length === 0) return;
	const ids = [...new Set(cursor.clashes.flatMap(({ id, holder }) => [id, holder]))];
	const known = await source.query(presentIds(layout), [JSON.stringify(ids)]);
	const result = await mergeRows(
		source,
		target,
		layout,
		known.map(({ id }) => String(id)),
	);
	cursor.counts.copied += result.copied;
	cursor.counts.updated += result.updated;
	cursor.counts.clashing += result.clashes.length - cursor.clashes.length;
	cursor.clashes = [...result.clashes];
}
