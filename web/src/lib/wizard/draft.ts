// The draft of a clone: what the wizard has been told so far, and what is still wrong with it. Pure,
// so that every page is valid by itself and a draft survives a reload.
import * as z from 'zod/mini';
import {
	DATA_STRATEGIES,
	presetComponents,
	type CloneOptions,
	type Preset,
} from '#shared/domain/clone.ts';
import {
	COMPONENTS,
	COMPONENT_KEYS,
	type ComponentKey,
	type ComponentLabel,
} from '#shared/domain/component.ts';
import { VERIFICATION_MODES } from '#shared/domain/status.ts';
import type { CloneArguments, ProjectRow } from '../data/rows.ts';

export const WIZARD_PAGES = ['projects', 'components', 'options', 'review'] as const;
export type WizardPage = (typeof WIZARD_PAGES)[number];

export const PAGE_LABELS: Readonly<Record<WizardPage, string>> = {
	projects: 'Projects',
	components: 'Components',
	options: 'Options',
	review: 'Review',
};

export const PRESETS: readonly { readonly key: Preset; readonly label: string }[] = [
	{ key: 'everything', label: 'Everything' },
	{ key: 'schema_only', label: 'Schema only' },
	{ key: 'schema_and_data', label: 'Schema + data' },
	{ key: 'staging', label: 'Staging' },
];

export const projectChoice = z.object({ account_id: z.string(), ref: z.string() });
/** One endpoint of a clone: a project seen through an account. */
export type ProjectChoice = z.infer<typeof projectChoice>;

const draftSchema = z.object({
	source: z._default(z.nullable(projectChoice), null),
	target: z._default(z.nullable(projectChoice), null),
	components: z._default(z.array(z.enum(COMPONENT_KEYS)), [...COMPONENT_KEYS]),
	/** As typed; empty means all rows. */
	row_limit: z._default(z.string(), ''),
	remove_extra: z._default(z.boolean(), false),
	activate: z._default(z.boolean(), false),
	copy_mfa: z._default(z.boolean(), false),
	hold_snapshot: z._default(z.boolean(), true),
	backup: z._default(z.boolean(), false),
	verify: z._default(z.enum([...VERIFICATION_MODES, 'none']), 'counts'),
	/** Per table; those that are not named are mirrored. */
	strategies: z._default(z.record(z.string(), z.enum(DATA_STRATEGIES)), {}),
	/** What was typed to confirm the target. */
	confirmation: z._default(z.string(), ''),
});
export type Draft = z.infer<typeof draftSchema>;

/** A new draft: everything on, nothing chosen. */
export function emptyDraft(): Draft {
	return draftSchema.parse({});
}

/** A draft from storage or a form; a damaged one starts anew. */
export function parseDraft(text: string | null): Draft {
	if (text === null) return emptyDraft();
	try {
		const parsed = draftSchema.safeParse(JSON.parse(text));
		return parsed.success ? parsed.data : emptyDraft();
	} catch {
		return emptyDraft();
	}
}

/** The draft that repeats a twin's last options. A confirmation is never repeated. */
export function draftFromOptions(
	source: ProjectChoice,
	target: ProjectChoice,
	options: CloneOptions,
): Draft {
	return {
		source,
		target,
		components: COMPONENT_KEYS.filter((key) => options.components[key]),
		row_limit: options.row_limit === 0 ? '' : String(options.row_limit),
		remove_extra: options.remove_extra,
		activate: options.activate,
		copy_mfa: options.copy_mfa,
		hold_snapshot: options.hold_snapshot,
		backup: options.backup,
		verify: options.verify,
		strategies: { ...options.strategies },
		confirmation: '',
	};
}

export function parsePage(value: string | null): WizardPage {
	return WIZARD_PAGES.find((wizardPage) => wizardPage === value) ?? 'projects';
}

/** The row limit as typed: a number of rows (0 = all), or null when it is not a whole number. */
export function parseRowLimit(text: string): number | null {
	const plain = text.trim().replaceAll(/[\s,_]/g, '');
	if (plain === '') return 0;
	return /^\d{1,12}$/.test(plain) ? Number(plain) : null;
}

/** Whether two endpoints are the same project, through whichever accounts. */
export function isSameProject(one: ProjectChoice | null, other: ProjectChoice | null): boolean {
	return one !== null && other !== null && one.ref === other.ref;
}

/** What one page still lacks, in words; null when it is complete. */
export function pageProblem(
	wizardPage: WizardPage,
	draft: Draft,
	mustConfirm: boolean,
): string | null {
	switch (wizardPage) {
		case 'projects':
			if (draft.source === null) return 'Choose the source project.';
			if (draft.target === null) return 'Choose the target project.';
			if (isSameProject(draft.source, draft.target)) {
				return 'Source and target are the same project. Choose another target.';
			}
			return null;
		case 'components':
			return draft.components.length === 0 ? 'Switch on at least one component.' : null;
		case 'options':
			return parseRowLimit(draft.row_limit) === null
				? 'The row limit is a whole number of rows, or empty for all rows.'
				: null;
		case 'review':
			return mustConfirm && draft.confirmation.trim() !== draft.target?.ref
				? 'Type the ref of the target to confirm.'
				: null;
	}
}

/** The first page that is not complete, up to and including `wanted`: no page can be jumped over. */
export function reachablePage(wanted: WizardPage, draft: Draft): WizardPage {
	for (const wizardPage of WIZARD_PAGES) {
		if (wizardPage === wanted) return wizardPage;
		if (pageProblem(wizardPage, draft, false) !== null) return wizardPage;
	}
	return wanted;
}

/** The preset that switches exactly these components on; null = custom. */
export function matchingPreset(components: readonly ComponentKey[]): Preset | null {
	const match = PRESETS.find(({ key }) => {
		const wanted = presetComponents(key);
		return COMPONENT_KEYS.every(
			(component) => wanted[component] === components.includes(component),
		);
	});
	return match?.key ?? null;
}

/** Components a chosen one is of little use without, while they are off. */
export function missingBases(
	component: ComponentLabel,
	chosen: readonly ComponentKey[],
): ComponentLabel[] {
	if (!chosen.includes(component.key)) return [];
	return COMPONENTS.filter(
		(base) => component.restsOn.includes(base.key) && !chosen.includes(base.key),
	);
}

/** Whether the target's ref must be typed whatever a preview finds; each clone of the same pair does not ask again. */
export const mustConfirmTarget = (target: ProjectRow | null): boolean =>
	target?.is_protected === true;

/** What `start_clone` is told of the preview that was read: which one, and what of it was agreed to. */
export function agreement(
	preview: string | null,
	agreed: string | null,
): { preview_id: string; agreed: string[] } | { without_preview: true } {
	if (preview === null || preview === '') return { without_preview: true };
	const names = z.array(z.string()).safeParse(safeJson(agreed ?? '[]'));
	return { preview_id: preview, agreed: names.success ? names.data : [] };
}

function safeJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return null;
	}
}

/** What `start_clone` takes; null while the draft is not complete. */
export function cloneArguments(draft: Draft): CloneArguments | null {
	const { source, target } = draft;
	const rowLimit = parseRowLimit(draft.row_limit);
	if (source === null || target === null || rowLimit === null) return null;
	const confirmation = draft.confirmation.trim();
	return {
		source_account_id: source.account_id,
		source_ref: source.ref,
		target_account_id: target.account_id,
		target_ref: target.ref,
		options: {
			components: Object.fromEntries(
				COMPONENT_KEYS.map((key) => [key, draft.components.includes(key)]),
			),
			row_limit: rowLimit,
			remove_extra: draft.remove_extra,
			activate: draft.activate,
			copy_mfa: draft.copy_mfa && draft.components.includes('auth_users'),
			hold_snapshot: draft.hold_snapshot,
			backup: draft.backup,
			verify: draft.verify,
			strategies: draft.strategies,
			...(confirmation === '' ? {} : { confirm_target: confirmation }),
		},
	};
}
