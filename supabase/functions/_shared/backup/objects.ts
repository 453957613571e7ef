// Writes the objects of a backup, and knows their sizes and hashes for the manifest.
import type { BackupObject } from '../domain/backup.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import { encryptFor } from '../platform/age.ts';
import { sha256 } from '../platform/sha256.ts';
import { namesText, type Seal, sealedName, type SealIndex } from './seal.ts';

export interface BackupObjects {
	put(name: string, body: Uint8Array<ArrayBuffer>): Promise<void>;
	putText(name: string, text: string): Promise<void>;
	/** Writes one that a list names, and not the manifest. */
	putUnlisted(name: string, body: Uint8Array<ArrayBuffer>): Promise<BackupObject>;
	/** Removes what was written in vain. */
	remove(names: readonly string[]): Promise<void>;
	/** Writes the index of an encrypted backup's slice; null where there is nothing to tell. */
	endSlice(): Promise<SealIndex | null>;
	/** Of all that was written so far. */
	bytes(): number;
	/** What was written so far, in the order of their names. */
	written(): BackupObject[];
}

/** Objects below `folder`, which ends with no slash; encrypted where there is a seal. `slice`: its number, for the index. */
export function createBackupObjects(
	store: ObjectStore,
	folder: string,
	seal: Seal | null,
	slice: number,
): BackupObjects {
	let objects: BackupObject[] = [];
	/** As they are stored, by their names in the backup. */
	const sealed = new Map<string, BackupObject>();
	let unlistedBytes = 0;
	const putPlain = async (name: string, body: Uint8Array<ArrayBuffer>): Promise<BackupObject> => {
		const digest = await sha256(body);
		await store.put(`${folder}/${name}`, body);
		return { name, bytes: body.length, sha256: digest };
	};
	const write = async (name: string, body: Uint8Array<ArrayBuffer>): Promise<BackupObject> => {
		if (seal === null) return putPlain(name, body);
		const stored = await sealedName(seal.nameKey, name);
		sealed.set(name, await putPlain(stored, await encryptFor(seal.recipient, body)));
		return { name, bytes: body.length, sha256: await sha256(body) };
	};
	const put = async (name: string, body: Uint8Array<ArrayBuffer>): Promise<void> => {
		objects.push(await write(name, body));
	};
	return {
		put,
		putText: (name, text) => put(name, new TextEncoder().encode(text)),
		async putUnlisted(name, body) {
			unlistedBytes += body.length;
			return write(name, body);
		},
		async remove(names) {
			const stored = names.map((name) => sealed.get(name)?.name ?? name);
			await store.remove(stored.map((name) => `${folder}/${name}`));
			objects = objects.filter(({ name }) => !names.includes(name));
			for (const name of names) sealed.delete(name);
		},
		async endSlice() {
			if (seal === null || sealed.size === 0) return null;
			const base = `index/${String(slice).padStart(6, '0')}-${crypto.randomUUID().slice(0, 8)}`;
			const encoder = new TextEncoder();
			const list = [...sealed.values()];
			const named = encoder.encode(namesText(sealed));
			return {
				list: await putPlain(`${base}.json`, encoder.encode(JSON.stringify(list))),
				names: await putPlain(`${base}.age`, await encryptFor(seal.recipient, named)),
				objects: list.length,
				bytes: list.reduce((sum, { bytes }) => sum + bytes, 0),
			};
		},
		bytes: () => objects.reduce((sum, { bytes }) => sum + bytes, unlistedBytes),
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

/** A path of such names: slashes stay. */
export const safePath = (path: string): string =>
	path
		.split('/')
		.map((part) => (/^\.*$/.test(part) ? part.replaceAll('.', '%2E') : safeName(part)))
		.join('/');
