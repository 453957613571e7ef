// The stage that makes the settings equal: one area per step, read anew each time, so that it may be repeated
// at any point and writes nothing when nothing differs.
import * as z from 'zod/mini';
import type { Stage, StageResult } from '../../contract/component.ts';
import type { StageContext } from '../../contract/context.ts';
import { applyChanges } from './apply.ts';
import type { Area } from './area.ts';
import { AREAS } from './areas.ts';
import { copyIdentityProviders } from './identity-providers.ts';
import { equalItem, noteItem, unreadableItem } from './report.ts';

/** `next`: index of the area to do; the identity providers come after the last. */
const cursorSchema = z.object({ next: z.int().check(z.minimum(0)) });

/** Schemas of the data API and functions of hooks must be there; files may need the higher limit until then. */
export const settingsStage: Stage = {
	name: 'settings',
	needs: ['structure', 'routines', 'files', 'edge_functions'],
	provides: [],
	run,
};

async function run(context: StageContext): Promise<StageResult> {
	const parsed = z.safeParse(cursorSchema, context.cursor);
	const first = parsed.success ? parsed.data.next : 0;
	const steps = [
		...AREAS.map((area) => ({ size: area.size, run: () => copyArea(context, area) })),
		{ size: 0, run: () => copyIdentityProviders(context) },
	];
	const total = steps.reduce((sum, { size }) => sum + size, 0);
	let done = 0;
	for (const [index, step] of steps.entries()) {
		if (index > first && (context.spent() || context.signal.aborted)) {
			return { state: 'more', cursor: { next: index } };
		}
		if (index >= first) {
			context.signal.throwIfAborted();
			await step.run();
		}
		done += step.size;
		context.progress({ done, total });
	}
	return { state: 'done' };
}

async function copyArea(context: StageContext, area: Area): Promise<void> {
	context.spend({ operations: 2 });
	let plan;
	try {
		plan = await area.plan(context, false);
	} catch (error) {
		const item = unreadableItem(area, error);
		if (!item) throw error;
		context.report(item);
		return;
	}
	context.report(equalItem(area, plan), ...plan.notes.map((note) => noteItem(area, note)));
	context.report(...(await applyChanges(context, area, plan.changes)));
}
