// Reads a backup back: its manifest, and whether every object is there and as it was written.
import {
	BACKUP_FORMAT,
	BACKUP_VERSION,
	MANIFEST_NAME,
	manifestSchema,
	type BackupObject,
	type Manifest,
} from '../domain/backup.ts';
import { TwinsError } from '../domain/errors.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import { sha256 } from '../platform/sha256.ts';

/** The manifest of the backup in a folder; `expected`: its hash, where that was noted. Throws, with the folder's name, for what is missing, foreign, newer or damaged. */
export async function readManifest(
	store: ObjectStore,
	folder: string,
	expected: string | null = null,
): Promise<Manifest> {
	const refuse = (what: string, fix: string): TwinsError =>
		new TwinsError('unsupported', `${folder} ${what}`, fix);
	const bytes = await store.get(`${folder}/${MANIFEST_NAME}`).catch((error: unknown) => {
		throw error instanceof TwinsError && error.code === 'not_found'
			? refuse(
					`is no complete backup: it has no ${MANIFEST_NAME}`,
					'Check the name of the folder. A backup that was interrupted has none and cannot be used.',
				)
			: error;
	});
	const given = asObject(new TextDecoder().decode(bytes));
	if (given?.['format'] !== BACKUP_FORMAT) {
		throw refuse(
			'is no backup of Twins',
			'Give the folder of one, as the backup command names it.',
		);
	}
	if (typeof given['version'] === 'number' && given['version'] > BACKUP_VERSION) {
		throw refuse(
			`was written by a newer version of Twins (format ${given['version']}, this one reads ${BACKUP_VERSION})`,
			'Update Twins.',
		);
	}
	const parsed = manifestSchema.safeParse(given);
	if (parsed.success) {
		if (expected === null || (await sha256(bytes)) === expected) return parsed.data;
		throw refuse(
			`has another ${MANIFEST_NAME} than was written`,
			'Use another backup: somebody changed it.',
		);
	}
	const [issue] = parsed.error.issues;
	throw refuse(
		`has a damaged ${MANIFEST_NAME}: ${issue?.path.join('.') ?? ''}`,
		'Use another backup.',
	);
}

function asObject(text: string): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'object' && value !== null ? { ...value } : undefined;
	} catch {
		return undefined;
	}
}

export interface DamagedObject {
	readonly name: string;
	readonly problem: 'missing' | 'of another size' | 'changed';
}

export async function problemOf(
	store: ObjectStore,
	folder: string,
	{ name, bytes, sha256: wanted }: BackupObject,
	size: number | undefined,
): Promise<DamagedObject['problem'] | undefined> {
	if (size === undefined) return 'missing';
	if (size !== bytes) return 'of another size';
	const found = await sha256(await store.get(`${folder}/${name}`));
	return found === wanted ? undefined : 'changed';
}
