// What a clone would do to the target's webhooks: the call that enables them and the statements, without the secrets in
// addresses and headers.
import type { PlanContext, Planner } from '../../contract/component.ts';
import type { PlannedAction } from '../../domain/preview.ts';
import type { PlannedWork } from '../../domain/plan.ts';
import { readReferences, withoutSecrets } from '../../platform/supabase/references.ts';
import { shownStatement } from './by-hand.ts';
import { copyStage, statementsOf } from './copy.ts';
import { readSourceWebhooks, readWebhooks } from './inspect.ts';
import { planWebhooks, wantedWebhooks, type WebhookAction } from './plan.ts';
import { ENABLE_PATH } from './queries.ts';

const OF = { component: 'webhooks', stage: copyStage.name } as const;

const ACTIONS: Readonly<Record<Exclude<WebhookAction['how'], 'keep'>, PlannedAction>> = {
	create: 'create',
	change: 'replace',
	arm: 'change',
	remove: 'remove',
};

async function plan(context: PlanContext): Promise<readonly PlannedWork[]> {
	const { hooks } = await readSourceWebhooks(context.source);
	const target = await readWebhooks(await context.target.database());
	const [from, to] = [await readReferences(context.source), await readReferences(context.target)];
	const { remove_extra: removeExtra } = context.options;
	const wanted = wantedWebhooks(hooks, from, to);
	return [
		...(hooks.length > 0 && !target.enabled
			? [
					{
						...OF,
						object: 'database webhooks',
						action: 'create' as const,
						calls: [{ method: 'POST' as const, path: ENABLE_PATH }],
					},
				]
			: []),
		...planWebhooks(wanted, target.hooks, { ...context.options, removeExtra }).flatMap(workOf),
	];
}

function workOf(action: WebhookAction): PlannedWork[] {
	if (action.how === 'keep') return [];
	const { object } = action.hook;
	return [
		{
			...OF,
			object,
			kind: 'webhook',
			action: ACTIONS[action.how],
			statements: statementsOf({
				...action,
				statements: action.statements.map((statement) => shownStatement(action.hook, statement)),
			}).map(withoutSecrets),
			...(action.how === 'remove' ? { risks: [{ risk: 'removed', object }] } : {}),
		},
	];
}

export const webhooksPlanner: Planner = { name: 'webhooks', plan };
