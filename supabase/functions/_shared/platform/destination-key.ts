// The access key of a user's destination, sealed for it: moved to another's row it does not open.
import * as z from 'zod/mini';
import { openToken, sealToken, type SealedToken, type TokenKeys } from './vault.ts';

const keySchema = z.object({ access_key_id: z.string(), secret_access_key: z.string() });
export type DestinationKey = z.infer<typeof keySchema>;

export const sealDestinationKey = (
	keys: TokenKeys,
	destinationId: string,
	{ access_key_id, secret_access_key }: DestinationKey,
): Promise<SealedToken> =>
	sealToken(keys, destinationId, JSON.stringify({ access_key_id, secret_access_key }));

/** Throws `secret_unreadable` when it cannot be opened. */
export const openDestinationKey = async (
	keys: TokenKeys,
	destinationId: string,
	sealed: SealedToken,
): Promise<DestinationKey> =>
	keySchema.parse(JSON.parse(await openToken(keys, destinationId, sealed)));
