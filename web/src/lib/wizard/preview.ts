// What a preview read, as the review shows it. A component that could not be read says so.
import * as z from 'zod/mini';
import { COMPONENTS, type ComponentLabel } from '#shared/domain/component.ts';
import { problemFromStored, type Problem } from '../data/problem.ts';
import { formatBytes, formatCount, formatEstimate, formatQuantity } from '../format.ts';
import { listedObjects, type ListedObject } from './listed-objects.ts';

const componentPreview = z.object({
	counts: z._default(z.record(z.string(), z.number()), {}),
	objects: z._default(z.array(z.record(z.string(), z.unknown())), []),
	warnings: z._default(
		z.array(z.object({ object: z.string(), message: z.string(), fix: z.string() })),
		[],
	),
});
const stepErrors = z.array(z.object({ component: z.nullable(z.string()), error: z.unknown() }));

export interface PreviewLine {
	readonly component: ComponentLabel;
	/** "12 tables · 340 indexes"; empty when nothing was counted. */
	readonly found: string;
	/** "24 created · 4 changed"; empty when the component plans nothing beforehand. */
	readonly planned: string;
	/** The dangerous first; at most 500 are known. */
	readonly objects: readonly ListedObject[];
	readonly warnings: readonly { object: string; message: string; fix: string }[];
	readonly problem: Problem | null;
}

export interface PreviewSummary {
	readonly lines: readonly PreviewLine[];
	/** Trouble that kept the whole preview from being made. */
	readonly problem: Problem | null;
	/** True when the target holds tables that no clone of this pair made: its ref must be typed. */
	readonly targetIsTaken: boolean;
}

/** Makes the stored result of a preview presentable. */
export function summarizePreview(result: unknown): PreviewSummary {
	const record = z.record(z.string(), z.unknown()).safeParse(result);
	const data = record.success ? record.data : {};
	const parsedErrors = stepErrors.safeParse(data.errors);
	const errors = parsedErrors.success ? parsedErrors.data : [];
	const lines: PreviewLine[] = [];
	for (const component of COMPONENTS) {
		const parsed = componentPreview.safeParse(data[component.key]);
		const failure = errors.find((entry) => entry.component === component.key);
		if (!parsed.success && failure === undefined) continue;
		lines.push({
			component,
			found: parsed.success ? describeCounts(parsed.data.counts, component.unit) : '',
			planned: parsed.success ? describePlan(parsed.data.counts) : '',
			objects: parsed.success ? listedObjects(parsed.data.objects) : [],
			warnings: parsed.success ? parsed.data.warnings : [],
			problem: failure === undefined ? null : problemFromStored(failure.error),
		});
	}
	const whole = errors.find((entry) => entry.component === null);
	return {
		lines,
		targetIsTaken: 'target' in data,
		problem: whole === undefined ? null : problemFromStored(whole.error),
	};
}

/** What of these is planned, in the order that matters to the owner of the target. */
const PLANS: readonly (readonly [string, string])[] = [
	['plan_remove', 'removed'],
	['plan_change', 'changed'],
	['settings_to_change', 'changed'],
	['plan_create', 'created'],
	['plan_leave', 'left alone'],
	['plan_keep', 'equal already'],
];

/**
 * Counts in words, plans left out: first what the component counts in (`unit`, a plural), then the larger
 * numbers, the size last. The order they come in means nothing.
 */
function describeCounts(counts: Readonly<Record<string, number>>, unit: string): string {
	const plans = new Set(PLANS.map(([name]) => name));
	return Object.entries(counts)
		.filter(([name, count]) => count > 0 && !plans.has(name))
		.map(([name, count]) => ({ name: plural(name.replaceAll('_', ' ')), count }))
		.sort((one, other) => weight(other, unit) - weight(one, unit))
		.map(({ name, count }) => {
			if (name === 'bytes') return formatBytes(count);
			return name === 'rows' ? `${formatEstimate(count)} rows` : formatQuantity(count, name);
		})
		.join(' · ');
}

function weight({ name, count }: { name: string; count: number }, unit: string): number {
	if (name === 'bytes') return 0;
	return name === unit ? Number.MAX_SAFE_INTEGER : count;
}

/** What will happen to the target: "1 changed · 205 created · 4 equal already". */
function describePlan(counts: Readonly<Record<string, number>>): string {
	return PLANS.filter(([name]) => (counts[name] ?? 0) > 0)
		.map(([name, words]) => `${formatCount(counts[name] ?? 0)} ${words}`)
		.join(' · ');
}

/** Warnings that say the same of several objects, told once. */
export interface WarningGroup {
	readonly component: ComponentLabel;
	readonly message: string;
	readonly fix: string;
	readonly objects: readonly string[];
}

/** Groups the warnings of all lines by component and words, in the order they came. */
export function groupWarnings(lines: readonly PreviewLine[]): WarningGroup[] {
	return lines.flatMap(({ component, warnings }) =>
		[...Map.groupBy(warnings, ({ message, fix }) => `${message}\n${fix}`).values()].map(
			(alike) => ({
				component,
				message: alike[0]?.message ?? '',
				fix: alike[0]?.fix ?? '',
				objects: alike.map(({ object }) => object),
			}),
		),
	);
}

// Some components count in the singular ("index"), some in the plural ("files").
function plural(name: string): string {
	if (name.endsWith('index')) return `${name}es`;
	if (name.endsWith('policy')) return `${name.slice(0, -1)}ies`;
	if (name.startsWith('mfa ')) return name.replace('mfa', 'MFA');
	return name.endsWith('s') || name.endsWith('missing') ? name : `${name}s`;
}
