// Makes the deliveries that are due: claims some, tries them side by side, says what became of each. The rules (what is
// due, how long to wait, when to give up) are in supabase/migrations: …_deliver_notifications.sql.
import type { ChannelKind } from '../domain/notification.ts';
import { TwinsError } from '../domain/errors.ts';
import type { Environment } from '../platform/environment.ts';
import { sendMail } from '../platform/mail.ts';
import { postOutside, type Reach } from '../platform/outgoing-post.ts';
import type { Session } from '../platform/postgres/index.ts';
import type { SealedToken } from '../platform/vault.ts';
import { openAddress } from './address.ts';
import { mailText, type Notification, slackBody, webhookBody } from './message.ts';
import { signedHeaders } from './signature.ts';

interface ClaimedDelivery {
	readonly id: string;
	readonly attempt: number;
	readonly notification: Notification;
	readonly channel: {
		readonly id: string;
		readonly kind: ChannelKind;
		/** The user's confirmed address, for mail. */
		readonly email: string | null;
		readonly sealed: SealedToken | null;
	};
}

/** `gone`: the receiver wants nothing any more. */
interface Attempt {
	readonly outcome: 'delivered' | 'failed' | 'gone';
	readonly status: number | null;
	/** For the log that the user reads: never what the receiver said. */
	readonly words: string;
}

export interface DeliveryPorts {
	readonly control: Session;
	readonly environment: Pick<Environment, 'tokenKeys' | 'webUrl' | 'mailServer'>;
	readonly reach: Reach;
}

/** Tried side by side: as many receivers that hang cost one time limit together. */
const AT_ONCE = 20;
/** What one invocation does at most: signing and TLS cost CPU, of which it has two seconds. */
const MOST_BATCHES = 3;

/** Works until nothing is due, or enough was done; the rest is woken for. The number of attempts made. */
export async function deliverDue(ports: DeliveryPorts): Promise<number> {
	let made = 0;
	for (let batch = 1; batch <= MOST_BATCHES; batch += 1) {
		const [row] = await ports.control.query<{ claimed: readonly ClaimedDelivery[] }>(
			'select private.claim_deliveries($1::int) as claimed',
			[AT_ONCE],
		);
		const claimed = row?.claimed ?? [];
		await attemptAll(claimed, ports);
		made += claimed.length;
		if (claimed.length < AT_ONCE) return made;
	}
	await ports.control.query('select private.wake_notifications()');
	return made;
}

/** Each outcome is stored as it comes, one after the other: they share a session. */
async function attemptAll(
	deliveries: readonly ClaimedDelivery[],
	ports: DeliveryPorts,
): Promise<void> {
	let storing: Promise<unknown> = Promise.resolve();
	await Promise.all(
		deliveries.map(async (delivery) => {
			const { outcome, status, words } = await attempt(delivery, ports);
			storing = storing.then(() =>
				ports.control.query('select private.end_delivery($1::uuid, $2::int, $3, $4::int, $5)', [
					delivery.id,
					delivery.attempt,
					outcome,
					status,
					words,
				]),
			);
			await storing;
		}),
	);
}

async function attempt(delivery: ClaimedDelivery, ports: DeliveryPorts): Promise<Attempt> {
	try {
		return delivery.channel.kind === 'mail'
			? await mail(delivery, ports)
			: attemptOf(await post(delivery, ports));
	} catch (error) {
		const words = error instanceof TwinsError ? error.message : 'It could not be sent';
		return { outcome: 'failed', status: null, words: `${words}.` };
	}
}

async function post(
	{ notification, channel }: ClaimedDelivery,
	{ environment, reach }: DeliveryPorts,
): Promise<number> {
	if (channel.sealed === null) throw new TwinsError('internal', 'It has no address', '');
	const address = await openAddress(environment.tokenKeys, channel.id, channel.sealed);
	const isWebhook = channel.kind === 'webhook';
	const body = (isWebhook ? webhookBody : slackBody)(notification, environment.webUrl);
	const signed =
		address.signing_secret === null
			? {}
			: await signedHeaders(address.signing_secret, notification.id, new Date(), body);
	const headers = { 'content-type': 'application/json', 'user-agent': 'twins', ...signed };
	return postOutside({ url: address.url, headers, body }, reach);
}

const GONE = 410;

function attemptOf(status: number): Attempt {
	if (status >= 200 && status < 300) {
		return { outcome: 'delivered', status, words: `Answered ${status}.` };
	}
	if (status === GONE) {
		return { outcome: 'gone', status, words: 'The receiver answered 410: it is gone.' };
	}
	const isRedirect = status >= 300 && status < 400;
	const words = `Answered ${status}${isRedirect ? ': redirects are not followed' : ''}.`;
	return { outcome: 'failed', status, words };
}

async function mail(
	{ notification, channel }: ClaimedDelivery,
	{ environment }: DeliveryPorts,
): Promise<Attempt> {
	if (environment.mailServer === null) {
		throw new TwinsError('unsupported', 'This installation sends no mail', '');
	}
	if (channel.email === null) {
		throw new TwinsError('conflict', 'Your email address is not confirmed', '');
	}
	await sendMail(environment.mailServer, {
		id: notification.id,
		to: channel.email,
		subject: notification.title,
		text: mailText(notification, environment.webUrl),
	});
	return { outcome: 'delivered', status: null, words: 'The mail server took it.' };
}
