import { describe, expect, it } from 'vitest';
import { cloneOptionsSchema, presetComponents } from '#shared/domain/clone.ts';
import { COMPONENTS, COMPONENT_KEYS, type ComponentKey } from '#shared/domain/component.ts';
import {
	cloneArguments,
	draftFromOptions,
	emptyDraft,
	matchingPreset,
	missingBases,
	mustConfirmTarget,
	parseDraft,
	parseRowLimit,
	reachablePage,
	pageProblem,
	type Draft,
} from './draft.ts';

const SOURCE = { account_id: 'a', ref: 'aaaaaaaaaaaaaaaaaaaa' };
const TARGET = { account_id: 'b', ref: 'bbbbbbbbbbbbbbbbbbbb' };
const complete: Draft = { ...emptyDraft(), source: SOURCE, target: TARGET };

function component(key: ComponentKey) {
	const found = COMPONENTS.find((candidate) => candidate.key === key);
	if (found === undefined) throw new Error(key);
	return found;
}

describe('the draft of a clone', () => {
	it('starts with every component on', () => {
		expect(emptyDraft().components).toEqual([...COMPONENT_KEYS]);
	});

	it('starts anew when the stored draft is damaged', () => {
		expect(parseDraft('{')).toEqual(emptyDraft());
		expect(parseDraft('{"components":["nonsense"]}')).toEqual(emptyDraft());
		expect(parseDraft(JSON.stringify(complete))).toEqual(complete);
	});

	it('refuses the same project at source and target, also through two accounts', () => {
		const same = { ...complete, target: { ...SOURCE, account_id: 'b' } };
		expect(pageProblem('projects', same, false)).toMatch('same project');
		expect(pageProblem('projects', complete, false)).toBeNull();
	});

	it('lets no page be jumped over', () => {
		expect(reachablePage('review', emptyDraft())).toBe('projects');
		expect(reachablePage('review', { ...complete, components: [] })).toBe('components');
		expect(reachablePage('review', complete)).toBe('review');
		expect(reachablePage('components', { ...complete, row_limit: 'x' })).toBe('components');
	});

	it('reads a row limit as people type it', () => {
		expect(parseRowLimit('')).toBe(0);
		expect(parseRowLimit(' 10,000 ')).toBe(10_000);
		expect(parseRowLimit('-1')).toBeNull();
		expect(parseRowLimit('1.5')).toBeNull();
		expect(parseRowLimit('many')).toBeNull();
	});

	it('asks for the ref of a protected target and of one that was written before', () => {
		const project = {
			account_id: 'b',
			ref: TARGET.ref,
			name: 'b',
			organization_name: null,
			region: null,
			status: null,
			postgres_version: null,
			is_protected: true,
			has_own_login: false,
			gone_at: null,
		};
		expect(mustConfirmTarget(project)).toBe(true);
		expect(mustConfirmTarget({ ...project, is_protected: false })).toBe(false);
		expect(pageProblem('review', complete, true)).toMatch('Type the ref');
		expect(pageProblem('review', { ...complete, confirmation: ` ${TARGET.ref}` }, true)).toBeNull();
	});

	it('recognises presets, and custom choices as none', () => {
		expect(matchingPreset([...COMPONENT_KEYS])).toBe('everything');
		const schema = presetComponents('schema_only');
		expect(matchingPreset(COMPONENT_KEYS.filter((key) => schema[key]))).toBe('schema_only');
		expect(matchingPreset(['tables'])).toBeNull();
	});

	it('names what a chosen component rests on while that is off', () => {
		const names = (key: ComponentKey, chosen: ComponentKey[]) =>
			missingBases(component(key), chosen).map((base) => base.key);
		expect(names('data', ['data'])).toEqual(['tables']);
		expect(names('data', ['data', 'tables'])).toEqual([]);
		expect(names('data', [])).toEqual([]);
	});

	it('sends options that the domain accepts, and the confirmation only when typed', () => {
		const args = cloneArguments({ ...complete, row_limit: '500', confirmation: TARGET.ref });
		const options = cloneOptionsSchema.parse(args?.options);
		expect(options.row_limit).toBe(500);
		expect(options.confirm_target).toBe(TARGET.ref);
		expect(cloneArguments(complete)?.options).not.toHaveProperty('confirm_target');
		expect(cloneArguments(emptyDraft())).toBeNull();
	});

	it('repeats the options of a twin without its confirmation', () => {
		const options = cloneOptionsSchema.parse({
			components: { ...presetComponents('schema_only') },
			confirm_target: TARGET.ref,
			row_limit: 10,
		});
		const draft = draftFromOptions(SOURCE, TARGET, options);
		expect(draft.confirmation).toBe('');
		expect(draft.row_limit).toBe('10');
		expect(matchingPreset(draft.components)).toBe('schema_only');
	});

	it('does not ask for MFA factors when users are not copied', () => {
		const args = cloneArguments({ ...complete, copy_mfa: true, components: ['tables'] });
		expect(cloneOptionsSchema.parse(args?.options).copy_mfa).toBe(false);
	});
});
