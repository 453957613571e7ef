// Opens a backup: reads its manifest, with the key where it is encrypted, and gives its objects by their names.
import * as z from 'zod/mini';
import {
	BACKUP_FORMAT,
	BACKUP_VERSION,
	type Envelope,
	envelopeSchema,
	MANIFEST_NAME,
	type Manifest,
	manifestSchema,
	SEALED_MANIFEST_NAME,
} from '../domain/backup.ts';
import { TwinsError } from '../domain/errors.ts';
import { decryptWith } from '../platform/age.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import { sha256 } from '../platform/sha256.ts';
import { sealedName } from './seal.ts';

export interface BackupPlace {
	readonly store: ObjectStore;
	readonly folder: string;
	/** Hash of its manifest, where that was noted. */
	readonly manifestSha256?: string | null;
	/** Key of age, for one that is encrypted. */
	readonly identity?: string | null;
}

/** What can be read of a backup: all of one that is not encrypted; without its key, sizes and hashes of the others. */
export interface SeenBackup {
	readonly place: BackupPlace;
	/** Null where the backup is encrypted. */
	readonly manifest: Manifest | null;
	/** Null where it is not. */
	readonly envelope: Envelope | null;
}

export interface OpenBackup extends SeenBackup {
	readonly manifest: Manifest;
	/** Gives its objects by their names in the manifest. Only reads. */
	readonly objects: Pick<ObjectStore, 'get'>;
}

const refuse = (folder: string, what: string, fix: string): TwinsError =>
	new TwinsError('unsupported', `${folder} ${what}`, fix);

/** Reads what tells of the backup. Throws, with the folder's name, for what is missing, foreign, newer or damaged. */
export async function seeBackup(place: BackupPlace): Promise<SeenBackup> {
	const { store, folder, manifestSha256: expected = null } = place;
	const bytes = await store.get(`${folder}/${MANIFEST_NAME}`).catch((error: unknown) => {
		throw error instanceof TwinsError && error.code === 'not_found'
			? refuse(
					folder,
					`is no complete backup: it has no ${MANIFEST_NAME}`,
					'Check the name of the folder. A backup that was interrupted has none and cannot be used.',
				)
			: error;
	});
	const given = asObject(new TextDecoder().decode(bytes));
	if (given?.['format'] !== BACKUP_FORMAT) {
		throw refuse(
			folder,
			'is no backup of Twins',
			'Give the folder of one, as the backup command names it.',
		);
	}
	if (typeof given['version'] === 'number' && given['version'] > BACKUP_VERSION) {
		throw refuse(
			folder,
			`was written by a newer version of Twins (format ${given['version']}, this one reads ${BACKUP_VERSION})`,
			'Update Twins.',
		);
	}
	const isSealed = 'encryption' in given;
	const parsed = isSealed ? envelopeSchema.safeParse(given) : manifestSchema.safeParse(given);
	if (!parsed.success) throw damaged(folder, MANIFEST_NAME, parsed.error.issues);
	if (expected !== null && (await sha256(bytes)) !== expected) {
		throw refuse(
			folder,
			`has another ${MANIFEST_NAME} than was written`,
			'Use another backup: somebody changed it.',
		);
	}
	return isSealed
		? { place, manifest: null, envelope: envelopeSchema.parse(given) }
		: { place, manifest: manifestSchema.parse(given), envelope: null };
}

function damaged(folder: string, name: string, issues: readonly z.core.$ZodIssue[]): TwinsError {
	return refuse(
		folder,
		`has a damaged ${name}: ${issues[0]?.path.join('.') ?? ''}`,
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

/** Opens it as a whole. Throws besides where the key is missing or another. */
export async function openBackup(place: BackupPlace): Promise<OpenBackup> {
	const seen = await seeBackup(place);
	if (seen.envelope === null) {
		if (seen.manifest === null) throw new Error('a backup has a manifest or an envelope');
		return { ...seen, manifest: seen.manifest, objects: place.store };
	}
	const { store, folder, identity = null } = place;
	const { recipient } = seen.envelope.encryption;
	if (identity === null) {
		throw new TwinsError(
			'bad_request',
			`${folder} is encrypted`,
			`Give its key: the one that belongs to ${recipient}.`,
		);
	}
	const known = seen.envelope.objects.find(({ name }) => name === SEALED_MANIFEST_NAME);
	const bytes = await store.get(`${folder}/${SEALED_MANIFEST_NAME}`);
	if ((await sha256(bytes)) !== known?.sha256) {
		throw refuse(folder, `is damaged: ${SEALED_MANIFEST_NAME} is changed`, 'Use another backup.');
	}
	const opened = await decryptWith(identity, bytes);
	if (opened === null) {
		throw new TwinsError(
			'bad_request',
			`The key does not open ${folder}`,
			`Give the one that belongs to ${recipient}.`,
		);
	}
	const parsed = z
		.extend(manifestSchema, { name_key: z.string() })
		.safeParse(asObject(new TextDecoder().decode(opened)));
	if (!parsed.success) throw damaged(folder, SEALED_MANIFEST_NAME, parsed.error.issues);
	const { name_key: nameKey, ...manifest } = parsed.data;
	return { ...seen, manifest, objects: sealedObjects(place, identity, nameKey) };
}

function sealedObjects(
	{ store, folder }: BackupPlace,
	identity: string,
	nameKey: string,
): Pick<ObjectStore, 'get'> {
	return {
		async get(path) {
			const name = path.slice(folder.length + 1);
			const sealed = await store.get(`${folder}/${await sealedName(nameKey, name)}`);
			const bytes = await decryptWith(identity, sealed);
			if (bytes !== null) return bytes;
			throw refuse(folder, `is damaged: ${name} is changed`, 'Restore another backup.');
		},
	};
}
