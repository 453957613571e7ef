// Makes the target's webhooks like the source's, one transaction per webhook, so that none is ever seen
// enabled between its making and its disabling, and one that fails leaves the others.
import * as z from 'zod/mini';
import type { Item } from '../../contract/report.ts';
import type { Stage } from '../../contract/component.ts';
import type { StageContext } from '../../contract/context.ts';
import { howToArm } from '../../domain/arming.ts';
import { TwinsError } from '../../domain/errors.ts';
import { isLocked, runUnlocked } from '../../platform/locks.ts';
import { qualified, readBackAsPrinted, type Session } from '../../platform/postgres/index.ts';
import { readReferences } from '../../platform/supabase/references.ts';
import { CANNOT_REST, howToDrop, howToMake, isOnManagedTable } from './by-hand.ts';
import { readSourceWebhooks, readWebhooks, type Webhook } from './inspect.ts';
import { planWebhooks, wantedWebhooks, type WebhookAction } from './plan.ts';
import { ENABLE_PATH, setState } from './queries.ts';

const cursorSchema = z.object({
	done: z.array(z.string()),
	/** How often we looked for the function after asking the platform for it; 0: not asked yet. */
	looks: z.number(),
});

/** The platform answers before the function is there on a busy project. Each look is a slice. */
const MAX_LOOKS = 10;

/** How a person arms a webhook. */
export const armingOf = (hook: Webhook): string => howToArm(setState(hook, hook.state));

function itemOf(action: Exclude<WebhookAction, { how: 'remove' }>): Item {
	const { hook, state } = action;
	const { changes, missing } = hook.rewritten;
	const rests = state === 'D' && hook.state !== 'D';
	const done = { create: 'created', change: 'changed', arm: 'state set', keep: undefined };
	const detail = [
		done[action.how],
		rests ? 'disabled' : undefined,
		changes.length > 0 ? `rewritten for the target: ${changes.join(', ')}` : undefined,
		hook.outward.length > 0 ? `calls ${hook.outward.join(', ')}` : undefined,
	];
	const fixes = [
		missing.length > 0
			? `Put the target's ${missing.join(', ')} in place of REPLACE_WITH_… in its address and headers.`
			: undefined,
		rests ? armingOf(hook) : undefined,
	].filter((fix) => fix !== undefined);
	const adapted = changes.length > 0 || hook.outward.length > 0 || rests;
	return {
		object: hook.object,
		outcome: action.how === 'keep' ? 'unchanged' : adapted ? 'adapted' : 'copied',
		detail: detail.filter((part) => part !== undefined).join(', ') || undefined,
		fix: fixes.join(' ') || undefined,
	};
}

/** A webhook that the platform lets nobody disable is not made: better none than one that calls out. */
function leftByHand(action: WebhookAction, { details }: TwinsError): Item | undefined {
	if (action.how === 'keep' || action.how === 'remove' || action.state === 'O') return undefined;
	const { object } = action.hook;
	const { sqlstate } = details;
	return action.how === 'arm'
		? { object, outcome: 'failed', detail: CANNOT_REST, fix: howToDrop(action.hook), sqlstate }
		: { object, outcome: 'skipped', detail: CANNOT_REST, fix: howToMake(action.hook), sqlstate };
}

/** The statements that do it, as they are run. */
export const statementsOf = ({ statements }: Exclude<WebhookAction, { how: 'keep' }>): string[] =>
	statements.map(readBackAsPrinted);

async function apply(
	{ announce }: Pick<StageContext, 'announce'>,
	session: Session,
	action: WebhookAction,
	waitedFor: Set<number>,
): Promise<Item> {
	const done = doneItem(action);
	if (action.how === 'keep') return done;
	try {
		await announce(done);
		const { schema, table } = action.hook;
		await runUnlocked(session, statementsOf(action), [qualified(schema, table)], waitedFor);
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code !== 'database_refused') throw error;
		if (error.details.sqlstate === '42501' && isOnManagedTable(action.hook)) {
			const left = leftByHand(action, error);
			if (left) return left;
		}
		return {
			object: action.hook.object,
			outcome: 'failed',
			detail: error.message,
			fix: isLocked(error)
				? error.fix
				: 'Make sure that its table was cloned and nothing holds a lock on it, then clone webhooks again.',
			sqlstate: error.details.sqlstate,
		};
	}
	return done;
}

const doneItem = (action: WebhookAction): Item =>
	action.how === 'remove'
		? {
				object: action.hook.object,
				outcome: 'copied',
				detail: 'removed: the source does not have it',
			}
		: itemOf(action);

const cannotEnable = (hooks: readonly Webhook[], why: string, httpStatus?: number): Item[] =>
	hooks.map(({ object }) => ({
		object,
		outcome: 'failed',
		detail: `The target has no database webhooks: ${why}${httpStatus === undefined ? '' : ` (HTTP ${httpStatus})`}`,
		fix: 'Enable webhooks on the target (Integrations, Database Webhooks), then clone webhooks again.',
	}));

/** Asks the platform for the function that webhooks call. False when it refused; then that is reported. */
async function enableWebhooks(context: StageContext, hooks: readonly Webhook[]): Promise<boolean> {
	try {
		await context.target.api.send('POST', ENABLE_PATH);
		return true;
	} catch (error) {
		if (!(error instanceof TwinsError) || error.details.passing === true) throw error;
		context.report(...cannotEnable(hooks, error.message, error.details.httpStatus));
		return false;
	}
}

export const copyStage: Stage = {
	name: 'webhooks',
	// After all that writes rows: an activated webhook would tell the world about the copy.
	needs: ['structure', 'users', 'rows', 'relations', 'routines', 'views', 'triggers', 'files'],
	provides: [],
	async run(context) {
		const cursor =
			context.cursor === null ? { done: [], looks: 0 } : cursorSchema.parse(context.cursor);
		const done = new Set(cursor.done);
		const { hooks } = await readSourceWebhooks(context.source);
		const session = await context.target.database();
		let target = await readWebhooks(session);
		if (hooks.length > 0 && !target.enabled) {
			if (cursor.looks === 0 && !(await enableWebhooks(context, hooks))) return { state: 'done' };
			target = await readWebhooks(session);
			if (!target.enabled) {
				if (cursor.looks < MAX_LOOKS) {
					return { state: 'more', cursor: { done: [], looks: cursor.looks + 1 } };
				}
				context.report(
					...cannotEnable(
						hooks,
						'the platform accepted to enable them, but the function did not appear',
					),
				);
				return { state: 'done' };
			}
		}
		const from = await readReferences(context.source);
		const to = await readReferences(context.target);
		const { remove_extra: removeExtra } = context.options;
		const actions = planWebhooks(wantedWebhooks(hooks, from, to), target.hooks, {
			...context.options,
			removeExtra,
		});
		const waitedFor = new Set<number>();
		for (const action of actions) {
			const { object } = action.hook;
			if (done.has(object)) continue;
			if (context.signal.aborted || context.spent()) {
				return { state: 'more', cursor: { done: [...done], looks: cursor.looks } };
			}
			context.report(await apply(context, session, action, waitedFor));
			context.spend({ operations: 1 });
			done.add(object);
			context.progress({ done: done.size, total: actions.length });
		}
		return { state: 'done' };
	},
};
