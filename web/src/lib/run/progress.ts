// The arithmetic of a run: counts, the share that is done, the words for it. Pure; progress is
// always derived from rows, so that any tab at any time says the same.
import { COMPONENTS, type ComponentKey, type ComponentLabel } from '#shared/domain/component.ts';
import { isFinished, type ComponentStatus } from '#shared/domain/status.ts';
import type { JobComponentRow, JobRow } from '../data/rows.ts';
import * as z from 'zod/mini';
import { formatBytes, formatCount, formatQuantity } from '#shared/domain/amount.ts';
import { spanBetween } from '../format.ts';

/** A run may have failed or been canceled before a component had its turn: nothing happened to that component. */
export type RunStatus = ComponentStatus | 'not_started';

/** A component of a run: its catalogue entry with its row; every run shows all 13. */
export interface RunComponent {
	readonly key: ComponentKey;
	readonly catalogue: ComponentLabel;
	readonly status: RunStatus;
	readonly row: JobComponentRow | null;
}

export interface RunCounts {
	readonly completed: number;
	readonly failed: number;
	readonly skipped: number;
	readonly canceled: number;
	readonly notStarted: number;
	readonly running: number;
	readonly pending: number;
	/** Components that take part: all but the skipped ones. */
	readonly total: number;
	/** Those of `total` that will not change any more. */
	readonly done: number;
}

/** All 13 components in the order of lists; one without a row was not chosen. */
export function runComponents(rows: readonly JobComponentRow[]): RunComponent[] {
	return COMPONENTS.map((catalogue) => {
		const row = rows.find((candidate) => candidate.component === catalogue.key) ?? null;
		return { key: catalogue.key, catalogue, status: statusOf(row), row };
	});
}

function statusOf(row: JobComponentRow | null): RunStatus {
	if (row === null) return 'skipped';
	const isEnded = row.status === 'failed' || row.status === 'canceled';
	const hadNoTurn = isEnded && row.started_at === null && row.error === null;
	return hadNoTurn ? 'not_started' : row.status;
}

export function countRun(components: readonly Pick<RunComponent, 'status'>[]): RunCounts {
	const of = (status: RunStatus) =>
		components.filter((component) => component.status === status).length;
	const completed = of('completed');
	const failed = of('failed');
	const skipped = of('skipped');
	const canceled = of('canceled');
	const notStarted = of('not_started');
	return {
		completed,
		failed,
		skipped,
		canceled,
		notStarted,
		running: of('in_progress'),
		pending: of('pending'),
		total: components.length - skipped,
		done: completed + failed + canceled + notStarted,
	};
}

/** Share of one component that is done, 0 to 1. What is running never reads as finished. */
export function componentShare(component: RunComponent): number {
	if (component.status === 'pending') return 0;
	if (component.status !== 'in_progress') return 1;
	const { items_done: done = 0, items_total: total = null } = component.row ?? {};
	if (total === null || total === 0) return 0;
	return Math.min(0.98, Math.max(0, done / total));
}

/**
 * Percent of a run as its bar says it: 100 only when the run is over. Between the last component and the end of the
 * run there is still work, and rounding must not swallow it.
 */
export function runPercent(components: readonly RunComponent[], finished: boolean): number {
	const percent = Math.floor(runShare(components) * 100);
	return finished ? percent : Math.min(99, percent);
}

/**
 * Milliseconds that are left if it goes on as it went; null while too little is done to say. An estimate: large
 * components weigh as much as small ones.
 */
export function timeLeft(startedAt: string | null, share: number, now: number): number | null {
	if (startedAt === null || share < 0.1) return null;
	const elapsed = now - Date.parse(startedAt);
	return elapsed < 5_000 ? null : (elapsed * (1 - share)) / share;
}

/** What moved and how fast: "12,000 rows · 3.4 MB · 400 rows/s · 113 kB/s"; empty where nothing did. */
export function describePace(row: JobComponentRow | null, now: number): string {
	if (row === null || (row.rows_done === 0 && row.bytes_done === 0)) return '';
	const span = spanBetween(row.started_at, row.finished_at, now) ?? 0;
	const perSecond = (amount: number) => Math.round((amount * 1000) / Math.max(span, 1000));
	return [
		...(row.rows_done > 0 ? [formatQuantity(row.rows_done, 'row')] : []),
		...(row.bytes_done > 0 ? [formatBytes(row.bytes_done)] : []),
		...(row.rows_done > 0 ? [`${formatCount(perSecond(row.rows_done))} rows/s`] : []),
		...(row.bytes_done > 0 ? [`${formatBytes(perSecond(row.bytes_done))}/s`] : []),
	].join(' · ');
}

const atWork = z.array(z.object({ object: z.string(), done: z.number(), total: z.number() }));

/** Objects that take long and are being copied now. */
export function objectsAtWork(row: JobComponentRow | null): z.infer<typeof atWork> {
	return atWork.safeParse(row?.at_work).data ?? [];
}

/** Share of the whole run, 0 to 1: every component that takes part weighs the same. */
export function runShare(components: readonly RunComponent[]): number {
	const parts = components.filter((component) => component.status !== 'skipped');
	if (parts.length === 0) return 0;
	const sum = parts.reduce((total, part) => total + componentShare(part), 0);
	return sum / parts.length;
}

/** "6 completed · 1 failed · 5 to go": only what is there. */
export function describeCounts(counts: RunCounts): string {
	const toGo = counts.running + counts.pending;
	const parts = [
		[counts.completed, 'completed'],
		[counts.failed, 'failed'],
		[counts.canceled, 'canceled'],
		[counts.notStarted, 'not started'],
		[toGo, 'to go'],
		[counts.skipped, 'skipped'],
	] as const;
	const words = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
	return words.length === 0 ? 'Waiting to start' : words.join(' · ');
}

/** "12 / 15 tables"; without a total "12 tables"; empty before anything is known. */
export function describeItems({ row, catalogue }: Pick<RunComponent, 'row' | 'catalogue'>): string {
	if (row === null || row.status === 'skipped') return '';
	if (row.items_total === null) {
		return row.items_done > 0 ? formatQuantity(row.items_done, catalogue.unit) : '';
	}
	return `${formatCount(row.items_done)} / ${formatQuantity(row.items_total, catalogue.unit)}`;
}

/** What the detail pane shows: the report of a finished run, or one component. */
export type RunPart = 'report' | ComponentKey;

/**
 * The reader's choice where it can be shown; else the report of a finished run; else the first
 * failure; else what is running; else the first component that takes part.
 */
export function shownPart(
	components: readonly RunComponent[],
	chosen: string | null,
	finished: boolean,
): RunPart {
	if (chosen === 'report' && finished) return 'report';
	const choice = components.find((component) => component.key === chosen);
	if (choice !== undefined) return choice.key;
	if (finished) return 'report';
	const withStatus = (status: RunStatus) =>
		components.find((component) => component.status === status)?.key;
	return withStatus('failed') ?? withStatus('in_progress') ?? withStatus('pending') ?? 'tables';
}

/**
 * The title of the tab: "7/12 · acme-prod → acme-staging · Clones".
 * @param outcome how a finished run is said everywhere
 */
export function runTitle(
	job: Pick<JobRow, 'status'>,
	counts: RunCounts,
	outcome: string,
	source: string,
	target: string,
): string {
	const lead = isFinished(job.status) ? outcome : `${counts.done}/${counts.total}`;
	return `${lead} · ${source} → ${target} · Clones`;
}
