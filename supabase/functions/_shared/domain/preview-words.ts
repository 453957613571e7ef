// A preview in words: the labels of its actions and levels, and its counts and plans as short texts. For the web app
// and the command line alike.
import type { EndpointRole } from './endpoint-role.ts';
import { formatAmount, formatCount } from './amount.ts';
import type { Counted, Planned, PlannedAction, PreviewPart, WarningLevel } from './preview.ts';
import { componentLabel } from './component.ts';
import { nameOfMany } from './thing.ts';

export const ACTION_LABELS: Readonly<Record<PlannedAction, string>> = {
	remove: 'Removed',
	replace: 'Replaced',
	overwrite: 'Overwritten',
	change: 'Changed',
	rename: 'Renamed',
	merge: 'Merged',
	compare: 'Compared',
	create: 'Created',
	add: 'Added',
	fill: 'Filled',
	leave: 'Left alone',
	keep: 'Equal',
};

/** After a number of things: `12 tables left alone`. */
const done = (action: PlannedAction): string => ACTION_LABELS[action].toLowerCase();

/** Which of them, where their number is not known. */
const WHICH: Readonly<Partial<Record<PlannedAction, string>>> = {
	remove: 'other',
	overwrite: 'different',
	add: 'missing',
};

export const LEVEL_LABELS: Readonly<Record<WarningLevel, string>> = {
	blocker: 'Blocker',
	warning: 'Warning',
	note: 'Note',
};

/** What a part of a preview is called. */
export const partLabel = (part: PreviewPart): string =>
	part === 'target' ? 'Target' : componentLabel(part);

/**
 * What one endpoint has: `12 tables · 340 indexes · 5.2 MB`. Empty where there is nothing or nobody looked. Of more
 * than `most` things the first are named, and how many more there are.
 */
export function countsText(
	counts: readonly Counted[],
	role: EndpointRole,
	most = Infinity,
): string {
	const texts = counts.flatMap(({ unit, is_estimate, [role]: count }) =>
		count === undefined || count === 0 ? [] : [formatAmount({ count, is_estimate }, unit)],
	);
	// One more kind is named in the place of "1 other kind".
	if (texts.length <= most + 1) return texts.join(' · ');
	return [...texts.slice(0, most), `${formatCount(texts.length - most)} other kinds`].join(' · ');
}

/** What is done: `2 policies removed · 24 created · different rows overwritten`. Empty where nothing is planned. */
export function planText(plan: readonly Planned[]): string {
	const byAction = Map.groupBy(
		plan.filter(({ count }) => count !== 0),
		({ action }) => action,
	);
	return [...byAction].flatMap(([action, entries]) => actionTexts(action, entries)).join(' · ');
}

/** Exact numbers of several kinds are added up; the others are named one by one. */
function actionTexts(action: PlannedAction, entries: readonly Planned[]): string[] {
	const exact = entries.filter(
		({ count, is_estimate, is_minimum }) =>
			count !== null && is_estimate !== true && is_minimum !== true,
	);
	const named = exact.length > 1 ? entries.filter((entry) => !exact.includes(entry)) : entries;
	const sum = exact.reduce((total, { count }) => total + (count ?? 0), 0);
	return [
		...(exact.length > 1 ? [`${formatCount(sum)} ${done(action)}`] : []),
		...named.map((entry) =>
			entry.count === null
				? `${WHICH[action] ?? 'some'} ${nameOfMany(entry.kind)} ${done(action)}`
				: `${formatAmount(entry, entry.kind)} ${done(action)}`,
		),
	];
}
