// Where an npm package is installed, for what it does not export.

import { findPackageJSON } from 'node:module';
import * as path from 'node:path';

/** Folder of the package as this folder's files would import it. */
export function packageDir(name: string): string {
	const manifest = findPackageJSON(name, import.meta.url);
	if (manifest === undefined) throw new Error(`The npm package ${name} is not installed.`);
	return path.dirname(manifest);
}
