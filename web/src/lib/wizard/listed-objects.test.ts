import { expect, it } from 'vitest';
import { listedObjects } from './listed-objects.ts';

it('lists removals first, with the SQL that does it', () => {
	const object = (name: string, action: string) => ({ kind: 'foreign_key', object: name, action });
	const listed = listedObjects([
		{ ...object('public.a', 'create'), sql: ['create table public.a ()', 'comment'] },
		object('public.b', 'keep'),
		object('public.c', 'remove'),
		{ nonsense: true },
	]);
	expect(listed.map(({ name, action, sql }) => [name, action, sql])).toEqual([
		['public.c', 'remove', ''],
		['public.a', 'create', 'create table public.a ()\ncomment'],
		['public.b', 'keep', ''],
	]);
	expect(listed[0]?.kind).toBe('foreign key');
});

it('says what is known of objects of every component', () => {
	const facts = (object: Record<string, unknown>) => listedObjects([object])[0]?.facts;
	expect(facts({ table: 'public.a', rows: 9_012, bytes: 884_736, strategy: 'mirror' })).toBe(
		'About 9,010 rows · 885 kB',
	);
	expect(facts({ table: 'public.a', skipped: 'ignore rule public.*' })).toBe(
		'Rows left out: ignore rule public.*',
	);
	expect(facts({ bucket: 'avatars', files: 1, bytes: 0, public: true })).toBe('1 file · public');
	expect(facts({ slug: 'ping', verify_jwt: false })).toBe('Open to all');
	expect(facts({ setting: 'auth.jwt_exp', change: '7200 (was 3600)' })).toBe('7200 (was 3600)');
});
