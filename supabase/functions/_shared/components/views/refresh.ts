// Refreshes materialized views of the target. A second clone writes nothing: a view is left alone when it
// holds what the source's holds, or what its own query gives (the source's may be out of date).
import * as z from 'zod/mini';
import type { Item, Stage, StageContext } from '../component.ts';
import { TwinsError } from '../../domain/errors.ts';
import type { Session } from '../../platform/session.ts';
import { fingerprint, MATERIALIZED_VIEWS, type MaterializedView } from './queries.ts';

/** A function's slice ends at 150 s: longer refreshes have to be done by hand. */
const REFRESH_LIMIT = '100s';
/** Comparing saves a refresh; where it takes long, refreshing is the better use of the time. */
const COMPARE_LIMIT = '30s';

const cursorSchema = z.object({ done: z.array(z.string()) });

const SEARCH_PATH = `set local search_path = pg_catalog, public, extensions`;

/** Materialized views of one side, in the order in which they can be refreshed. */
export async function readMaterializedViews(session: Session): Promise<MaterializedView[]> {
	const results = await session.script(
		`begin read only; set local search_path = ''; ${MATERIALIZED_VIEWS}; commit`,
	);
	return results.flat().map((row) => ({
		name: String(row['name']),
		populated: row['populated'] === true,
		query: String(row['query']),
	}));
}

/** What the relation (a name, or a query in brackets) holds; null when it cannot be told in time. */
export async function printOf(session: Session, relation: string): Promise<string | null> {
	try {
		const results = await session.script(
			`begin read only; ${SEARCH_PATH}; set local statement_timeout = '${COMPARE_LIMIT}'; ${fingerprint(relation)}; commit`,
		);
		const row = results.flat().find((found) => 'print' in found);
		return typeof row?.['print'] === 'string' ? row['print'] : null;
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code !== 'database_refused') throw error;
		await session.query('rollback');
		return null;
	}
}

async function isCurrent(source: Session, target: Session, view: MaterializedView) {
	const [there, here] = await Promise.all([printOf(source, view.name), printOf(target, view.name)]);
	if (here === null) return false;
	return here === there || here === (await printOf(target, `(${view.query})`));
}

async function refresh(session: Session, name: string, populated: boolean): Promise<Item> {
	const suffix = populated ? '' : ' with no data';
	try {
		await session.script(
			`begin; ${SEARCH_PATH}; set local statement_timeout = '${REFRESH_LIMIT}'; refresh materialized view ${name}${suffix}; commit`,
		);
		return {
			object: name,
			outcome: 'copied',
			detail: populated ? 'refreshed' : 'emptied, as on the source',
		};
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code !== 'database_refused') throw error;
		await session.query('rollback');
		const isLong = error.details.sqlstate === '57014';
		return {
			object: name,
			outcome: 'failed',
			detail: isLong ? `refreshing it takes longer than ${REFRESH_LIMIT}` : error.message,
			fix: `Run on the target: refresh materialized view ${name}`,
			sqlstate: error.details.sqlstate,
		};
	}
}

async function converge(context: StageContext, source: MaterializedView, target: MaterializedView) {
	const session = await context.target.database();
	const isRight = source.populated
		? target.populated && (await isCurrent(await context.source.database(), session, target))
		: !target.populated;
	if (!isRight) context.report(await refresh(session, source.name, source.populated));
}

export const refreshStage: Stage = {
	name: 'refresh',
	needs: ['structure', 'rows', 'users', 'relations', 'routines', 'views', 'files'],
	provides: [],
	async run(context) {
		const done = new Set(context.cursor === null ? [] : cursorSchema.parse(context.cursor).done);
		const present = new Map(
			(await readMaterializedViews(await context.target.database())).map((view) => [
				view.name,
				view,
			]),
		);
		// In the source's order: what the target lacks was reported by the stage before.
		const wanted = (await readMaterializedViews(await context.source.database())).filter(
			({ name }) => present.has(name),
		);
		for (const view of wanted) {
			const target = present.get(view.name);
			if (!target || done.has(view.name)) continue;
			if (context.signal.aborted || context.spent()) {
				return { state: 'more', cursor: { done: [...done] } };
			}
			await converge(context, view, target);
			context.spend({ operations: 1 });
			done.add(view.name);
			context.progress({ done: done.size, total: wanted.length });
		}
		return { state: 'done' };
	},
};
