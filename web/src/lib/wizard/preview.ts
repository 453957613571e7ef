// What a preview read, as the review shows it. A component that could not be read says so.
import * as z from 'zod/mini';
import { COMPONENTS, type ComponentLabel } from '#shared/domain/component.ts';
import { problemFromStored, type Problem } from '../data/problem.ts';
import { formatBytes, formatQuantity } from '../format.ts';

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

/** Counts in words: `bytes` as a size, the rest with their names. */
export function describeCounts(counts: Readonly<Record<string, number>>): string {
	return Object.entries(counts)
		.filter(([, count]) => count > 0)
		.map(([name, count]) =>
			name === 'bytes' ? formatBytes(count) : formatQuantity(count, name.replaceAll('_', ' ')),
		)
		.join(' · ');
}
