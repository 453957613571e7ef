// How a run went, as a chart draws it: one line per step, with its slices as bars and what it waited for. Pure.
import { componentLabel } from '#shared/domain/component.ts';
import type { JobSliceRow } from '../data/rows.ts';

/** What a stage does, in words; one that is its whole component needs none. */
const STAGE_WORDS: Readonly<Record<string, string>> = {
	structure: 'schemas, types, tables',
	relations: 'indexes, foreign keys',
	left_out: 'what stays behind',
	rows: 'rows',
	references: 'foreign keys checked',
	generated: 'generated values',
	routines: 'functions',
	calls: 'calls checked',
	late: 'users who came meanwhile',
	refresh: 'materialized views filled',
};

const KIND_WORDS: Readonly<Record<string, string>> = {
	prepare: 'Preparing',
	cleanup: 'Cleaning up',
	guard: 'Looking for losses',
};

/** What a step is called: `Tables: indexes, foreign keys`. */
export function stepLabel({
	kind,
	component,
	stage,
}: Pick<JobSliceRow, 'kind' | 'component' | 'stage'>): string {
	const name = component === null ? (KIND_WORDS[kind] ?? kind) : componentLabel(component);
	const words =
		component !== null && kind !== 'stage'
			? KIND_WORDS[kind]?.toLowerCase()
			: STAGE_WORDS[stage ?? ''];
	return words === undefined ? name : `${name}: ${words}`;
}

/** Part of a chart, in shares of its width. */
interface Span {
	readonly from: number;
	readonly width: number;
}

export interface TimelineBar extends Span {
	readonly id: number;
	/** Null while it goes on. */
	readonly outcome: JobSliceRow['outcome'];
}

export interface TimelineStep {
	readonly id: number;
	readonly label: string;
	readonly component: string | null;
	readonly bars: readonly TimelineBar[];
	/** From when it was known until its first slice. */
	readonly waiting: Span;
	/** The step whose end it waited for longest; null where it waited for none. */
	readonly waitedFor: string | null;
	/** Milliseconds from its first slice to its last. */
	readonly took: number;
	/** Milliseconds after the first slice of the run. */
	readonly startedAfter: number;
	readonly slices: number;
	readonly retries: number;
	readonly isRunning: boolean;
	readonly problem: string | null;
}

export interface Timeline {
	readonly steps: readonly TimelineStep[];
	/** Milliseconds of the whole width. */
	readonly span: number;
}

const RETRIED: readonly JobSliceRow['outcome'][] = ['retry', 'lost'];

/** @param now epoch milliseconds: the end of what still goes on */
export function timelineOf(slices: readonly JobSliceRow[], now: number): Timeline {
	const [first] = slices;
	if (first === undefined) return { steps: [], span: 0 };
	const start = Date.parse(first.started_at);
	const endOf = ({ finished_at: end }: JobSliceRow): number =>
		end === null ? now : Date.parse(end);
	const span = Math.max(1, ...slices.map((slice) => endOf(slice) - start));
	const within = (from: number, to: number): Span => {
		const low = Math.min(1, Math.max(0, (from - start) / span));
		return { from: low, width: Math.max(0, Math.min(1, (to - start) / span) - low) };
	};

	const groups = [...Map.groupBy(slices, ({ step_id }) => step_id)];
	const ends = new Map<string, { readonly label: string; readonly end: number }>(
		groups.flatMap(([, [one, ...more]]) =>
			one === undefined
				? []
				: [
						[
							`${one.component ?? ''}.${one.stage ?? ''}`,
							{ label: stepLabel(one), end: Math.max(...[one, ...more].map(endOf)) },
						] as const,
					],
		),
	);
	const steps = groups.flatMap(([id, members]): TimelineStep[] => {
		const [one] = members;
		if (one === undefined) return [];
		const began = Date.parse(one.started_at);
		const last = one.waits_for
			.flatMap((name) => ends.get(name) ?? [])
			.toSorted((left, right) => right.end - left.end)[0];
		return [
			{
				id,
				label: stepLabel(one),
				component: one.component,
				bars: members.map((slice) => ({
					id: slice.id,
					outcome: slice.outcome,
					...within(Date.parse(slice.started_at), endOf(slice)),
				})),
				waiting: within(Date.parse(one.queued_at), began),
				waitedFor: last?.label ?? null,
				took: Math.max(...members.map(endOf)) - began,
				startedAfter: Math.max(0, began - start),
				slices: members.length,
				retries: members.filter(({ outcome }) => RETRIED.includes(outcome)).length,
				isRunning: members.some(({ finished_at }) => finished_at === null),
				problem: members.findLast(({ error }) => error !== null)?.error?.message ?? null,
			},
		];
	});
	return { steps, span };
}
