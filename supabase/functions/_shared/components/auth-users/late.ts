// The stage after the rows. First the copy of users once more: whoever signed up while rows were copied may have
// rows already, and a range that is equal costs one hash. Then users, identities and factors go that only the target
// has: those that a former clone brought and the source has deleted since, and with `remove_extra` all others.
import * as z from 'zod/mini';
import type { Item } from '../../contract/report.ts';
import type { Stage, StageResult } from '../../contract/component.ts';
import type { StageContext } from '../../contract/context.ts';
import { TwinsError } from '../../domain/errors.ts';
import type { Session } from '../../platform/postgres/index.ts';
import { type AuthTable, readLayout, type TableLayout, AUTH_TABLES } from './columns.ts';
import { copyTables, tablesFrom } from './copy.ts';
import { cursorSchema as copySchema, newCursor } from './cursor.ts';
import { idsOfFormerClones, rememberIds } from './memory.ts';
import { readHolders, readReferences, removeAtRest } from './removal.ts';
import { reportLate } from './report.ts';
import { deleteIds, presentIds, targetIds } from './statements.ts';

const IDS_AT_ONCE = 2000;
const LISTED = 500;

const removeSchema = z.object({
	table: z.enum(AUTH_TABLES),
	after: z.nullable(z.string()),
	/** Rows removed or refused by name so far, and all that were removed of this table. */
	listed: z.number(),
	removed: z.number(),
});
type Removal = z.infer<typeof removeSchema>;
const cursorSchema = z.union([z.object({ copy: copySchema }), z.object({ remove: removeSchema })]);

export const lateStage: Stage = {
	name: 'late',
	needs: ['users', 'rows'],
	provides: ['late_users'],
	run: runLate,
};

async function runLate(context: StageContext): Promise<StageResult> {
	const source = await context.source.database();
	const target = await context.target.database();
	const left = context.cursor === null ? null : cursorSchema.parse(context.cursor);
	if (context.options.components.data && !(left && 'remove' in left)) {
		if (left === null) {
			for (const table of tablesFrom('users', context)) await rememberIds(context, source, table);
		}
		const copy = left?.copy ?? newCursor();
		if (!(await copyTables(context, source, target, copy, reportLate))) {
			return { state: 'more', cursor: { copy } };
		}
	}
	const remove: Removal =
		left && 'remove' in left ? left.remove : { table: 'users', after: null, listed: 0, removed: 0 };
	const isDone = await removeExtras(context, source, target, remove);
	return isDone ? { state: 'done' } : { state: 'more', cursor: { remove } };
}

/** False when the slice ended before. */
async function removeExtras(
	context: StageContext,
	source: Session,
	target: Session,
	cursor: Removal,
): Promise<boolean> {
	const users = await readLayout(source, target, 'users');
	for (const table of tablesFrom(cursor.table, context)) {
		if (cursor.table !== table) Object.assign(cursor, { table, after: null, removed: 0 });
		const layout = await readLayout(source, target, table);
		for (;;) {
			if (context.spent() || context.signal.aborted) return false;
			const rows = await target.query(targetIds(layout, cursor.after, IDS_AT_ONCE));
			const ids = idsOf(rows);
			const last = ids.at(-1);
			if (last === undefined) break;
			const kept = new Set(await known(source, layout, ids));
			let extra = ids.filter((id) => !kept.has(id));
			if (table !== 'users') {
				// What belongs to a user only the target has goes with that user, or stays with it.
				const owners = new Map(rows.map(({ id, owner }) => [String(id), String(owner)]));
				const shared = new Set(await known(source, users, [...owners.values()]));
				extra = extra.filter((id) => shared.has(owners.get(id) ?? ''));
			}
			if (context.options.remove_extra) await removeAll(context, target, layout, extra, cursor);
			else await removeDeleted(context, target, layout, extra, cursor);
			context.spend({ operations: 3 });
			cursor.after = last;
		}
		if (cursor.removed > 0) {
			context.report({
				object: `${table} removed`,
				outcome: 'adapted',
				detail: `${cursor.removed.toLocaleString('en')} that the source does not have`,
			});
		}
	}
	return true;
}

const idsOf = (rows: readonly Record<string, unknown>[]): string[] =>
	rows.map(({ id }) => String(id));

/** Which of the ids the source's table has. */
const known = async (
	source: Session,
	layout: TableLayout,
	ids: readonly string[],
): Promise<string[]> => idsOf(await source.query(presentIds(layout), [JSON.stringify(ids)]));

function tell(context: StageContext, cursor: Removal, item: Item): void {
	if (cursor.listed >= LISTED) return;
	cursor.listed += 1;
	context.report(item);
}

const nameOf = (table: AuthTable, id: string): string => `${table} ${id}`;

/** Removes what a former clone brought, where no row of the application points to it. */
async function removeDeleted(
	context: StageContext,
	target: Session,
	{ table }: TableLayout,
	extra: readonly string[],
	cursor: Removal,
): Promise<void> {
	const deleted = await idsOfFormerClones(context, target, table, extra);
	if (deleted.length === 0) return;
	const references = await readReferences(target);
	const holders = await readHolders(target, references, table, deleted);
	for (const { id, constraint, rows } of holders.values()) {
		context.report({
			object: nameOf(table, id),
			outcome: 'failed',
			detail: `deleted on the source, but kept on the target: ${rows.toLocaleString('en')} ${rows === 1 ? 'row points' : 'rows point'} to it (${constraint})`,
			fix: 'Remove those rows from the target, then clone again.',
			sqlstate: '23503',
		});
	}
	const going = deleted.filter((id) => !holders.has(id));
	if (going.length === 0) return;
	try {
		await removeAtRest(target, references, table, going);
	} catch (error) {
		if (!(error instanceof TwinsError) || error.details.passing) throw error;
		const { message, details } = error;
		for (const id of going) {
			context.report({
				object: nameOf(table, id),
				outcome: 'failed',
				detail: `deleted on the source, but could not be removed: ${message}`,
				fix: 'Remove it from the target by hand.',
				sqlstate: details.sqlstate,
			});
		}
		return;
	}
	cursor.removed += going.length;
	for (const id of going) {
		tell(context, cursor, {
			object: nameOf(table, id),
			outcome: 'adapted',
			detail: 'removed: an earlier clone brought it, and the source has deleted it since',
		});
	}
}

/** Deletes the rows, one by one where they cannot go together. */
async function removeAll(
	context: StageContext,
	target: Session,
	layout: TableLayout,
	ids: readonly string[],
	cursor: Removal,
): Promise<void> {
	if (ids.length === 0) return;
	try {
		// With triggers and foreign keys: sessions, identities and what the application cascades go along.
		await target.query(deleteIds(layout), [JSON.stringify(ids)]);
		cursor.removed += ids.length;
		for (const id of ids) {
			tell(context, cursor, {
				object: nameOf(layout.table, id),
				outcome: 'adapted',
				detail: 'removed: the source has no such row',
			});
		}
		return;
	} catch (error) {
		if (!(error instanceof TwinsError) || error.details.passing) throw error;
		const [first, ...others] = ids;
		if (first !== undefined && others.length === 0) {
			context.report({
				object: nameOf(layout.table, first),
				outcome: 'failed',
				detail: `could not be removed: ${error.message}`,
				fix: 'Remove the rows of the target that point to this user, then clone again.',
				sqlstate: error.details.sqlstate,
			});
			return;
		}
	}
	// Halves find the few that hold up the others in few statements.
	const middle = Math.ceil(ids.length / 2);
	await removeAll(context, target, layout, ids.slice(0, middle), cursor);
	await removeAll(context, target, layout, ids.slice(middle), cursor);
}
