// The stage `references`: once users, rows and files are in place, looks at every foreign key into a schema of the
// platform. Writes nothing.
import * as z from 'zod/mini';
import type { Stage } from '../../contract/component.ts';
import { notLookedAt } from './dangling.ts';
import { openSessions } from './sessions.ts';
import { danglingDetail, danglingKeys, fixForDangling } from './foreign-keys.ts';

const cursorSchema = z.object({ seen: z.array(z.string()) });

export const referencesStage: Stage = {
	name: 'references',
	needs: ['structure', 'rows', 'relations', 'users', 'late_users', 'files'],
	provides: [],
	async run(context) {
		const left = context.cursor === null ? { seen: [] } : cursorSchema.parse(context.cursor);
		let looks = 0;
		const isEnough = (): boolean => {
			looks += 1;
			context.spend({ operations: 1 });
			// One at least, or the next slice would be no further.
			return context.signal.aborted || (looks > 1 && context.spent());
		};
		const { found, seen, all } = await danglingKeys(
			await openSessions(context),
			({ isManaged }) => isManaged,
			left.seen,
			isEnough,
		);
		for (const dangling of found) {
			const { object, references, isAsOnSource, trouble } = dangling;
			if (trouble) {
				context.report(notLookedAt(object, trouble));
				continue;
			}
			context.report(
				isAsOnSource
					? { object, outcome: 'skipped', detail: `${danglingDetail(dangling)}, as on the source` }
					: {
							object,
							outcome: 'failed',
							detail: danglingDetail(dangling),
							fix: fixForDangling(references),
							sqlstate: '23503',
						},
			);
		}
		return all ? { state: 'done' } : { state: 'more', cursor: { seen } };
	},
};
