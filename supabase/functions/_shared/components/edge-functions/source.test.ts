import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Part } from '../../platform/multipart.ts';
import type { DeployedFunction } from './deployed.ts';
import { uploadForm } from './eszip.ts';
import { bareImports, lacksImportMap } from './imports.ts';
import { findReferences, referenceAdvice } from './references.ts';
import { readSource, sourceDigest, type FunctionSource, type SourceFile } from './source.ts';

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const file = (path: string, text: string): SourceFile => ({ path, bytes: bytes(text) });

const hello: DeployedFunction = {
	slug: 'hello',
	name: 'Hello',
	status: 'ACTIVE',
	version: 3,
	verify_jwt: true,
	import_map: false,
	entrypoint_path: 'file:///tmp/user_fn_abcdefghijklmnopqrst_1_3/source/hello/index.ts',
};

function part(path: string | undefined, text: string, headers: Record<string, string> = {}): Part {
	return {
		name: path === undefined ? 'metadata' : 'file',
		filename: path,
		headers: new Map(Object.entries(headers)),
		bytes: bytes(text),
	};
}

describe('a downloaded function', () => {
	it('has sorted files, its entry point from the metadata, and its import map when it is there', () => {
		const source = readSource(
			{
				...hello,
				import_map: true,
				import_map_path: 'file:///tmp/user_fn_abcdefghijklmnopqrst_1_3/source/hello/deno.json',
			},
			[
				part(undefined, '{"deno2_entrypoint_path":"source/hello/main.ts"}'),
				part('source/hello/main.ts', 'a'),
				part('source/hello/deno.json', '{}'),
				part('ignored.ts', 'b', { 'supabase-path': 'source/_shared/b.ts' }),
			],
		);
		expect(source).toMatchObject({
			entrypoint: 'hello/main.ts',
			importMap: 'hello/deno.json',
			bytes: 4,
		});
		expect(source.files.map(({ path }) => path)).toEqual([
			'_shared/b.ts',
			'hello/deno.json',
			'hello/main.ts',
		]);
	});

	it('takes the entry point of the list where there are no metadata, or the one index file', () => {
		const parts = [part('source/hello/index.ts', 'a'), part('source/x.ts', 'b')];
		expect(readSource(hello, parts).entrypoint).toBe('hello/index.ts');
		const { entrypoint_path: _none, ...old } = hello;
		expect(readSource(old, parts).entrypoint).toBe('hello/index.ts');
		expect(readSource(hello, [part(undefined, 'no json'), ...parts]).entrypoint).toBe(
			'hello/index.ts',
		);
	});

	it('is refused when its entry point is not among the files', () => {
		expect(() => readSource(hello, [part('other.ts', '')])).toThrow('entry point');
	});
});

describe('the digest of a function', () => {
	const source = (files: SourceFile[], entrypoint: string): FunctionSource => ({
		files,
		entrypoint,
		importMap: undefined,
		bytes: 0,
	});

	it('does not depend on folders that all files share', async () => {
		expect(
			await sourceDigest(source([file('fn/a.ts', '1'), file('fn/b.ts', '2')], 'fn/a.ts')),
		).toBe(await sourceDigest(source([file('a.ts', '1'), file('b.ts', '2')], 'a.ts')));
	});

	it('depends on every path, byte and role', async () => {
		const digests = await Promise.all(
			[
				source([file('a.ts', '1'), file('b.ts', '2')], 'a.ts'),
				source([file('a.ts', '1'), file('b.ts', '2')], 'b.ts'),
				source([file('a.ts', '1'), file('c.ts', '2')], 'a.ts'),
				source([file('a.ts', '1'), file('b.ts', '3')], 'a.ts'),
				{ ...source([file('a.ts', '1'), file('b.ts', '2')], 'a.ts'), importMap: 'b.ts' },
			].map(sourceDigest),
		);
		expect(new Set(digests).size).toBe(digests.length);
	});
});

describe('imports that need an import map', () => {
	it('are found in statements, and not in texts of SQL or comments about them', () => {
		const code = `
			import { z } from 'zod';
			import type { A } from "@scope/a/deep";
			import 'side-effect';
			export * from "re-export"
			const lazy = await import("lazy-one");
			import ok from "npm:zod@4"; import './local.ts'; import "https://deno.land/x.ts"; import "node:fs";
			const sql = \`select * from "users" where a = 'b'\`;
			const text = 'copied from "elsewhere"';
		`;
		expect(bareImports([file('index.ts', code), file('page.html', 'import "html"')])).toEqual([
			'@scope/a/deep',
			'lazy-one',
			're-export',
			'side-effect',
			'zod',
		]);
	});

	it('are a loss only where the function had a map that the download lacks', () => {
		const source = { files: [], entrypoint: 'a.ts', importMap: undefined, bytes: 0 };
		expect(lacksImportMap(hello, source)).toBe(false);
		expect(lacksImportMap({ ...hello, import_map: true }, source)).toBe(true);
		expect(lacksImportMap({ ...hello, import_map: true }, { ...source, importMap: 'm' })).toBe(
			false,
		);
	});
});

describe('references to the source project', () => {
	const names = {
		ref: 'abcdefghijklmnopqrst',
		host: 'abcdefghijklmnopqrst.supabase.co',
		keys: ['sb_secret_very_long_value'],
	};

	it('are found in any file, binary too, and advised on without showing a key', () => {
		const found = findReferences(
			[
				file('a.ts', 'fetch("https://abcdefghijklmnopqrst.supabase.co")'),
				file('b.bin', '\0\0sb_secret_very_long_value\0'),
				file('c.ts', 'nothing'),
			],
			names,
		);
		expect(found).toEqual({ project: ['a.ts'], keys: ['b.bin'] });
		const advice = referenceAdvice(found);
		expect(advice).toContain('a.ts names the source project');
		expect(advice).toContain('b.bin holds a key');
		expect(advice).not.toContain('sb_secret');
		expect(referenceAdvice({ project: [], keys: [] })).toBeUndefined();
	});
});

describe('the upload form of a bundle', () => {
	it('is brotli that any decoder reads back, at every size that matters', () => {
		for (const length of [0, 1, 65_535, 65_536, 65_537, 200_000]) {
			const bundle = Uint8Array.from({ length }, (_, index) => (index * 31) % 256);
			const upload = uploadForm(bundle);
			expect(new TextDecoder().decode(upload.subarray(0, 4))).toBe('EZBR');
			expect(new Uint8Array(brotliDecompressSync(upload.subarray(4)))).toEqual(bundle);
		}
	});

	it('leaves a bundle alone that has the form already', () => {
		const upload = uploadForm(bytes('x'));
		expect(uploadForm(upload)).toBe(upload);
	});
});
