// The report the database stores with a finished job: totals, failures, and what is left to do by hand.
import * as z from 'zod/mini';
import { ITEM_OUTCOMES, type ItemOutcome } from '#shared/domain/status.ts';

const counts = z.partialRecord(z.enum(ITEM_OUTCOMES), z.number());
const failedItem = z.object({
	component: z.string(),
	object: z.string(),
	detail: z.nullish(z.string()),
	fix: z.nullish(z.string()),
	sqlstate: z.nullish(z.string()),
});
const itemByHand = z.object({
	component: z.string(),
	object: z.string(),
	outcome: z.optional(z.string()),
	detail: z.nullish(z.string()),
	fix: z.nullish(z.string()),
});
const reportSchema = z.object({
	components: z._default(z.record(z.string(), counts), {}),
	totals: z._default(counts, {}),
	/** Failed objects, and failed components of which no object failed. */
	failures: z._default(z.number(), 0),
	failed: z._default(z.array(failedItem), []),
	by_hand_total: z._default(z.number(), 0),
	by_hand: z._default(z.array(itemByHand), []),
});

export type Report = z.infer<typeof reportSchema>;

const EMPTY: Report = {
	components: {},
	totals: {},
	failures: 0,
	failed: [],
	by_hand_total: 0,
	by_hand: [],
};

/** The stored report; an empty one where there is none yet. */
export function parseReport(stored: unknown): Report {
	const parsed = reportSchema.safeParse(stored);
	return parsed.success ? parsed.data : EMPTY;
}

/** How many objects ended as `outcome`. */
export function total(report: Report, outcome: ItemOutcome): number {
	return report.totals[outcome] ?? 0;
}

/** How many objects a run made or changed on the target. */
export function changesOf(report: Report): number {
	return total(report, 'copied') + total(report, 'adapted');
}

/** Whether nothing was dealt with at all: the run ended before it started. */
export function isEmpty(report: Report): boolean {
	return Object.keys(report.totals).length === 0;
}
