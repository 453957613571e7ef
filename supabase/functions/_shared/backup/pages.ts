// The objects of a backup in pages: those that the manifest names, then those of each list of files.
import * as z from 'zod/mini';
import {
	type BackupObject,
	backupObjectSchema,
	keptFileSchema,
	type KeptFile,
} from '../domain/backup.ts';
import { TwinsError } from '../domain/errors.ts';
import { sha256 } from '../platform/sha256.ts';
import type { OpenBackup, SeenBackup } from './open.ts';

/** The folder of what a list of files names, with its slash. */
export const filesOf = (list: string): string => `${list.replace(/\.jsonl$/, '')}/`;

/** An object of the backup as it was written; throws for a changed one. */
export async function readObject(
	{ objects, manifest, place: { folder } }: OpenBackup,
	name: string,
): Promise<Uint8Array<ArrayBuffer>> {
	const known = manifest.objects.find((object) => object.name === name);
	const bytes = await objects.get(`${folder}/${name}`);
	if (known !== undefined && (await sha256(bytes)) === known.sha256) return bytes;
	throw changed(folder, name);
}

const changed = (folder: string, name: string): TwinsError =>
	new TwinsError(
		'unsupported',
		`${folder} is damaged: ${name} is changed`,
		'Restore another backup.',
	);

/** Bytes of a file: lists name them, and the manifest does not. */
export async function readPart(
	{ objects, place: { folder } }: OpenBackup,
	{ name, sha256: wanted }: BackupObject,
): Promise<Uint8Array<ArrayBuffer>> {
	const bytes = await objects.get(`${folder}/${name}`);
	if ((await sha256(bytes)) === wanted) return bytes;
	throw changed(folder, name);
}

/** The lines of a list of files. */
export async function readFileList(backup: OpenBackup, list: string): Promise<KeptFile[]> {
	const text = new TextDecoder().decode(await readObject(backup, list));
	return text
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => keptFileSchema.parse(JSON.parse(line)));
}

/** How many objects there are, as they are stored. */
export const countObjects = ({ manifest, envelope }: SeenBackup): number =>
	envelope
		? envelope.objects.length + envelope.sealed.objects
		: (manifest?.objects.length ?? 0) + (manifest?.files.objects ?? 0);

/**
 * A page of the objects as they are stored; null after the last one. Needs no key: of an encrypted backup these are the
 * encrypted ones. What a damaged list names is not known; that it is damaged was found before.
 */
export async function readPage(
	seen: SeenBackup,
	page: number,
	isDamaged: (list: string) => boolean = () => false,
): Promise<readonly BackupObject[] | null> {
	const { manifest, envelope, place } = seen;
	if (page === 0) return envelope?.objects ?? manifest?.objects ?? null;
	const list = (envelope?.indexes ?? manifest?.files.lists)?.[page - 1];
	if (list === undefined) return null;
	if (isDamaged(list)) return [];
	if (envelope === null) {
		if (manifest === null) return null;
		const files = await readFileList({ ...seen, manifest, objects: place.store }, list);
		return files.flatMap(({ parts }) => parts);
	}
	const known = envelope.objects.find(({ name }) => name === list);
	const bytes = await place.store.get(`${place.folder}/${list}`);
	if ((await sha256(bytes)) !== known?.sha256) throw changed(place.folder, list);
	return z.array(backupObjectSchema).parse(JSON.parse(new TextDecoder().decode(bytes)));
}
