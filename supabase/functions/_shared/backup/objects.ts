// Writes the objects of a backup, and knows their sizes and hashes for the manifest.
import type { BackupObject } from '../domain/backup.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import { sha256 } from '../platform/sha256.ts';

export interface BackupObjects {
	put(name: string, body: Uint8Array<ArrayBuffer>): Promise<void>;
	putText(name: string, text: string): Promise<void>;
	/** Removes what was written in vain. */
	remove(names: readonly string[]): Promise<void>;
	/** What was written so far, in the order of their names. */
	written(): BackupObject[];
}

/** Objects below `folder`, which ends with no slash. */
export function createBackupObjects(store: ObjectStore, folder: string): BackupObjects {
	let objects: BackupObject[] = [];
	const put = async (name: string, body: Uint8Array<ArrayBuffer>): Promise<void> => {
		const digest = await sha256(body);
		await store.put(`${folder}/${name}`, body);
		objects.push({ name, bytes: body.length, sha256: digest });
	};
	return {
		put,
		putText: (name, text) => put(name, new TextEncoder().encode(text)),
		async remove(names) {
			await store.remove(names.map((name) => `${folder}/${name}`));
			objects = objects.filter(({ name }) => !names.includes(name));
		},
		written: () => objects.toSorted((one, other) => (one.name < other.name ? -1 : 1)),
	};
}

/**
 * A name for use in the keys of objects, on any file system and in any shell: letters, digits, `_`, `-` and `.` are
 * kept, other bytes become `%XX`.
 */
export const safeName = (name: string): string =>
	Array.from(new TextEncoder().encode(name), (byte) => {
		const letter = String.fromCharCode(byte);
		return /[\w.-]/.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
	}).join('');
