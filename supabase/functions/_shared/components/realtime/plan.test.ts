import { describe, expect, it } from 'vitest';
import type { Member, Publication } from './inspect.ts';
import { planPublications, type WantedPublication } from './plan.ts';

const member = (name: string, given: Partial<Member> = {}): Member => ({
	name,
	columns: null,
	filter: null,
	...given,
});
const publication = (
	tables: readonly Member[],
	given: Partial<WantedPublication> = {},
): WantedPublication => ({
	name: 'supabase_realtime',
	quoted: 'supabase_realtime',
	all_tables: false,
	operations: 'insert, update, delete, truncate',
	via_root: false,
	comment: null,
	schemas: [],
	tables: [...tables],
	standIn: false,
	...given,
});
const plan = (
	source: readonly WantedPublication[],
	target: readonly Publication[],
	removeExtra = false,
) => planPublications(source, target, { removeExtra });
const done = (actions: ReturnType<typeof plan>) =>
	actions.filter(({ how }) => how !== 'keep').map(({ object, how }) => `${how} ${object}`);

describe('planning publications', () => {
	it('adds what is missing and leaves what only the target publishes', () => {
		const source = [publication([member('public.a'), member('public.b')])];
		const target = [publication([member('public.a'), member('public.mine')])];
		expect(done(plan(source, target))).toEqual(['create public.b']);
		expect(done(plan(source, target, true))).toEqual(['create public.b', 'remove public.mine']);
	});

	it('makes a member anew when its columns or its filter differ', () => {
		const filtered = member('public.a', {
			columns: ['id', '"select"'],
			filter: '(id > 1)',
		});
		const [, action] = plan([publication([filtered])], [publication([member('public.a')])]);
		expect(action?.statements).toEqual([
			'alter publication supabase_realtime drop table only public.a',
			'alter publication supabase_realtime add table only public.a (id, "select") where ((id > 1))',
		]);
		expect(done(plan([publication([filtered])], [publication([filtered])]))).toEqual([]);
	});

	it('makes a missing publication with the options of the source', () => {
		const source = [publication([], { operations: 'insert', via_root: true })];
		expect(plan(source, [])[0]?.statements).toEqual([
			"create publication supabase_realtime with (publish = 'insert', publish_via_partition_root = true)",
		]);
	});

	it('does not try to narrow a publication of all tables, and says so', () => {
		const target = [publication([], { all_tables: true })];
		expect(done(plan([publication([member('public.a')])], target))).toEqual([
			'leave supabase_realtime',
		]);
	});

	it('is content with a publication of all tables where the source has one too', () => {
		const source = [publication([member('public.a')], { all_tables: true, standIn: true })];
		expect(done(plan(source, [publication([], { all_tables: true })]))).toEqual([]);
	});
});
