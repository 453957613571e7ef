// Project-wide settings of Storage, kept beside the bytes so that the local Management API
// (`/config/storage`) can change them while the stack runs.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalProject } from '../../project.ts';

export interface StorageSettings {
	/** Largest file in bytes, over all buckets. */
	readonly fileSizeLimit: number;
	/** Refuse the characters that hosted Storage refuses in names of objects. */
	readonly strictNames: boolean;
}

const DEFAULTS: StorageSettings = { fileSizeLimit: 50 * 1024 * 1024, strictNames: false };

export function settingsFile(project: LocalProject): string {
	return join(project.storageDir, 'settings.json');
}

/** Settings as they are now; defaults where the file or a key is missing. */
export async function readSettings(project: LocalProject): Promise<StorageSettings> {
	try {
		return { ...DEFAULTS, ...JSON.parse(await readFile(settingsFile(project), 'utf8')) };
	} catch {
		return DEFAULTS;
	}
}

/** Changes some settings; the service reads them with its next request. */
export async function writeSettings(
	project: LocalProject,
	change: Partial<StorageSettings>,
): Promise<void> {
	const settings = { ...(await readSettings(project)), ...change };
	await mkdir(project.storageDir, { recursive: true });
	await writeFile(settingsFile(project), JSON.stringify(settings));
}
