// The files of deployed functions on disk: <functionsDir>/<slug>/<path>. Replaced as a whole.
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { FormFile } from './multipart.ts';

/** Puts the files in the place of what the function had. The paths have been checked. */
export async function replaceFiles(
	functionsDir: string,
	slug: string,
	files: readonly FormFile[],
): Promise<void> {
	const fresh = join(functionsDir, `.deploying-${slug}`);
	await rm(fresh, { recursive: true, force: true });
	for (const { path, bytes } of files) {
		const file = join(fresh, path);
		await mkdir(dirname(file), { recursive: true });
		await writeFile(file, bytes);
	}
	await removeFiles(functionsDir, slug);
	await rename(fresh, join(functionsDir, slug));
}

/** All files of a function, by path. */
export async function readFiles(functionsDir: string, slug: string): Promise<FormFile[]> {
	const root = join(functionsDir, slug);
	const entries = await readdir(root, { recursive: true, withFileTypes: true });
	const files = entries.filter((entry) => entry.isFile());
	return Promise.all(
		files.map(async (entry) => {
			const file = join(entry.parentPath, entry.name);
			return { path: relative(root, file).split(sep).join('/'), bytes: await readFile(file) };
		}),
	);
}

export async function removeFiles(functionsDir: string, slug: string): Promise<void> {
	await rm(join(functionsDir, slug), { recursive: true, force: true });
}
