// The access key of a user's destination, sealed for it: moved to another's row it does not open.
import * as z from 'zod/mini';
import { TwinsError } from '../domain/errors.ts';
import { openToken, sealToken, type SealedToken, type TokenKeys } from './vault.ts';

const keySchema = z.object({ access_key_id: z.string(), secret_access_key: z.string() });
export type DestinationKey = z.infer<typeof keySchema>;

export const sealDestinationKey = (
	keys: TokenKeys,
	destinationId: string,
	{ access_key_id, secret_access_key }: DestinationKey,
): Promise<SealedToken> =>
	sealToken(keys, destinationId, JSON.stringify({ access_key_id, secret_access_key }));

/** Throws `storage_refused` when it cannot be opened. */
export async function openDestinationKey(
	keys: TokenKeys,
	destinationId: string,
	sealed: SealedToken,
): Promise<DestinationKey> {
	try {
		return keySchema.parse(JSON.parse(await openToken(keys, destinationId, sealed)));
	} catch {
		throw new TwinsError(
			'storage_refused',
			'The stored key of the destination cannot be opened',
			'Enter its key again under Settings, Destinations.',
		);
	}
}
