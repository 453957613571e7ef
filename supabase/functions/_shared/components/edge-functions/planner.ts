// What a clone would do to the target's edge functions: the calls that it would make. Downloads nothing: whether files
// are equal where the bundles are not, only the clone finds out.
import type { PlanContext, Planner } from '../../contract/component.ts';
import type { PlannedWork } from '../../domain/plan.ts';
import { functionsStage } from './copy.ts';
import {
	type DeployedFunction,
	functionPath,
	hasSameBundle,
	hasSameSettings,
	listFunctions,
} from './deployed.ts';
import { deployPath, settingsBody } from './deploy.ts';

const OF = { component: 'edge_functions', stage: functionsStage.name, kind: 'function' } as const;

async function plan({ source, target, options }: PlanContext): Promise<readonly PlannedWork[]> {
	const [wanted, present] = await Promise.all([
		listFunctions(source.api),
		listFunctions(target.api),
	]);
	const extra = options.remove_extra ? [...present.keys()].filter((slug) => !wanted.has(slug)) : [];
	return [
		...[...wanted.values()].flatMap((one) => workOf(one, present.get(one.slug))),
		...extra.map((object): PlannedWork => ({
			...OF,
			object,
			action: 'remove',
			calls: [{ method: 'DELETE', path: functionPath(object) }],
			risks: [{ risk: 'removed', object }],
		})),
	];
}

function workOf(source: DeployedFunction, target: DeployedFunction | undefined): PlannedWork[] {
	const object = source.slug;
	const settings = {
		method: 'PATCH',
		path: functionPath(object),
		body: settingsBody(source),
	} as const;
	if (target && hasSameBundle(source, target))
		return hasSameSettings(source, target)
			? []
			: [{ ...OF, object, action: 'change', calls: [settings] }];
	const deploys = { method: 'POST', path: deployPath(object) } as const;
	return [
		target
			? {
					...OF,
					object,
					action: 'compare',
					calls: [deploys],
					detail:
						'only if its files differ; if nothing but name or rule for tokens does, these are changed',
				}
			: {
					...OF,
					object,
					action: 'create',
					calls: [deploys],
					detail: 'with the files of the source',
				},
	];
}

export const functionsPlanner: Planner = { name: 'edge_functions', plan };
