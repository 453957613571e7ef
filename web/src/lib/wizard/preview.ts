// What a preview read, as the review shows it. A component that could not be read says so.
import * as z from 'zod/mini';
import { COMPONENTS, type ComponentLabel } from '#shared/domain/component.ts';
import { problemFromStored, type Problem } from '../data/problem.ts';
import { formatBytes, formatCount, formatQuantity } from '../format.ts';

const componentPreview = z.object({
	counts: z._default(z.record(z.string(), z.number()), {}),
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
	readonly warnings: readonly { object: string; message: string; fix: string }[];
	readonly problem: Problem | null;
}

export interface PreviewSummary {
	readonly lines: readonly PreviewLine[];
	/** Trouble that kept the whole preview from being made. */
	readonly problem: Problem | null;
	readonly warningCount: number;
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
			found: parsed.success ? describeCounts(parsed.data.counts) : '',
			planned: parsed.success ? describePlan(parsed.data.counts) : '',
			warnings: parsed.success ? parsed.data.warnings : [],
			problem: failure === undefined ? null : problemFromStored(failure.error),
		});
	}
	const whole = errors.find((entry) => entry.component === null);
	return {
		lines,
		problem: whole === undefined ? null : problemFromStored(whole.error),
		warningCount: lines.reduce((sum, line) => sum + line.warnings.length, 0),
	};
}

/** What of these is planned, in the order that matters to the owner of the target. */
const PLANS: readonly (readonly [string, string])[] = [
	['plan_remove', 'removed'],
	['plan_change', 'changed'],
	['settings_to_change', 'changed'],
	['plan_create', 'created'],
	['plan_keep', 'kept as they are'],
	['plan_leave', 'only there, left alone'],
];

/** Counts in words: `bytes` as a size, the rest with their names in the plural; plans left out. */
export function describeCounts(counts: Readonly<Record<string, number>>): string {
	const plans = new Set(PLANS.map(([name]) => name));
	return Object.entries(counts)
		.filter(([name, count]) => count > 0 && !plans.has(name))
		.sort(([one], [other]) => Number(one === 'bytes') - Number(other === 'bytes'))
		.map(([name, count]) =>
			name === 'bytes'
				? formatBytes(count)
				: formatQuantity(count, plural(name.replaceAll('_', ' '))),
		)
		.join(' · ');
}

/** What will happen to the target: "1 changed · 205 created · 4 kept as they are". */
export function describePlan(counts: Readonly<Record<string, number>>): string {
	return PLANS.filter(([name]) => (counts[name] ?? 0) > 0)
		.map(([name, words]) => `${formatCount(counts[name] ?? 0)} ${words}`)
		.join(' · ');
}

// Some components count in the singular ("index"), some in the plural ("files").
function plural(name: string): string {
	if (name.endsWith('index')) return `${name}es`;
	if (name.endsWith('policy')) return `${name.slice(0, -1)}ies`;
	return name.endsWith('s') || name.endsWith('missing') ? name : `${name}s`;
}
