// Refreshes materialized views of the target. A second clone writes nothing: a view is left alone when it
// holds what the source's holds, or what its own query gives (the source's may be out of date).
import * as z from 'zod/mini';
import type { Item } from '../../contract/report.ts';
import type { Stage } from '../../contract/component.ts';
import type { StageContext } from '../../contract/context.ts';
import { TwinsError } from '../../domain/errors.ts';
import { readAgain } from '../../platform/schema-changes.ts';
import { both } from '../../platform/both.ts';
import type { Row, Session } from '../../platform/postgres/index.ts';
import { inOwnPath, userPath } from '../../schema/own-path.ts';
import { fingerprint, MATERIALIZED_VIEWS, type MaterializedView } from './queries.ts';

/** A function's slice ends at 150 s: longer refreshes have to be done by hand. */
const REFRESH_LIMIT = '100s';
/** Comparing saves a refresh; where it takes long, refreshing is the better use of the time. */
const COMPARE_LIMIT = '30s';

const cursorSchema = z.object({ done: z.array(z.string()) });

/** Materialized views of one endpoint, in the order in which they can be refreshed. */
export async function readMaterializedViews(session: Session): Promise<MaterializedView[]> {
	const results = await readAgain(session, () =>
		session.script(`begin read only; set local search_path = ''; ${MATERIALIZED_VIEWS}; commit`),
	);
	return results
		.flat()
		.filter(({ query }) => query !== null)
		.map((row) => ({
			name: String(row['name']),
			populated: row['populated'] === true,
			query: String(row['query']),
			tables: Array.isArray(row['tables']) ? row['tables'].map(String) : [],
		}));
}

/** Runs a script of one transaction about a view with the path that the functions in its query expect. */
async function script(session: Session, view: string, text: string): Promise<Row[][]> {
	const recover = (): Promise<unknown> =>
		session.script(`rollback; set search_path to ${userPath()}`);
	await session.query(`set search_path to ${userPath()}`);
	return inOwnPath({ sessions: [session], recover }, [view], () => session.script(text));
}

/**
 * What a materialized view holds, or its query gives (in brackets); null when it cannot be known, or not in time.
 */
export async function checksumOf(
	session: Session,
	{ name }: Pick<MaterializedView, 'name'>,
	relation = name,
): Promise<string | null> {
	try {
		const results = await script(
			session,
			name,
			`begin read only; set local statement_timeout = '${COMPARE_LIMIT}'; ${fingerprint(relation)}; commit`,
		);
		const row = results.flat().find((found) => 'checksum' in found);
		return typeof row?.['checksum'] === 'string' ? row['checksum'] : null;
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code !== 'database_refused') throw error;
		await session.query('rollback');
		return null;
	}
}

/** Whether the target's view holds what the source's does, or at least what its query gives there. */
async function stateOf(source: Session, target: Session, view: MaterializedView) {
	const [there, here] = await both(checksumOf(source, view), checksumOf(target, view));
	if (here === null) return 'to refresh';
	if (here === there) return 'equal';
	return here === (await checksumOf(target, view, `(${view.query})`)) ? 'refreshed' : 'to refresh';
}

async function refresh(
	{ announce }: Pick<StageContext, 'announce'>,
	session: Session,
	name: string,
	populated: boolean,
): Promise<Item> {
	const suffix = populated ? '' : ' with no data';
	const done: Item = {
		object: name,
		outcome: 'copied',
		detail: populated ? 'refreshed' : 'emptied, as on the source',
	};
	try {
		await announce(done);
		await script(
			session,
			name,
			`begin; set local statement_timeout = '${REFRESH_LIMIT}'; refresh materialized view ${name}${suffix}; commit`,
		);
		return done;
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
	const origin = await context.source.database();
	if (!source.populated) {
		if (target.populated) context.report(await refresh(context, session, source.name, false));
		return;
	}
	const state = target.populated ? await stateOf(origin, session, target) : 'to refresh';
	if (state === 'equal') return;
	const item =
		state === 'refreshed' ? undefined : await refresh(context, session, source.name, true);
	const lacking = lackingRows(context, source);
	if (lacking === undefined || item?.outcome === 'failed') {
		const isOutdated =
			item?.outcome !== 'failed' &&
			(state === 'refreshed' || (await differOnSource(origin, session, source)));
		if (isOutdated) context.report(outdated(source));
		else if (item) context.report(item);
	} else {
		context.report({
			object: source.name,
			outcome: 'failed',
			detail: `it holds what the target has, and the rows of ${lacking} could not all be copied`,
			fix: 'Mend what the report says about those rows (component Data), then clone again.',
		});
	}
}

/** Whether the refreshed view holds something else than the source's, as far as both can be known. */
async function differOnSource(source: Session, target: Session, view: MaterializedView) {
	const [there, here] = await both(checksumOf(source, view), checksumOf(target, view));
	return there !== null && here !== null && there !== here;
}

/** The source's was not refreshed since its rows changed, or its query gives other rows each time. */
const outdated = ({ name }: MaterializedView): Item => ({
	object: name,
	outcome: 'adapted',
	detail:
		'it holds what its query gives now; the source’s, which was filled earlier, holds other rows',
	fix: `To have the same on both: refresh materialized view ${name} on the source, then clone again.`,
});

/** What the view reads and this clone could not copy the rows of; undefined when that is nothing. */
function lackingRows({ failures }: StageContext, view: MaterializedView): string | undefined {
	const failed = new Set(
		failures.flatMap(({ component, object }) => (component === 'data' ? [object] : [])),
	);
	const tables = view.tables.filter((table) => failed.has(null) || failed.has(table));
	return tables.length === 0 ? undefined : tables.join(', ');
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
