// What users ask of the function `notifications`: channels whose address is to be sealed.
import type { AddChannel, NotificationsRequest } from '../domain/notification.ts';
import { CHANNEL_KINDS } from '../domain/notification.ts';
import type { Environment } from '../platform/environment.ts';
import { checkAddress, type Reach } from '../platform/outgoing-post.ts';
import type { Session } from '../platform/postgres/index.ts';
import { sealAddress } from './address.ts';
import { newSigningSecret } from './signature.ts';

export interface ChannelPorts {
	readonly control: Session;
	readonly environment: Pick<Environment, 'tokenKeys' | 'mailServer'>;
	readonly reach: Reach;
	readonly userId: string;
}

/** Carries out one request and returns its answer. Throws TwinsError. */
export async function act(request: NotificationsRequest, ports: ChannelPorts): Promise<unknown> {
	switch (request.action) {
		case 'add_channel':
			return addChannel(request, ports);
		case 'channel_kinds':
			return {
				kinds: CHANNEL_KINDS.filter(
					(kind) => kind !== 'mail' || ports.environment.mailServer !== null,
				),
			};
	}
}

/** The answer has the signing secret of a webhook: the only time that it is shown. */
async function addChannel(
	request: AddChannel,
	{ control, environment, reach, userId }: ChannelPorts,
): Promise<unknown> {
	const id = crypto.randomUUID();
	const url = request.kind === 'mail' ? null : (await checkAddress(request.url, reach)).url;
	const signing_secret = request.kind === 'webhook' ? newSigningSecret() : null;
	const sealed =
		url === null
			? null
			: await sealAddress(environment.tokenKeys, id, { url: url.href, signing_secret });
	const [row] = await control.query<{ channel: unknown }>(
		`select private.add_channel(
			row($1::uuid, $2::uuid, $3::uuid, $4, $5, $6, $7::text[], true, null, now())::public.notification_channels,
			$8, $9, $10
		) as channel`,
		[
			id,
			userId,
			request.twin_id,
			request.kind,
			request.name,
			url?.host ?? '',
			[...new Set(request.events)],
			sealed?.key_id ?? null,
			sealed?.iv ?? null,
			sealed?.ciphertext ?? null,
		],
	);
	return { channel: row?.channel, signing_secret };
}
