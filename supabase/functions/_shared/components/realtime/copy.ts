// Makes the target's publications like the source's: many tables in one transaction, one by one where that fails, so
// that each that fails is known by name and the others are published.
import type { Item } from '../../contract/report.ts';
import type { Stage } from '../../contract/component.ts';
import type { StageContext } from '../../contract/context.ts';
import { TwinsError } from '../../domain/errors.ts';
import { isLocked, runUnlocked } from '../../platform/locks.ts';
import { readBackAsPrinted, type Session } from '../../platform/postgres/index.ts';
import { readPublications } from './inspect.ts';
import { planPublications, type PublicationAction } from './plan.ts';
import { readWanted } from './wanted.ts';

const BATCH = 100;

/** The statements that do it, as they are run. */
export const statementsOf = ({ statements }: PublicationAction): string[] =>
	statements.map(readBackAsPrinted);

async function attempt(
	session: Session,
	actions: readonly PublicationAction[],
	waitedFor: Set<number>,
): Promise<TwinsError | null> {
	const statements = actions.flatMap(statementsOf);
	if (statements.length === 0) return null;
	try {
		await runUnlocked(
			session,
			statements,
			actions.map(({ object }) => object),
			waitedFor,
		);
		return null;
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code !== 'database_refused') throw error;
		return error;
	}
}

function itemOf(action: PublicationAction, error: TwinsError | null): Item {
	const { object, how, detail, fix, adapted } = action;
	if (error) {
		const isMissing = error.details.sqlstate === '42P01';
		return {
			object,
			outcome: 'failed',
			detail: error.message,
			fix: isLocked(error)
				? error.fix
				: isMissing
					? 'Clone tables as well: the target does not have this one.'
					: 'Only the owner of a table may publish it. Add it by hand on the target (Database, Publications).',
			sqlstate: error.details.sqlstate,
		};
	}
	if (how === 'leave') return { object, outcome: 'skipped', detail, fix };
	if (adapted) return { object, outcome: 'adapted', detail, fix };
	return {
		object,
		outcome: how === 'keep' ? 'unchanged' : 'copied',
		...(how === 'keep' ? {} : { detail }),
	};
}

async function apply(
	context: StageContext,
	actions: readonly PublicationAction[],
	waitedFor: Set<number>,
): Promise<void> {
	const session = await context.target.database();
	const done = actions.map((action) => itemOf(action, null));
	await context.announce(...done.filter((_, nth) => (actions[nth]?.statements.length ?? 0) > 0));
	if ((await attempt(session, actions, waitedFor)) === null) {
		context.report(...done);
		return;
	}
	for (const action of actions) {
		context.report(itemOf(action, await attempt(session, [action], waitedFor)));
	}
}

export const copyStage: Stage = {
	name: 'publications',
	// After the rows: nobody should be sent the copy row by row. Row filters may call functions.
	needs: ['structure', 'rows', 'relations', 'routines'],
	provides: ['publication'],
	async run(context) {
		const wanted = await readWanted(context.source);
		const target = await readPublications(await context.target.database());
		const actions = planPublications(wanted, target, {
			removeExtra: context.options.remove_extra,
		});
		const waitedFor = new Set<number>();
		for (let at = 0; at < actions.length; at += BATCH) {
			context.signal.throwIfAborted();
			// What is done is found unchanged by the next slice.
			if (at > 0 && context.spent()) return { state: 'more', cursor: null };
			const batch = actions.slice(at, at + BATCH);
			await apply(context, batch, waitedFor);
			context.spend({ operations: batch.length });
			context.progress({ done: at + batch.length, total: actions.length });
		}
		return { state: 'done' };
	},
};
