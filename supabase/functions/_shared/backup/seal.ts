// How the objects of an encrypted backup are written: each as a file of age, under a name that says nothing. Which is which stands in
// indexes, one pair per slice: sizes and hashes for everybody, names for the owner of the key.
import * as z from 'zod/mini';
import { type BackupObject, backupObjectSchema } from '../domain/backup.ts';
import { decryptWith, encryptFor, makeAgeKeys } from '../platform/age.ts';
import { TwinsError } from '../domain/errors.ts';

/** What the slices of a backup hand on. Nothing of it opens what is kept: notes are removed at the end. */
export const sealSchema = z.object({
	recipient: z.string(),
	/** From it and a name comes the name of the object. */
	nameKey: z.string(),
	/** Opens the notes of the slices, which the next one reads. */
	notesIdentity: z.string(),
	notesRecipient: z.string(),
});
export type Seal = z.infer<typeof sealSchema>;

const hex = (bytes: Uint8Array): string =>
	Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

export async function makeSeal(recipient: string): Promise<Seal> {
	const notes = await makeAgeKeys();
	return {
		recipient,
		nameKey: hex(crypto.getRandomValues(new Uint8Array(32))),
		notesIdentity: notes.identity,
		notesRecipient: notes.recipient,
	};
}

/** The name under which an object is stored. */
export async function sealedName(nameKey: string, name: string): Promise<string> {
	const algorithm = { name: 'HMAC', hash: 'SHA-256' };
	const encoder = new TextEncoder();
	const key = await crypto.subtle.importKey('raw', encoder.encode(nameKey), algorithm, false, [
		'sign',
	]);
	const digest = new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(name)));
	return `objects/${hex(digest.subarray(0, 16))}.age`;
}

export const sealNotes = (seal: Seal | null, bytes: Uint8Array<ArrayBuffer>) =>
	seal === null ? Promise.resolve(bytes) : encryptFor(seal.notesRecipient, bytes);

export async function openNotes(
	seal: Seal | null,
	bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
	if (seal === null) return bytes;
	const opened = await decryptWith(seal.notesIdentity, bytes);
	if (opened !== null) return opened;
	throw new TwinsError(
		'storage_refused',
		'The store gives back other notes than were written',
		'Take the backup again; if it happens again, use another store.',
	);
}

/** One index: what a slice has written, as anybody may see it. */
export const indexSchema = z.object({
	/** Lists the objects with their sizes and hashes. */
	list: backupObjectSchema,
	/** The same with their names in the backup, encrypted. */
	names: backupObjectSchema,
	objects: z.int(),
	bytes: z.int(),
});
export type SealIndex = z.infer<typeof indexSchema>;

/** Lines of an index for the owner of the key: the object, and its name in the backup. */
export const namesText = (sealed: ReadonlyMap<string, BackupObject>): string =>
	[...sealed].map(([name, object]) => `${object.name} ${name}\n`).join('');

/** Makes a backup without encryption of one with it, in a folder beside. */
export const DECRYPT_SCRIPT = `#!/bin/sh
# Decrypts this backup into a new folder: sh decrypt.sh KEY_FILE FOLDER. Needs age (https://age-encryption.org).
set -eu
key="$(realpath "$1")"
mkdir -p "$2"
out="$(realpath "$2")"
cd "$(dirname "$0")"
for index in index/*.age; do
	age -d -i "$key" "$index" >"$out/.index"
	while read -r object name; do
		mkdir -p "$out/$(dirname "$name")"
		age -d -i "$key" "$object" >"$out/$name"
	done <"$out/.index"
done
rm -f "$out/.index"
age -d -i "$key" manifest.json.age >"$out/manifest.json"
`;
