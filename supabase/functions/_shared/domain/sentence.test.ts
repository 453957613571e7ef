import { expect, test } from 'vitest';
import { asRemark } from './sentence.ts';

test('remarks begin with a capital and have no full stop', () => {
	expect(asRemark('removed: the source does not have it')).toBe(
		'Removed: the source does not have it',
	);
	expect(asRemark('sign-in with x stays off')).toBe('Sign-in with x stays off');
	expect(asRemark('Only a superuser may make it.')).toBe('Only a superuser may make it');
	expect(asRemark('created')).toBe('Created');
});

test('several sentences keep their stops', () => {
	expect(asRemark('it failed. Look there.')).toBe('It failed. Look there.');
});

test('names and values at the beginning stay as they are', () => {
	for (const text of [
		'file_size_limit is 5 MB: the target does not allow more',
		'public.t: NOT NULL is taken off',
		'"x" is off',
		'true (was false)',
		'5 rows',
		'',
	])
		expect(asRemark(text)).toBe(text);
});
