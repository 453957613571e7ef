// What a run ended with, as text for people and as JSON for machines, and the exit code that follows from it.
import { formatQuantity } from '../supabase/functions/_shared/domain/amount.ts';
import {
	PREVIEW_PARTS,
	WARNING_LEVELS,
	type Planned,
	type PlannedAction,
	type Preview,
	type PreviewPart,
} from '../supabase/functions/_shared/domain/preview.ts';
import {
	ACTION_LABELS,
	countsText,
	LEVEL_LABELS,
	partLabel,
	planText,
} from '../supabase/functions/_shared/domain/preview-words.ts';
import { ITEM_OUTCOMES } from '../supabase/functions/_shared/domain/status.ts';
import { nameWith } from '../supabase/functions/_shared/domain/thing.ts';
import type { ReportedItem } from '../supabase/functions/_shared/engine/run.ts';
import type { RunReport } from './run.ts';

/**
 * Exit codes: done and equal; something failed, differs or was canceled; wrong use or an endpoint that is not
 * reachable.
 */
export const EXIT = { equal: 0, different: 1, refused: 2 } as const;

/** Nothing could be done: an endpoint cannot be reached or refuses, before anything was written. */
const wasRefused = ({ errors }: RunReport): boolean =>
	errors.some(({ step }) => step === 'prepare');

export function cloneExit(report: RunReport): number {
	if (wasRefused(report)) return EXIT.refused;
	const hasFailed = [...report.items.values()].some(({ outcome }) => outcome === 'failed');
	return hasFailed || report.errors.length > 0 || report.wasCanceled ? EXIT.different : EXIT.equal;
}

export function verifyExit(report: RunReport): number {
	if (wasRefused(report)) return EXIT.refused;
	// What is left to do by hand is listed; it was known before, and is no difference that a clone left.
	const differs = report.findings.some(({ severity }) => severity !== 'note');
	const isEqual = !differs && report.errors.length === 0 && !report.wasCanceled;
	return isEqual ? EXIT.equal : EXIT.different;
}

/** A plan differs when a clone would certainly change something; contents that nobody compared do not count. */
export function planExit(report: RunReport): number {
	if (wasRefused(report)) return EXIT.refused;
	const isOver = report.errors.length === 0 && !report.wasCanceled;
	return isOver && !hasChanges(report) ? EXIT.equal : EXIT.different;
}

/** What changes the target for certain; of contents that both have only the clone finds out whether they differ. */
const CHANGES: ReadonlySet<PlannedAction> = new Set([
	'remove',
	'replace',
	'change',
	'rename',
	'create',
	'add',
	'fill',
]);

/** Estimates say how much there is, not that it differs. */
const isCertain = ({ action, count, is_estimate: isEstimate }: Planned): boolean =>
	CHANGES.has(action) && (count ?? 0) > 0 && isEstimate !== true;

const hasChanges = ({ previews }: RunReport): boolean =>
	Object.values(previews).some(({ plan }) => plan.some(isCertain));

/** The parts of a preview in the order of lists. */
const partsOf = ({ previews }: RunReport): [PreviewPart, Preview][] =>
	PREVIEW_PARTS.flatMap((part) => {
		const preview = previews[part];
		return preview ? [[part, preview]] : [];
	});

/** Warnings of all components, the worst first. */
const warningLines = (report: RunReport): string[] =>
	WARNING_LEVELS.flatMap((level) =>
		partsOf(report).flatMap(([part, { warnings }]) =>
			warnings
				.filter((warning) => warning.level === level)
				.map(
					({ object, message, fix }) =>
						`${LEVEL_LABELS[level]}: ${partLabel(part)} ${object}: ${message}\n    ${fix}`,
				),
		),
	);

/** Per component: what both endpoints have, and what would be done. */
const planLines = (report: RunReport): string[] =>
	partsOf(report).flatMap(([part, { counts, plan }]) => {
		const columns = [
			['source', countsText(counts, 'source')],
			['target', countsText(counts, 'target')],
			['plan', planText(plan)],
		] as const;
		const shown = columns.filter(([, text]) => text !== '');
		return [`${partLabel(part)}${shown.map(([word, text]) => `\n    ${word}: ${text}`).join('')}`];
	});

/** Objects that something is done to, with the statements. */
const objectLines = (report: RunReport): string[] =>
	partsOf(report).flatMap(([part, { objects, objects_total: total }]) => [
		...objects.flatMap(({ object, kind, action, plan = [], sql = [], detail }) => {
			if (action === undefined || action === 'keep' || action === 'leave') return [];
			const remarks = [planText(plan), detail].filter(Boolean).join(', ');
			return [
				`${ACTION_LABELS[action]}: ${nameWith(kind, object)}${remarks && ` (${remarks})`}${sql
					.map((text) => `\n    ${text};`)
					.join('')}`,
			];
		}),
		...(total > objects.length
			? [`${partLabel(part)}: ${formatQuantity(total - objects.length, 'object')} not listed`]
			: []),
	]);

/** The whole report for machines. */
export function asJson(report: RunReport, exitCode: number): string {
	const { items, steps, previews, findings, mode, leftOut, errors, wasCanceled } = report;
	return JSON.stringify(
		{
			exit_code: exitCode,
			canceled: wasCanceled,
			steps: steps.map(({ name, status }) => ({ name, status })),
			errors,
			items: [...items.values()],
			compared: mode,
			findings,
			previews,
			skipped_components: leftOut,
		},
		null,
		2,
	);
}

const SIGNS = { failed: '✘', warning: '!', note: '–' } as const;

export function asText(report: RunReport): string {
	const items = [...report.items.values()];
	const counts = ITEM_OUTCOMES.map(
		(outcome) => `${items.filter((item) => item.outcome === outcome).length} ${outcome}`,
	);
	return [
		...report.errors.map(({ step, message, fix }) => `✘ ${step}: ${message}\n    ${fix}`),
		...report.leftOut.map(({ component, reason }) => `– ${component} skipped: ${reason}`),
		...(items.length === 0 ? [] : [counts.join(', ')]),
		...list('Failed', items, 'failed'),
		...list('Left to do by hand', items, 'adapted'),
		...list('Skipped', items, 'skipped'),
		...warningLines(report),
		...planLines(report),
		...objectLines(report),
		...report.findings.map(
			({ severity, component, object, expected, found, fix, examples = [] }) =>
				`${SIGNS[severity]} ${component} ${object}\n    expected ${expected}\n    found ${found}${examples.map((row) => `\n      ${row}`).join('')}\n    ${fix}`,
		),
		...comparisonLines(report),
		...canceledLines(report),
	].join('\n');
}

/** What the findings are of, where a plan or a clone was asked to look, or what a plan cannot know. */
const comparisonLines = (report: RunReport): string[] => {
	const { mode, previews } = report;
	if (mode !== null) {
		return verifyExit(report) === EXIT.equal ? [`Compared (${mode}): no differences`] : [];
	}
	if (Object.keys(previews).length === 0) return [];
	return [
		'Not compared: rows, files, users and the code of edge functions that both have; only their numbers are known here.',
		'    Compare them too with --compare checksums, or with verify.',
	];
};

/** Where Ctrl-C found a run. */
const canceledLines = ({ wasCanceled, steps }: RunReport): string[] => {
	if (!wasCanceled) return [];
	const names = (wanted: 'done' | 'canceled'): string =>
		steps
			.filter(({ status }) => status === wanted)
			.map(({ name }) => name)
			.join(', ') || 'nothing';
	return [
		'Canceled: what is done stays.',
		`    Done: ${names('done')}`,
		`    Left: ${names('canceled')}`,
		'    Run the same command again: it goes on with what is left.',
	];
};

function list(
	title: string,
	items: readonly ReportedItem[],
	outcome: ReportedItem['outcome'],
): string[] {
	const some = items.filter((item) => item.outcome === outcome);
	if (some.length === 0) return [];
	return [
		`${title}:`,
		...some.map(
			({ component, object, detail, fix }) =>
				`  ${component} ${object}${detail ? `: ${detail}` : ''}${fix ? `\n    ${fix}` : ''}`,
		),
	];
}
