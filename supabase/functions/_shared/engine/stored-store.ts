// Opens the store of a backup: a destination that its owner has saved, or the installation's own.
import { TwinsError } from '../domain/errors.ts';
import { openDestinationKey } from '../platform/destination-key.ts';
import type { Environment } from '../platform/environment.ts';
import { openToken } from '../platform/vault.ts';
import { type Destination, type ObjectStore, openObjectStore } from '../platform/object-store.ts';
import { checkAddress } from '../platform/outgoing-post.ts';
import type { StoredBackup } from './queue.ts';

export interface OpenStore {
	readonly store: ObjectStore;
	/** For people. */
	readonly location: string;
	/** The key of an encrypted backup, where it was given. */
	readonly identity: string | null;
}

/** Throws `unsupported` without a place, `secret_unreadable` for a key that cannot be opened. */
export async function openStoredStore(
	environment: Environment,
	backup: StoredBackup,
	signal: AbortSignal,
): Promise<OpenStore> {
	const to = await destinationOf(environment, backup);
	const reach = {
		allowsPrivate: backup.destination === null || environment.storesAtPrivateAddresses,
	};
	if (backup.destination !== null && to.endpoint !== null) await checkAddress(to.endpoint, reach);
	const path = [to.bucket, to.prefix, backup.folder].filter((part) => part !== '');
	return {
		store: openObjectStore(to, signal, { reach }),
		location: `s3://${path.join('/')}`,
		identity:
			backup.identity &&
			(await openToken(environment.tokenKeys, backup.identity.id, backup.identity)),
	};
}

async function destinationOf(
	{ ownStore, tokenKeys }: Environment,
	{ destination, owner_id }: StoredBackup,
): Promise<Destination> {
	if (destination !== null) {
		const key = await openDestinationKey(tokenKeys, destination.id, destination);
		return {
			endpoint: destination.endpoint,
			region: destination.region,
			bucket: destination.bucket,
			prefix: destination.prefix,
			accessKeyId: key.access_key_id,
			secretAccessKey: key.secret_access_key,
		};
	}
	if (ownStore === null) {
		throw new TwinsError(
			'unsupported',
			'There is no place for backups: this installation has no store of its own',
			'Save a destination under Settings, Destinations.',
		);
	}
	// Each user has a folder of the bucket, and no way to name another's.
	const prefix = [ownStore.prefix, 'users', owner_id].filter((part) => part !== '').join('/');
	return { ...ownStore, prefix };
}
