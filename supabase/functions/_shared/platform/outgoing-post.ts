// A POST to an address that a user gave. Only public addresses are reached: every address that the name has is looked
// at, and the connection goes to one of those, so that a name which resolves otherwise a moment later gains nothing.
// Redirects are not followed, of the answer only the status is read, and all of it has one time limit.
import * as dns from 'node:dns/promises';
import * as http from 'node:http';
import * as https from 'node:https';
import ipaddr from 'ipaddr.js';
import { TwinsError } from '../domain/errors.ts';

export interface NetworkAddress {
	readonly address: string;
	readonly family: number;
}

export interface Reach {
	/** Also http and addresses of private networks: for local stacks and tests only. */
	readonly allowsPrivate: boolean;
	/** All addresses of a name; the system's resolver where nothing is said. */
	readonly resolve?: ((name: string) => Promise<readonly NetworkAddress[]>) | undefined;
	/** For connecting, sending and the status of the answer together. */
	readonly timeoutMs?: number | undefined;
}

export interface OutgoingPost {
	readonly url: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: string;
}

const TIMEOUT_MS = 10_000;

const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3');

/** Whether an address is one of the internet, whatever it is written as. */
export function isPublicAddress(text: string): boolean {
	if (!ipaddr.isValid(text)) return false;
	const address = ipaddr.process(text);
	return address.range() === 'unicast' && (address.kind() === 'ipv4' || address.match(GLOBAL_IPV6));
}

/**
 * An address that may be posted to, with what its name resolves to. Throws `bad_request` for one that may not, and
 * `api_unavailable` (passing) when the name does not resolve now.
 */
export async function checkAddress(
	text: string,
	reach: Reach,
): Promise<{ readonly url: URL; readonly addresses: readonly NetworkAddress[] }> {
	const url = URL.canParse(text) ? new URL(text) : null;
	if (url === null || !(url.protocol === 'https:' || (reach.allowsPrivate && isHttp(url)))) {
		throw new TwinsError(
			'bad_request',
			'This is not an https address',
			'Copy it from the receiver, for example https://example.com/hooks/twins.',
		);
	}
	if (url.username !== '' || url.password !== '') {
		throw new TwinsError(
			'bad_request',
			'The address holds a user name or password',
			'Take it out: messages are signed instead.',
		);
	}
	const addresses = await resolve(url, reach);
	if (!reach.allowsPrivate && !addresses.every(({ address }) => isPublicAddress(address))) {
		throw new TwinsError(
			'bad_request',
			`"${url.hostname}" is an address of a private network`,
			'Use one that can be reached from the internet.',
		);
	}
	return { url, addresses };
}

/**
 * Posts once; the status of the answer, whatever it is. Throws as `checkAddress`, and `api_unavailable` (passing) when no
 * answer came in time.
 */
export async function postOutside(post: OutgoingPost, reach: Reach): Promise<number> {
	const timeoutMs = reach.timeoutMs ?? TIMEOUT_MS;
	const late = Promise.withResolvers<never>();
	// Awaited in the race below; it must not be unhandled before.
	late.promise.catch(() => undefined);
	const timer = setTimeout(
		() => late.reject(unavailable(`No answer within ${timeoutMs / 1000} seconds`)),
		timeoutMs,
	);
	const closing = new AbortController();
	try {
		const { url, addresses } = await Promise.race([checkAddress(post.url, reach), late.promise]);
		return await Promise.race([send(post, url, addresses, closing.signal), late.promise]);
	} finally {
		clearTimeout(timer);
		closing.abort();
	}
}

const isHttp = (url: URL): boolean => url.protocol === 'http:';

async function resolve(url: URL, reach: Reach): Promise<readonly NetworkAddress[]> {
	// URL has made one form of all (decimal, hexadecimal, octal); IPv6 stands in brackets.
	const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
	if (ipaddr.isValid(name)) {
		return [{ address: name, family: ipaddr.parse(name).kind() === 'ipv6' ? 6 : 4 }];
	}
	try {
		const look = reach.resolve ?? ((host: string) => dns.lookup(host, { all: true }));
		const addresses = await look(name);
		if (addresses.length > 0) return addresses;
	} catch {
		// The same as no address.
	}
	throw unavailable(`The name "${name}" has no address`);
}

function send(
	post: OutgoingPost,
	url: URL,
	addresses: readonly NetworkAddress[],
	closing: AbortSignal,
): Promise<number> {
	const { promise, resolve: answer, reject } = Promise.withResolvers<number>();
	const request = (isHttp(url) ? http : https).request(url, {
		method: 'POST',
		// A pooled connection was looked at for another request.
		agent: false,
		headers: { ...post.headers, 'content-length': new TextEncoder().encode(post.body).length },
		lookup: pinned(addresses),
	});
	closing.addEventListener('abort', () => request.destroy(), { once: true });
	request.once('error', (error: NodeJS.ErrnoException) =>
		reject(unavailable(`No connection (${error.code ?? error.message})`)),
	);
	request.once('response', (response) => {
		response.on('error', () => undefined);
		answer(response.statusCode ?? 0);
	});
	request.end(post.body);
	return promise;
}

/** For connections that a library makes: names are resolved here, and one with an address of a private network has none. */
export const guardedLookup =
	(reach: Reach): NonNullable<https.RequestOptions['lookup']> =>
	(name, options, answer) => {
		const look = reach.resolve ?? ((host: string) => dns.lookup(host, { all: true }));
		void look(name).then(
			(addresses) => {
				const isRefused =
					addresses.length === 0 ||
					(!reach.allowsPrivate && !addresses.every(({ address }) => isPublicAddress(address)));
				if (isRefused) answer(new Error('it is an address of a private network'), '', 0);
				else pinned(addresses)(name, options, answer);
			},
			(error: unknown) => answer(error instanceof Error ? error : new Error(String(error)), '', 0),
		);
	};

/** Answers with the addresses that were looked at, whichever name is asked for. */
const pinned =
	(addresses: readonly NetworkAddress[]): NonNullable<https.RequestOptions['lookup']> =>
	(_name, options, answer) => {
		if (options.all === true) return answer(null, [...addresses]);
		const [first = { address: '', family: 0 }] = addresses;
		return answer(null, first.address, first.family);
	};

const unavailable = (message: string): TwinsError =>
	new TwinsError('api_unavailable', message, 'See whether the receiver is up.', { passing: true });
