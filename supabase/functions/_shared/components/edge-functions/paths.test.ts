import { describe, expect, it } from 'vitest';
import { cleanPath, commonFolder, locate, relativePaths } from './paths.ts';

const UNPACKED = 'tmp/user_fn_abcdefghijklmnopqrst_5f0c-11_7';

describe('paths of downloaded files', () => {
	it('lose the folder in which the platform unpacked them, whatever its form', () => {
		for (const root of [
			`/${UNPACKED}/source/`,
			`${UNPACKED}/source/`,
			`file:///${UNPACKED}/source/`,
			`/${UNPACKED}/`,
			'source/',
			'',
		]) {
			expect(relativePaths([`${root}hello/index.ts`, `${root}_shared/cors.ts`])).toEqual([
				'hello/index.ts',
				'_shared/cors.ts',
			]);
		}
	});

	it('keep a folder named source that only some files are in', () => {
		expect(relativePaths(['source/index.ts', 'deno.json'])).toEqual([
			'source/index.ts',
			'deno.json',
		]);
	});

	it('become relative to what absolute paths share', () => {
		expect(relativePaths(['/home/deno/fn/hello/index.ts', '/home/deno/fn/shared/a.ts'])).toEqual([
			'hello/index.ts',
			'shared/a.ts',
		]);
		expect(relativePaths(['/home/deno/index.ts'])).toEqual(['index.ts']);
	});

	it('are unescaped once, and a lone percent sign is kept', () => {
		expect(cleanPath('a%20b/%C3%BC.ts')).toBe('a b/ü.ts');
		expect(cleanPath('100%.txt')).toBe('100%.txt');
		expect(cleanPath('a%2520.ts')).toBe('a%20.ts');
		expect(cleanPath('./a//b/./c.ts')).toBe('a/b/c.ts');
	});

	it('never lead out of the function', () => {
		for (const path of ['../x.ts', 'a/../../x.ts', 'a/%2e%2e/x.ts', 'a%2F..%2Fx.ts', '..', '/..']) {
			expect(() => cleanPath(path), path).toThrow('leads out of the function');
		}
		expect(() => cleanPath('a\0.ts')).toThrow('control characters');
		expect(() => cleanPath('%00')).toThrow('control characters');
		expect(() => cleanPath('./')).toThrow('names no file');
		expect(() => relativePaths(['a.ts', './a.ts'])).toThrow('two files');
	});
});

describe('the entry point', () => {
	it('is found by its path, or by the end of it when shared folders were cut off', () => {
		const paths = ['hello/index.ts', '_shared/index.ts'];
		expect(locate('source/hello/index.ts', paths)).toBe('hello/index.ts');
		expect(locate(`file:///${UNPACKED}/source/hello/index.ts`, paths)).toBe('hello/index.ts');
		expect(locate(`file:///${UNPACKED}/source/supabase/functions/hello/index.ts`, paths)).toBe(
			'hello/index.ts',
		);
		expect(locate('index.ts', ['deep/index.ts'])).toBe('deep/index.ts');
		expect(locate('other/main.ts', paths)).toBeUndefined();
	});
});

describe('the common folder', () => {
	it('is what all paths share, whole folders only', () => {
		expect(commonFolder(['a/b/c.ts', 'a/bc/d.ts'])).toBe('a/');
		expect(commonFolder(['a/b/c.ts'])).toBe('a/b/');
		expect(commonFolder(['a.ts', 'b/c.ts'])).toBe('');
		expect(commonFolder([])).toBe('');
	});
});
