// The sealed part of a channel: where it goes, and what signs its messages.
import * as z from 'zod/mini';
import { openToken, sealToken, type SealedToken, type TokenKeys } from '../platform/vault.ts';

const addressSchema = z.object({
	url: z.string(),
	/** Of webhooks only. */
	signing_secret: z.nullable(z.string()),
});
export type ChannelAddress = z.infer<typeof addressSchema>;

/** Sealed for the channel: moved to another's row it does not open. */
export const sealAddress = (
	keys: TokenKeys,
	channelId: string,
	address: ChannelAddress,
): Promise<SealedToken> => sealToken(keys, channelId, JSON.stringify(address));

/** Throws `secret_unreadable` when it cannot be opened. */
export const openAddress = async (
	keys: TokenKeys,
	channelId: string,
	sealed: SealedToken,
): Promise<ChannelAddress> =>
	addressSchema.parse(JSON.parse(await openToken(keys, channelId, sealed)));
