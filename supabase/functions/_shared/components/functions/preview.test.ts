import { describe, expect, it } from 'vitest';
import type { Fact } from '../../schema/fact.ts';
import { warningsOf } from './preview.ts';

const source = {
	ref: 'abcdefghijklmnopqrst',
	url: 'https://abcdefghijklmnopqrst.supabase.co',
	keys: [],
};

const functionWith = (definition: Fact['definition']): Fact => ({
	id: 'function:public.f()',
	kind: 'function',
	component: 'functions',
	stage: 'functions',
	identity: 'public.f()',
	object: 'public.f()',
	parent: 'schema:public',
	definition: { language: 'plpgsql', ...definition },
	create: [],
	drop: null,
	needs: [],
	folded: false,
});

describe('warnings about functions', () => {
	it('names what a body mentions of the source, and the host it calls', () => {
		const body = `perform net.http_post('${source.url}/functions/v1/notify?key=hidden')`;
		const warnings = warningsOf(functionWith({ body }), source);
		expect(warnings.map(({ message }) => message)).toEqual([
			'The body mentions the source project (project URL) and is copied unchanged.',
			'It calls out over HTTP (abcdefghijklmnopqrst.supabase.co), on the target as well.',
		]);
		expect(JSON.stringify(warnings)).not.toContain('hidden');
	});

	it('warns of languages that only a superuser may use', () => {
		expect(warningsOf(functionWith({ language: 'c', body: 'sym' }), source)).toHaveLength(1);
	});

	it('has nothing to say about an ordinary function', () => {
		expect(warningsOf(functionWith({ body: 'begin return 1; end' }), source)).toEqual([]);
	});
});
