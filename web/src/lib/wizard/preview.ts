// What a preview read, as the review shows it. A component that could not be read says so.
import * as z from 'zod/mini';
import { COMPONENTS, type ComponentLabel } from '#shared/domain/component.ts';
import { problemFromStored, type Problem } from '../data/problem.ts';
import { formatBytes, formatCount, formatQuantity } from '../format.ts';

const componentPreview = z.object({
	counts: z._default(z.record(z.string(), z.number()), {}),
	objects: z._default(z.array(z.record(z.string(), z.unknown())), []),
	warnings: z._default(
		z.array(z.object({ object: z.string(), message: z.string(), fix: z.string() })),
		[],
	),
});
const stepErrors = z.array(z.object({ component: z.nullable(z.string()), error: z.unknown() }));

/** One object of the plan: what happens to it on the target, and by which SQL. */
export interface PlannedObject {
	readonly name: string;
	readonly kind: string;
	readonly action: PlanAction;
	readonly sql: string;
}

export const PLAN_ACTIONS = ['remove', 'change', 'create'] as const;
export type PlanAction = (typeof PLAN_ACTIONS)[number];

export interface PreviewLine {
	readonly component: ComponentLabel;
	/** "12 tables · 340 indexes"; empty when nothing was counted. */
	readonly found: string;
	/** "24 created · 4 changed"; empty when the component plans nothing beforehand. */
	readonly planned: string;
	/** Objects that are not left as they are, the dangerous first; at most 500 are known. */
	readonly objects: readonly PlannedObject[];
	readonly warnings: readonly { object: string; message: string; fix: string }[];
	readonly problem: Problem | null;
}

export interface PreviewSummary {
	readonly lines: readonly PreviewLine[];
	/** Trouble that kept the whole preview from being made. */
	readonly problem: Problem | null;
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
			objects: parsed.success ? plannedObjects(parsed.data.objects) : [],
			warnings: parsed.success ? parsed.data.warnings : [],
			problem: failure === undefined ? null : problemFromStored(failure.error),
		});
	}
	const whole = errors.find((entry) => entry.component === null);
	return {
		lines,
		problem: whole === undefined ? null : problemFromStored(whole.error),
	};
}

/** What of these is planned, in the order that matters to the owner of the target. */
const PLANS: readonly (readonly [string, string])[] = [
	['plan_remove', 'removed'],
	['plan_change', 'changed'],
	['settings_to_change', 'changed'],
	['plan_create', 'created'],
	['plan_keep', 'equal already'],
	['plan_leave', 'left alone'],
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

/** What will happen to the target: "1 changed · 205 created · 4 equal already". */
export function describePlan(counts: Readonly<Record<string, number>>): string {
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

function plannedObjects(objects: readonly Record<string, unknown>[]): PlannedObject[] {
	const planned = objects.flatMap((object): PlannedObject[] => {
		const action = PLAN_ACTIONS.find((candidate) => candidate === object['action']);
		const name = object['object'] ?? object['name'];
		if (action === undefined || typeof name !== 'string') return [];
		const kind = typeof object['kind'] === 'string' ? object['kind'].replaceAll('_', ' ') : '';
		const statements = z.array(z.string()).safeParse(object['sql']);
		return [{ name, kind, action, sql: statements.success ? statements.data.join('\n') : '' }];
	});
	return planned.sort((one, other) => rank(one) - rank(other));
}

const rank = ({ action }: PlannedObject): number => PLAN_ACTIONS.indexOf(action);

// Some components count in the singular ("index"), some in the plural ("files").
function plural(name: string): string {
	if (name.endsWith('index')) return `${name}es`;
	if (name.endsWith('policy')) return `${name.slice(0, -1)}ies`;
	return name.endsWith('s') || name.endsWith('missing') ? name : `${name}s`;
}
