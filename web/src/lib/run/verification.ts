// What a finished verification found, as the database counted it: in all, and per component.
import * as z from 'zod/mini';
import { COMPONENTS, COMPONENT_KEYS, componentLabel } from '#shared/domain/component.ts';
import { formatCount, formatQuantity } from '#shared/domain/amount.ts';
import type { VerificationMode, VerificationStatus } from '#shared/domain/status.ts';

const counts = z.object({
	failed: z.number(),
	warnings: z.number(),
	/** Left to do by hand. */
	notes: z._default(z.number(), 0),
	/** Told with the missing objects that they belong to. */
	reported_with: z.number(),
});
const notCompared = z.object({
	components: z.array(z.string()),
	skipped_tables: z.number(),
	ignore_rules: z.number(),
	row_limit: z.number(),
});
const summarySchema = z.object({
	...counts.shape,
	not_compared: notCompared,
	groups: z.record(z.string(), z.object({ ...counts.shape, entries: z.number() })),
	components: z._default(
		z.record(z.string(), z.enum(['not_run', 'passed', 'warning', 'failed'])),
		{},
	),
	/** Tables whose rows were counted, and those of them where source and target have other numbers. */
	rows: z._default(z.object({ tables: z.number(), differing: z.number() }), {
		tables: 0,
		differing: 0,
	}),
	errors: z.array(z.object({ component: z.nullable(z.string()), error: z.unknown() })),
});

type Counts = z.infer<typeof counts>;

/** The findings of one component. */
export interface FindingGroup extends Counts {
	readonly component: string;
	/** Findings that are listed; each may stand for several objects. */
	readonly entries: number;
}

/** A cell of the matrix: how one component compares. */
export interface ComponentResult {
	readonly component: string;
	readonly label: string;
	readonly status: Exclude<VerificationStatus, 'running'>;
	/** "3 failed · 1 note", or why nothing was compared. */
	readonly words: string;
}

export interface Summary extends Counts {
	/** Null where the verification is not over. */
	readonly not_compared: z.infer<typeof notCompared> | null;
	/** Those with failures first, then those with warnings, then in the order of components. */
	readonly groups: readonly FindingGroup[];
	/** All 13 components with their result, in the order of lists. */
	readonly matrix: readonly ComponentResult[];
	readonly rows: { readonly tables: number; readonly differing: number };
	readonly errors: readonly { readonly component: string | null; readonly error?: unknown }[];
}

const rank = (component: string) => COMPONENT_KEYS.findIndex((key) => key === component);

/** The stored summary; an empty one where the verification is not over. */
export function parseSummary(stored: unknown): Summary {
	const parsed = summarySchema.safeParse(stored);
	if (!parsed.success) {
		return {
			failed: 0,
			warnings: 0,
			notes: 0,
			reported_with: 0,
			not_compared: null,
			groups: [],
			matrix: [],
			rows: { tables: 0, differing: 0 },
			errors: [],
		};
	}
	const { groups, components, ...rest } = parsed.data;
	return {
		...rest,
		matrix: COMPONENTS.map(({ key, label }) => {
			const status = components[key] ?? 'not_run';
			const group = groups[key];
			const nothing = key in components ? 'Could not be compared' : 'Not part of this clone';
			const words = group === undefined ? '' : describeFindings(group);
			return {
				component: key,
				label,
				status,
				words: status === 'not_run' ? nothing : words || 'No differences',
			};
		}),
		groups: Object.entries(groups)
			.map(([component, group]) => ({ component, ...group }))
			.toSorted(
				(one, other) =>
					Number(other.failed > 0) - Number(one.failed > 0) ||
					Number(other.warnings > 0) - Number(one.warnings > 0) ||
					rank(one.component) - rank(other.component),
			),
	};
}

/** "1,054 failed · 3 warnings · 1,706 with what is missing": only what is there. */
export function describeFindings({ failed, warnings, notes, reported_with }: Counts): string {
	return [
		...(failed > 0 ? [`${formatCount(failed)} failed`] : []),
		...(warnings > 0 ? [formatQuantity(warnings, 'warning')] : []),
		...(notes > 0 ? [formatQuantity(notes, 'note')] : []),
		...(reported_with > 0 ? [`${formatCount(reported_with)} reported with what is missing`] : []),
	].join(' · ');
}

/** What the result says nothing about, each in words: "policies", "rows beyond the first 100 of each table". */
export function describeNotCompared(
	{ not_compared: left }: Pick<Summary, 'not_compared'>,
	mode: VerificationMode,
): string[] {
	if (left === null) return [];
	const rows = {
		structure: ['the number and content of rows'],
		counts: ['the content of rows'],
		checksums: [],
	}[mode];
	const { components, skipped_tables: skipped, ignore_rules: rules, row_limit: limit } = left;
	return [
		...rows,
		...components.map(componentLabel),
		...(skipped > 0 ? [`rows of ${formatQuantity(skipped, 'table')} with the strategy skip`] : []),
		...(rules > 0 ? [`rows of tables that ${formatQuantity(rules, 'ignore_rule')} name`] : []),
		...(limit > 0 ? [`rows beyond the first ${formatCount(limit)} of each table`] : []),
	];
}
