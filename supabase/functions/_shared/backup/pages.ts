// The objects of a backup in pages: those that the manifest names, then those of each list of files.
import {
	type BackupObject,
	keptFileSchema,
	type KeptFile,
	type Manifest,
} from '../domain/backup.ts';
import { TwinsError } from '../domain/errors.ts';
import type { ObjectStore, StoredObject } from '../platform/object-store.ts';
import { sha256 } from '../platform/sha256.ts';

/** The folder of what a list of files names, with its slash. */
export const filesOf = (list: string): string => `${list.replace(/\.jsonl$/, '')}/`;

/** An object of the backup as it was written; throws for a changed one. */
export async function readObject(
	{ store, folder }: { readonly store: ObjectStore; readonly folder: string },
	{ objects }: Pick<Manifest, 'objects'>,
	name: string,
): Promise<Uint8Array<ArrayBuffer>> {
	const known = objects.find((object) => object.name === name);
	const bytes = await store.get(`${folder}/${name}`);
	if (known !== undefined && (await sha256(bytes)) === known.sha256) return bytes;
	throw new TwinsError(
		'unsupported',
		`${folder} is damaged: ${name} is changed`,
		'Restore another backup.',
	);
}

/** The lines of a list of files. */
export async function readFileList(
	from: { readonly store: ObjectStore; readonly folder: string },
	manifest: Manifest,
	list: string,
): Promise<KeptFile[]> {
	const text = new TextDecoder().decode(await readObject(from, manifest, list));
	return text
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => keptFileSchema.parse(JSON.parse(line)));
}

export interface Page {
	readonly objects: readonly BackupObject[];
	/** Of what is there. */
	readonly sizes: ReadonlyMap<string, number>;
}

const sizesOf = (folder: string, objects: readonly StoredObject[]): ReadonlyMap<string, number> =>
	new Map(objects.map(({ name, bytes }) => [name.slice(folder.length + 1), bytes]));

/** A page of the backup, with what the store has of it; null after the last one. */
export async function readPage(
	from: { readonly store: ObjectStore; readonly folder: string },
	manifest: Manifest,
	page: number,
	isDamaged: (list: string) => boolean,
): Promise<Page | null> {
	const { store, folder } = from;
	if (page === 0) {
		return { objects: manifest.objects, sizes: sizesOf(folder, await store.list(`${folder}/`)) };
	}
	const list = manifest.files.lists[page - 1];
	if (list === undefined) return null;
	if (isDamaged(list)) return { objects: [], sizes: new Map() };
	const files = await readFileList(from, manifest, list);
	return {
		objects: files.flatMap(({ parts }) => parts),
		sizes: sizesOf(folder, await store.list(`${folder}/${filesOf(list)}`)),
	};
}
