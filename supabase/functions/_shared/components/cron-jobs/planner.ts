// What a clone would do to the target's cron jobs: the statements that it would run, without the secrets in commands.
import type { PlanContext, Planner } from '../../contract/component.ts';
import type { PlannedWork } from '../../domain/plan.ts';
import { readReferences, withoutSecrets } from '../../platform/supabase/references.ts';
import { copyStage, statementOf } from './copy.ts';
import { readJobs, readSourceJobs } from './inspect.ts';
import { planJobs, wantedJobs, type JobAction } from './plan.ts';
import { INSTALL_CRON } from './queries.ts';

const OF = { component: 'cron_jobs', stage: copyStage.name } as const;

const ACTIONS = { create: 'create', change: 'change', remove: 'remove' } as const;

async function plan(context: PlanContext): Promise<readonly PlannedWork[]> {
	const source = await readSourceJobs(context.source);
	const target = await readJobs(await context.target.database());
	const [from, to] = [await readReferences(context.source), await readReferences(context.target)];
	const wanted = wantedJobs(source, from, to);
	const { remove_extra: removeExtra } = context.options;
	const installs = wanted.length > 0 && !target.installed;
	return [
		...(installs
			? [{ ...OF, object: 'pg_cron', action: 'create' as const, statements: [INSTALL_CRON] }]
			: []),
		...planJobs(wanted, target, { ...context.options, removeExtra }).flatMap(workOf),
	];
}

function workOf(action: JobAction): PlannedWork[] {
	if (action.how === 'keep') return [];
	const object = action.how === 'remove' ? action.object : action.job.object;
	return [
		{
			...OF,
			object,
			kind: 'job',
			action: ACTIONS[action.how],
			statements: [withoutSecrets(statementOf(action))],
			...(action.how === 'remove' ? { risks: [{ risk: 'removed', object }] } : {}),
		},
	];
}

export const cronPlanner: Planner = { name: 'cron_jobs', plan };
