// What a clone would do to the target's publications: the statements that it would run.
import type { PlanContext, Planner } from '../../contract/component.ts';
import type { PlannedWork } from '../../domain/plan.ts';
import { copyStage, statementsOf } from './copy.ts';
import { readPublications } from './inspect.ts';
import { planPublications } from './plan.ts';
import { readWanted } from './wanted.ts';

async function plan(context: PlanContext): Promise<readonly PlannedWork[]> {
	const wanted = await readWanted(context.source);
	const target = await readPublications(await context.target.database());
	const { remove_extra: removeExtra } = context.options;
	return planPublications(wanted, target, { removeExtra }).flatMap((action): PlannedWork[] => {
		const { how, object, kind } = action;
		const statements = statementsOf(action);
		if (statements.length === 0 || how === 'keep' || how === 'leave') return [];
		return [
			{
				component: 'realtime',
				stage: copyStage.name,
				object,
				kind,
				action: how,
				statements,
				...(how === 'remove' ? { risks: [{ risk: 'removed', object }] } : {}),
			},
		];
	});
}

export const realtimePlanner: Planner = { name: 'realtime', plan };
