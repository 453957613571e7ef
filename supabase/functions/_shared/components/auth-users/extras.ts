// Removes users, identities and factors that only the target has, when the clone was asked to. After the
// rows: a user whom the target's own tables still point to cannot go.
import type { Stage, StageContext, StageResult } from '../component.ts';
import { TwinsError } from '../../domain/errors.ts';
import type { Session } from '../../platform/session.ts';
import * as z from 'zod/mini';
import { AUTH_TABLES, readLayout, type TableLayout } from './columns.ts';
import { deleteIds, presentIds, targetIds } from './statements.ts';

const IDS_AT_ONCE = 2000;
const LISTED = 500;

const cursorSchema = z.object({
	table: z.enum(AUTH_TABLES),
	after: z.nullable(z.string()),
	listed: z.number(),
});

export const extrasStage: Stage = {
	name: 'extras',
	needs: ['users', 'rows'],
	provides: [],
	run: removeExtras,
};

async function removeExtras(context: StageContext): Promise<StageResult> {
	const { options } = context;
	if (!options.remove_extra) return { state: 'done' };
	const source = await context.source.database();
	const target = await context.target.database();
	const cursor =
		context.cursor === null
			? { table: 'users' as const, after: null, listed: 0 }
			: cursorSchema.parse(context.cursor);
	const tables = AUTH_TABLES.filter((table) => table !== 'mfa_factors' || options.copy_mfa);
	const users = await readLayout(source, target, 'users');
	let { after, listed } = cursor;
	for (const table of tables.slice(tables.indexOf(cursor.table))) {
		const layout = await readLayout(source, target, table);
		for (;;) {
			if (context.spent() || context.signal.aborted) {
				return { state: 'more', cursor: { table, after, listed } };
			}
			const rows = await target.query(targetIds(layout, after, IDS_AT_ONCE));
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
			listed += await remove(context, target, layout, extra, Math.max(0, LISTED - listed));
			context.spend({ operations: 3 });
			after = last;
		}
		after = null;
	}
	return { state: 'done' };
}

const idsOf = (rows: readonly Record<string, unknown>[]): string[] =>
	rows.map(({ id }) => String(id));

/** Which of the ids the source's table has. */
const known = async (
	source: Session,
	layout: TableLayout,
	ids: readonly string[],
): Promise<string[]> => idsOf(await source.query(presentIds(layout), [JSON.stringify(ids)]));

/** Deletes the rows, one by one where they cannot go together. Returns how many it reported. */
async function remove(
	context: StageContext,
	target: Session,
	layout: TableLayout,
	ids: readonly string[],
	room: number,
): Promise<number> {
	if (ids.length === 0) return 0;
	try {
		// With triggers and foreign keys: sessions, identities and what the application cascades go along.
		await target.query(deleteIds(layout), [JSON.stringify(ids)]);
		const listed = ids.slice(0, room);
		for (const id of listed) {
			context.report({
				object: `${layout.table} ${id}`,
				outcome: 'adapted',
				detail: 'removed: the source has no such row',
			});
		}
		return listed.length;
	} catch (error) {
		if (!(error instanceof TwinsError) || error.details.passing) throw error;
		const [first, ...others] = ids;
		if (first !== undefined && others.length === 0) {
			context.report({
				object: `${layout.table} ${first}`,
				outcome: 'failed',
				detail: `could not be removed: ${error.message}`,
				fix: 'Remove the rows of the target that point to this user, then clone again.',
				sqlstate: error.details.sqlstate,
			});
			return 1;
		}
	}
	// Halves find the few that hold up the others in few statements.
	const middle = Math.ceil(ids.length / 2);
	const reported = await remove(context, target, layout, ids.slice(0, middle), room);
	return (
		reported +
		(await remove(context, target, layout, ids.slice(middle), Math.max(0, room - reported)))
	);
}
