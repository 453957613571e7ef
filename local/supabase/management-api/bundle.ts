// What the platform does with the files of a function: checks that they bundle, and names the bundle by a
// hash. Nothing is compiled; the checks are those whose failure a clone has to survive.
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { ApiRefusal } from './answers.ts';
import type { FormFile } from './multipart.ts';

export interface Bundle {
	/** Prefix of every module, `tmp/user_fn_<ref>_<id>_<version>/source/`: part of the bundle, so of its hash. */
	readonly root: string;
	readonly entrypoint: string;
	readonly importMap: string | undefined;
	readonly files: readonly FormFile[];
}

const MAGIC = 'EZBR';
const MODULE = /\.(?:[cm]?[jt]sx?)$/;
/** Statements, not the `from "users"` of a text of SQL. */
const IMPORT = /(?:\b(?:import|export)\b[^;'"`()]*?\bfrom\s*|\bimport\s*\(?\s*)(["'])([^"'\n]+)\1/g;
const MAX_BUNDLE_BYTES = 20 * 1024 * 1024;

/** Refuses (400), with the bundler's words, what would not bundle. */
export function checkBundle(bundle: Bundle): void {
	const paths = new Set(bundle.files.map(({ path }) => path));
	for (const path of paths) {
		if (
			posix.isAbsolute(path) ||
			path.split('/').includes('..') ||
			posix.normalize(path) !== path
		) {
			throw new ApiRefusal(400, `Invalid file path: ${path}`);
		}
	}
	if (paths.size !== bundle.files.length) throw new ApiRefusal(400, 'Duplicate file path');
	if (bundle.files.reduce((sum, { bytes }) => sum + bytes.length, 0) > MAX_BUNDLE_BYTES) {
		throw new ApiRefusal(413, 'request entity too large');
	}
	if (!paths.has(bundle.entrypoint)) {
		throw new ApiRefusal(400, `Entrypoint path does not exist - ${bundle.entrypoint}`);
	}
	if (bundle.importMap !== undefined && !paths.has(bundle.importMap)) {
		throw new ApiRefusal(400, `Import map path does not exist - ${bundle.importMap}`);
	}
	const mapped = readImportMap(bundle);
	for (const file of bundle.files) {
		if (MODULE.test(file.path)) checkImports(file, paths, mapped);
	}
}

function checkImports(file: FormFile, paths: ReadonlySet<string>, mapped: readonly string[]): void {
	for (const [, , specifier = ''] of file.bytes.toString('utf8').matchAll(IMPORT)) {
		if (/^\.{1,2}\//.test(specifier)) {
			const path = posix.join(posix.dirname(file.path), specifier);
			if (!paths.has(path)) {
				throw new ApiRefusal(
					400,
					`Failed to bundle the function (reason: Module not found "file:///${path}" at file:///${file.path})`,
				);
			}
		} else if (!/^[a-z]+:/.test(specifier) && !isMapped(specifier, mapped)) {
			throw new ApiRefusal(
				400,
				`Failed to bundle the function (reason: Relative import path "${specifier}" not prefixed with / or ./ or ../ at file:///${file.path})`,
			);
		}
	}
}

function isMapped(specifier: string, mapped: readonly string[]): boolean {
	return mapped.some(
		(key) => key === specifier || (key.endsWith('/') && specifier.startsWith(key)),
	);
}

function readImportMap({ importMap, files }: Bundle): readonly string[] {
	const file = files.find(({ path }) => path === importMap);
	if (!file) return [];
	try {
		return Object.keys(JSON.parse(file.bytes.toString('utf8')).imports ?? {});
	} catch {
		throw new ApiRefusal(
			400,
			`Failed to bundle the function (reason: ${importMap} is not valid JSON)`,
		);
	}
}

/** The bundle as one blob: our own form, in the place of the eszip that the real service keeps. */
export function packBundle({ root, entrypoint, importMap, files }: Bundle): Buffer {
	const ordered = [...files].sort((left, right) => (left.path < right.path ? -1 : 1));
	return Buffer.from(
		`ESZIP2.3${JSON.stringify({
			root,
			entrypoint,
			importMap,
			files: ordered.map(({ path, bytes }) => [path, bytes.toString('base64')]),
		})}`,
	);
}

/** The reverse of `packBundle` on an uploaded body: "EZBR", then the blob under brotli. */
export function unpackUpload(upload: Buffer): Bundle {
	try {
		if (upload.subarray(0, 4).toString() !== MAGIC) throw new Error('no magic');
		const text = brotliDecompressSync(upload.subarray(4)).toString('utf8');
		if (!text.startsWith('ESZIP')) throw new Error('no eszip');
		const packed = JSON.parse(text.slice(8));
		return {
			...packed,
			files: packed.files.map(([path, content]: [string, string]) => ({
				path,
				bytes: Buffer.from(content, 'base64'),
			})),
		};
	} catch {
		throw new ApiRefusal(400, 'Invalid eszip bundle');
	}
}

/** SHA-256 of what would be uploaded. */
export function bundleHash(bundle: Bundle): string {
	const compressed = brotliCompressSync(packBundle(bundle), {
		params: { [constants.BROTLI_PARAM_QUALITY]: 5 },
	});
	return createHash('sha256').update(MAGIC).update(compressed).digest('hex');
}
