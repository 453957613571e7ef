// The backups below a folder of a bucket, and how one is removed.
import { MANIFEST_NAME } from '../domain/backup.ts';
import { TwinsError } from '../domain/errors.ts';
import type { ObjectStore, StoredObject } from '../platform/object-store.ts';
import { type SeenBackup, seeBackup } from './open.ts';
import { filesOf } from './pages.ts';
import { removeBackup } from './write.ts';

export interface ListedBackup {
	/** Below the prefix of the store. */
	readonly folder: string;
	/**
	 * `incomplete`: being written, or interrupted. `damaged`: objects are missing or of another size, or the manifest cannot be
	 * read. Whether contents are as they were written, only `verifyBackup` finds out.
	 */
	readonly state: 'complete' | 'incomplete' | 'damaged';
	/** Of what is there. */
	readonly bytes: number;
	/** Null where there is no manifest that can be read. */
	readonly taken_at: string | null;
}

/** `NAME/TIME-NUMBER`, as the backup command makes them. */
const FOLDER = /^[^/]+\/\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z-[0-9a-f]{4}(?=\/)/;

/** All backups of the store, the oldest of each source first. Other objects of the bucket are passed over. */
export async function listBackups(store: ObjectStore): Promise<readonly ListedBackup[]> {
	const folders = Map.groupBy(await store.list(''), ({ name }) => FOLDER.exec(name)?.[0]);
	const listed: ListedBackup[] = [];
	for (const [folder, objects] of folders) {
		if (folder === undefined) continue;
		listed.push(await stateOf(store, folder, objects));
	}
	return listed.toSorted((one, other) => (one.folder < other.folder ? -1 : 1));
}

async function stateOf(
	store: ObjectStore,
	folder: string,
	objects: readonly StoredObject[],
): Promise<ListedBackup> {
	const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
	const sizes = new Map(objects.map((object) => [object.name, object.bytes]));
	if (!sizes.has(`${folder}/${MANIFEST_NAME}`)) {
		return { folder, state: 'incomplete', bytes, taken_at: null };
	}
	let seen: SeenBackup;
	try {
		seen = await seeBackup({ store, folder });
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code !== 'unsupported') throw error;
		return { folder, state: 'damaged', bytes, taken_at: null };
	}
	const { manifest, envelope } = seen;
	const named = envelope?.objects ?? manifest?.objects ?? [];
	// Those that only lists and indexes name are counted.
	const others = envelope?.sealed ?? manifest?.files ?? { objects: 0, bytes: 0 };
	const starts = envelope ? ['objects/'] : (manifest?.files.lists.map(filesOf) ?? []);
	const counted = objects.filter(({ name }) =>
		starts.some((start) => name.startsWith(`${folder}/${start}`)),
	);
	const isWhole =
		named.every((object) => sizes.get(`${folder}/${object.name}`) === object.bytes) &&
		counted.length === others.objects &&
		counted.reduce((sum, object) => sum + object.bytes, 0) === others.bytes;
	const takenAt = (envelope ?? manifest)?.taken_at ?? null;
	return { folder, state: isWhole ? 'complete' : 'damaged', bytes, taken_at: takenAt };
}

/** What a backup consists of. */
const OBJECT =
	/^(manifest\.json(\.age)?|SHA256SUMS|(decrypt|restore|restore-files)\.sh|index\/[\w-]+\.(json|age)|objects\/[0-9a-f]+\.age|[a-z-]+\.(sql|json)|rows\/[^/]+\/[\w-]+\.copy\.gz|notes\/[\w-]+\.json|functions\/[\w-]+\/(function\.json|bundle\.eszip|source\/.+)|files\/[\w-]+(\.jsonl|\.tsv|\/\d+))$/;

/**
 * Removes the backup in a folder, complete or not, and returns the number of its objects. Throws, and removes nothing, where
 * there is something else in the folder than a backup, or nothing at all.
 */
export async function deleteBackup(store: ObjectStore, folder: string): Promise<number> {
	const names = (await store.list(`${folder}/`)).map(({ name }) => name);
	if (names.length === 0) {
		throw new TwinsError(
			'not_found',
			`There is nothing in ${folder}`,
			'Give the address of a backup, as the list of backups names it.',
		);
	}
	const other = names.find((name) => !OBJECT.test(name.slice(folder.length + 1)));
	if (other !== undefined) {
		throw new TwinsError(
			'conflict',
			`${folder} is not the folder of a backup alone: it has ${other}`,
			'Give the address of one backup, and move away what is not of it.',
		);
	}
	await removeBackup(store, folder);
	return names.length;
}
