// What a preview read, as the review shows it: one line per component, and all warnings, the worst first.
import * as z from 'zod/mini';
import { COMPONENTS, type ComponentLabel } from '#shared/domain/component.ts';
import {
	PREVIEW_PARTS,
	previewSchema,
	WARNING_LEVELS,
	type Preview,
	type PreviewPart,
	type WarningLevel,
} from '#shared/domain/preview.ts';
import type { NamedRisk } from '../plan/risks.ts';
import { problemFromStored, type Problem } from '../data/problem.ts';

const stepErrors = z.array(z.object({ component: z.nullable(z.string()), error: z.unknown() }));

export interface PreviewLine {
	readonly component: ComponentLabel;
	/** Null where the component could not be read. */
	readonly preview: Preview | null;
	readonly problem: Problem | null;
}

/** Warnings that say the same of several objects, listed once. */
export interface WarningGroup {
	readonly part: PreviewPart;
	readonly level: WarningLevel;
	readonly message: string;
	readonly fix: string;
	readonly objects: readonly string[];
}

/** A preview that is over: which it is, and what of the clone must be agreed to. */
export interface KnownPreview {
	readonly id: string;
	readonly risks: readonly NamedRisk[];
}

export interface PreviewSummary {
	readonly lines: readonly PreviewLine[];
	/** The worst first, then in the order of components. */
	readonly warnings: readonly WarningGroup[];
	/** Trouble that kept the whole preview from being made. */
	readonly problem: Problem | null;
	/** True when the target holds tables that no clone of this pair made: its ref must be typed. */
	readonly targetIsTaken: boolean;
}

const OUTDATED: Problem = {
	message: 'Another version of Twins made this part of the preview.',
	fix: 'Read again.',
};

/** Makes the stored result of a preview presentable. */
export function summarizePreview(result: unknown): PreviewSummary {
	const record = z.record(z.string(), z.unknown()).safeParse(result);
	const data = record.success ? record.data : {};
	const parsedErrors = stepErrors.safeParse(data.errors);
	const errors = parsedErrors.success ? parsedErrors.data : [];
	/** Null for what cannot be read. */
	const parts = new Map<PreviewPart, Preview | null>(
		PREVIEW_PARTS.filter((part) => part in data).map((part) => [
			part,
			previewSchema.safeParse(data[part]).data ?? null,
		]),
	);
	const lines = COMPONENTS.flatMap((component): PreviewLine[] => {
		const failure = errors.find((entry) => entry.component === component.key);
		if (failure !== undefined)
			return [{ component, preview: null, problem: problemFromStored(failure.error) }];
		const preview = parts.get(component.key);
		if (preview === undefined) return [];
		return [{ component, preview, problem: preview === null ? OUTDATED : null }];
	});
	const whole = errors.find((entry) => entry.component === null);
	return {
		lines,
		warnings: groupWarnings(parts),
		targetIsTaken: parts.has('target'),
		problem: whole === undefined ? null : problemFromStored(whole.error),
	};
}

function groupWarnings(parts: ReadonlyMap<PreviewPart, Preview | null>): WarningGroup[] {
	const all = [...parts].flatMap(([part, preview]) =>
		(preview?.warnings ?? []).map((warning) => ({ part, ...warning })),
	);
	const groups = Map.groupBy(all, ({ part, level, message, fix }) =>
		[part, level, message, fix].join('\n'),
	);
	return [...groups.values()]
		.flatMap(([first, ...rest]) =>
			first === undefined
				? []
				: [{ ...first, objects: [first, ...rest].map(({ object }) => object) }],
		)
		.toSorted(
			(one, other) => WARNING_LEVELS.indexOf(one.level) - WARNING_LEVELS.indexOf(other.level),
		);
}
