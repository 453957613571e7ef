// Does a function need an import map that its download lacks? Downloads hold neither import map nor
// deno.json, so a module that says `import 'zod'` would not bundle again. Pure.
import type { DeployedFunction } from './deployed.ts';
import type { FunctionSource, SourceFile } from './source.ts';

const MODULE = /\.[cm]?[jt]sx?$/;
/** Statements only: `from "users"` in a text of SQL is no import. */
const IMPORTS = [
	/(?:^|[\s;}])(?:import|export)\b[^;'"`()]*?\bfrom\s*["']([^"'\n]+)["']/g,
	/(?:^|[\s;}])import\s*["']([^"'\n]+)["']/g,
	/\bimport\s*\(\s*["']([^"'\n]+)["']/g,
];
/** Longer modules are vendored bundles; they have no bare imports left, and cost time to scan. */
const LONGEST_SCANNED_BYTES = 512 * 1024;

/** True when the function was bundled with an import map that is not among its files. */
export function lacksImportMap(deployed: DeployedFunction, source: FunctionSource): boolean {
	return deployed.import_map && source.importMap === undefined;
}

/** Specifiers like `zod` that only an import map can resolve, each once, sorted. */
export function bareImports(files: readonly SourceFile[]): string[] {
	const found = new Set<string>();
	for (const { path, bytes } of files) {
		if (!MODULE.test(path) || bytes.length > LONGEST_SCANNED_BYTES) continue;
		const text = new TextDecoder().decode(bytes);
		for (const pattern of IMPORTS) {
			for (const [, specifier = ''] of text.matchAll(pattern)) {
				if (isBare(specifier)) found.add(specifier);
			}
		}
	}
	return [...found].sort();
}

function isBare(specifier: string): boolean {
	return !/^(?:\.{0,2}\/|[a-z][a-z0-9+.-]*:)/i.test(specifier);
}
