// What a run without anyone there may do to its target beyond rows: what somebody agreed to by name, and no more. It plans what
// it will do with the planners of previews, before anything is written.
import * as z from 'zod/mini';
import { TwinsError } from '../domain/errors.ts';
import type { PlannedWork } from '../domain/plan.ts';
import { RISKS, riskName, type Risk } from '../domain/risk.ts';

const cursorSchema = z.object({
	/** Of the planner. */
	planner: z.unknown(),
	open: z.array(z.object({ risk: z.enum(Object.keys(RISKS)), object: z.string() })),
});

/** What slices of a guard have planned so far: where the planner stands, and what nobody agreed to. */
export interface GuardCursor {
	readonly planner: unknown;
	readonly open: readonly Risk[];
}

/** Reads what the last slice left; the first one starts with nothing. */
export function readGuardCursor(cursor: unknown): GuardCursor {
	const parsed = cursorSchema.safeParse(cursor);
	if (!parsed.success) return { planner: null, open: [] };
	const { planner, open } = parsed.data;
	return {
		planner,
		open: open.map(({ risk, object }) => ({ risk: risk as Risk['risk'], object })),
	};
}

/** Risks that nobody agreed to, each once. `kind *` in what was agreed to stands for all of its kind. */
export function openRisks(
	work: readonly Pick<PlannedWork, 'risks'>[],
	agreed: readonly string[],
	known: readonly Risk[] = [],
): Risk[] {
	const names = new Set(agreed);
	const found = [...known, ...work.flatMap(({ risks = [] }) => risks)].filter(
		(risk) => !names.has(riskName(risk)) && !names.has(riskName({ ...risk, object: '*' })),
	);
	return [...new Map(found.map((risk) => [riskName(risk), risk])).values()];
}

/** Throws `limit_exceeded`, with the names of all of them, when there is one. */
export function refuseOpenRisks(open: readonly Risk[]): void {
	const [first, ...others] = open;
	if (first === undefined) return;
	throw new TwinsError(
		'limit_exceeded',
		`Nobody has agreed to this: ${RISKS[first.risk]}: ${first.object}` +
			`${others.length === 0 ? '' : ` and ${others.length} more`}. Nothing was written`,
		'See whether it is meant. If so, run the schedule anyway, or clone again and agree to what its preview lists.',
		{ risks: open.map(riskName) },
	);
}
