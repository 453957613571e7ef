// Names the functions that users made in the platform's schemas before these were closed: they cannot be copied, and
// must not be left out in silence.
import type { Stage } from '../component.ts';
import type { Session } from '../../platform/session.ts';
import { IN_MANAGED_SCHEMAS } from './queries.ts';

export const WHY = 'It is in a schema of the platform, where nobody may make functions any more.';
export const FIX = 'Move it to a schema of your own on the source, then clone again.';

/** Functions of the user in schemas of the platform. */
export async function readManaged(session: Session): Promise<string[]> {
	const results = await session.script(
		`begin read only; set local search_path = ''; ${IN_MANAGED_SCHEMAS}; commit`,
	);
	return results.flat().map(({ name }) => String(name));
}

export const managedStage: Stage = {
	name: 'managed',
	needs: [],
	provides: [],
	async run(context) {
		const names = await readManaged(await context.source.database());
		const present = new Set(await readManaged(await context.target.database()));
		for (const object of names) {
			context.report(
				present.has(object)
					? { object, outcome: 'unchanged' }
					: { object, outcome: 'skipped', detail: WHY, fix: FIX },
			);
		}
		return { state: 'done' };
	},
};
