// The stage `generated`: after the rows, looks at what both endpoints computed for them.
import * as z from 'zod/mini';
import type { Stage } from '../../contract/component.ts';
import { openSessions, readPlan } from './sessions.ts';
import { readGenerated, STALE_FIX, staleIn } from './generated.ts';

const cursorSchema = z.object({ seen: z.array(z.string()) });

export const generatedStage: Stage = {
	name: 'generated',
	needs: ['structure', 'rows'],
	provides: [],
	async run(context) {
		const seen = new Set(context.cursor === null ? [] : cursorSchema.parse(context.cursor).seen);
		const sessions = await openSessions(context);
		let looks = 0;
		for (const computed of await readGenerated(sessions, await readPlan(context, sessions))) {
			const { key } = computed.tableJob;
			if (seen.has(key)) continue;
			// One at least, or the next slice would be no further.
			if (looks > 0 && (context.signal.aborted || context.spent()))
				return { state: 'more', cursor: { seen: [...seen] } };
			looks += 1;
			context.spend({ operations: 1 });
			for (const { object, detail, trouble } of await staleIn(sessions, computed, true)) {
				context.report(
					trouble
						? {
								object,
								outcome: 'failed',
								detail: `generated columns: ${detail}`,
								fix: trouble.fix,
								sqlstate: trouble.details.sqlstate,
							}
						: { object, outcome: 'adapted', detail, fix: STALE_FIX },
				);
			}
			seen.add(key);
		}
		return { state: 'done' };
	},
};
