// What a clone would do to the target's Storage: the calls that make buckets; of files it tells in words.
import type { PlanContext, Planner } from '../../contract/component.ts';
import { describedWork, type PlannedWork } from '../../domain/plan.ts';
import { bucketCall, differingSettings, readBuckets, wantedBucket } from './buckets.ts';
import { filesStage } from './copy.ts';
import { openEndpoints } from './endpoints.ts';
import { readGlobalLimit } from './limits.ts';
import { preview } from './preview.ts';

async function plan(context: PlanContext): Promise<readonly PlannedWork[]> {
	const endpoints = await openEndpoints(context);
	const limit = await readGlobalLimit(context.target);
	const found = new Map((await readBuckets(endpoints.target)).map((one) => [one.id, one]));
	const buckets = (await readBuckets(endpoints.source)).flatMap((source): PlannedWork[] => {
		const wanted = wantedBucket(source, limit);
		const there = found.get(source.id);
		if (there && differingSettings(wanted, there).length === 0) return [];
		return [
			{
				component: 'storage',
				stage: filesStage.name,
				object: source.id,
				kind: 'bucket',
				action: there ? 'change' : 'create',
				calls: [bucketCall(wanted, there !== undefined)],
			},
		];
	});
	const files = await preview(context);
	return [
		...buckets,
		...describedWork('storage', filesStage.name, files).map((one): PlannedWork =>
			one.action === 'create' || one.action === 'change' ? { ...one, action: 'fill' } : one,
		),
	];
}

export const storagePlanner: Planner = { name: 'storage', plan };
