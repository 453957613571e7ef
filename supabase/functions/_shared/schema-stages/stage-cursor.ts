// What a schema stage keeps from slice to slice: what failed for good, what was touched. All else is read again.
import * as z from 'zod/mini';
import type { Applied, Failure } from '../schema/apply.ts';
import type { Fact } from '../schema/fact.ts';
import { adviceForExtras } from '../schema/advice.ts';
import { extrasOf, itemOf } from './items.ts';
import { fixForRows, isAboutValues } from '../schema/kept-rows.ts';
import type { FactPair, PlannedChange } from '../schema/planning.ts';

/** How often a change may run without error and yet not make the endpoints equal. */
const MAX_RUNS = 2;

/** How often a change is put off because somebody holds a lock on the target: about half a minute in all. */
const MAX_LOCKED = 6;

const failureSchema = z.object({
	id: z.string(),
	/** Of the source's fact as it failed: where it is another by now, the change gets another try. */
	fingerprint: z.optional(z.string()),
	message: z.string(),
	sqlstate: z.optional(z.string()),
	hint: z.optional(z.string()),
	fix: z.optional(z.string()),
});
export const cursorSchema = z.object({
	/** Ids of changes that failed for good. */
	gone: z.array(failureSchema),
	/** Component and object of what was made or changed so far, for the report. */
	touched: z.array(z.tuple([z.string(), z.string()])),
	/** How often changes ran, where more than once is possible. */
	runs: z.record(z.string(), z.number()),
	/** How often changes were put off, or failed. */
	locked: z.record(z.string(), z.number()),
	/** Rounds without any failure, and failures that were forgotten because the source has changed. */
	cleanRounds: z._default(z.number(), 0),
	/** The functions were made ahead of their stage. */
	hasRoutines: z._default(z.boolean(), false),
});
/** How often all changes may run without error and yet others follow: somebody is changing the source. */
export const MAX_CLEAN_ROUNDS = 10;

export type Cursor = z.infer<typeof cursorSchema>;

export const FIRST: Cursor = {
	gone: [],
	touched: [],
	runs: {},
	locked: {},
	cleanRounds: 0,
	hasRoutines: false,
};

/** What to say instead of the server's words where something that this clone leaves alone blocked the change. */
function reasonAmongExtras(
	change: PlannedChange,
	failure: Failure,
	pair: FactPair,
): Partial<Cursor['gone'][0]> {
	if (change.keeps.length > 0 && isAboutValues(failure.sqlstate))
		return {
			message: `it would change or lose values of ${change.keeps.join(', ')}, which this clone does not bring again`,
			fix: fixForRows(change.keeps),
		};
	const extras = extrasOf(change, pair);
	return extras.length > 0 ? { fix: adviceForExtras(extras) } : {};
}

export function remember(cursor: Cursor, applied: Applied, pair: FactPair): Cursor {
	const touched = new Map(cursor.touched.map((entry) => [entry.join(' '), entry]));
	const runs = { ...cursor.runs };
	const locked = { ...cursor.locked };
	const gone = [...cursor.gone];
	const fingerprint = (id: string): { fingerprint?: string } => {
		const fact = pair.source.byId.get(id);
		return fact ? { fingerprint: fingerprintOf(fact) } : {};
	};
	for (const change of applied.done) {
		for (const item of itemOf(change, pair)) {
			const entry: [string, string] = [item.component ?? '', item.object];
			touched.set(entry.join(' '), entry);
		}
		runs[change.id] = (runs[change.id] ?? 0) + 1;
		if ((runs[change.id] ?? 0) > MAX_RUNS)
			gone.push({
				id: change.id,
				...fingerprint(change.id),
				message: `the change ran without error, but ${change.differs.join(', ') || 'the definition'} still differs`,
			});
	}
	if (applied.done.length === 0) {
		for (const [id, { change, failure }] of applied.failed) {
			locked[id] = (locked[id] ?? 0) + 1;
			if (failure.locked && !failure.lasting && locked[id] <= MAX_LOCKED) continue;
			if (failure.raced && locked[id] === 1) continue;
			gone.push({
				id,
				...fingerprint(id),
				...failure,
				...reasonAmongExtras(change, failure, pair),
			});
		}
	}
	const isClean = applied.failed.size === 0 && applied.untried === 0;
	const cleanRounds = cursor.cleanRounds + (isClean ? 1 : 0);
	return { ...cursor, gone, touched: [...touched.values()], runs, locked, cleanRounds };
}

/** A short text that tells whether the source has changed what a change would do. */
const fingerprintOf = ({ create, definition, needs }: Fact): string => {
	const text = JSON.stringify([create, definition, needs]);
	let hash = 0;
	for (let at = 0; at < text.length; at += 1) hash = (hash * 31 + text.charCodeAt(at)) | 0;
	return `${text.length} ${hash}`;
};

/** The cursor without the failures of what the source has otherwise by now. */
export function withoutOutdated(cursor: Cursor, { source }: FactPair): Cursor {
	const isOutdated = ({ id, fingerprint }: Cursor['gone'][number]): boolean => {
		const fact = source.byId.get(id);
		return fact !== undefined && fingerprint !== undefined && fingerprintOf(fact) !== fingerprint;
	};
	const outdated = new Set(cursor.gone.filter(isOutdated).map(({ id }) => id));
	if (outdated.size === 0 || cursor.cleanRounds >= MAX_CLEAN_ROUNDS) return cursor;
	const without = (counts: Readonly<Record<string, number>>): Record<string, number> =>
		Object.fromEntries(Object.entries(counts).filter(([id]) => !outdated.has(id)));
	return {
		...cursor,
		// What needed it has failed for its sake.
		gone: cursor.gone.filter(({ id, sqlstate }) => !outdated.has(id) && sqlstate !== undefined),
		runs: without(cursor.runs),
		locked: without(cursor.locked),
		cleanRounds: cursor.cleanRounds + 1,
	};
}
