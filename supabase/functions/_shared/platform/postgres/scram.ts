// SCRAM-SHA-256 (RFC 5802, 7677) as Postgres speaks it, without channel binding. Pure: text in, text out.

const encoder = new TextEncoder();

export interface Scram {
	/** client-first-message. */
	readonly first: string;
	/** client-final-message for the server's first one. Throws when the server's nonce is not ours. */
	answer(serverFirst: string): Promise<string>;
	/** True when the server proved to know the password too. */
	isServerGenuine(serverFinal: string): boolean;
}

/** One exchange. Postgres takes the user from the startup message, so the name in here stays empty. */
export function startScram(password: string): Scram {
	const nonce = toBase64(crypto.getRandomValues(new Uint8Array(18)));
	const bare = `n=,r=${nonce}`;
	let expectedServerFinal = '';
	return {
		first: `n,,${bare}`,
		async answer(serverFirst) {
			const { r: combined, s: salt, i: iterations } = attributes(serverFirst);
			if (!combined?.startsWith(nonce) || salt === undefined || iterations === undefined) {
				throw new Error('the server answered authentication with a foreign nonce');
			}
			const salted = await stretch(
				password.normalize('NFKC'),
				fromBase64(salt),
				Number(iterations),
			);
			const clientKey = await hmac(salted, 'Client Key');
			const storedKey = new Uint8Array(await crypto.subtle.digest('SHA-256', clientKey));
			const withoutProof = `c=biws,r=${combined}`;
			const transcript = `${bare},${serverFirst},${withoutProof}`;
			const signature = await hmac(storedKey, transcript);
			const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
			const serverKey = await hmac(salted, 'Server Key');
			expectedServerFinal = toBase64(await hmac(serverKey, transcript));
			return `${withoutProof},p=${toBase64(proof)}`;
		},
		isServerGenuine: (serverFinal) => attributes(serverFinal)['v'] === expectedServerFinal,
	};
}

function attributes(message: string): Record<string, string | undefined> {
	return Object.fromEntries(message.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}

async function stretch(password: string, salt: Bytes, iterations: number): Promise<Bytes> {
	const key = await crypto.subtle.importKey('raw', encoder.encode(password), 'PBKDF2', false, [
		'deriveBits',
	]);
	const parameters = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations };
	return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 256));
}

async function hmac(secret: Bytes, text: string): Promise<Bytes> {
	const algorithm = { name: 'HMAC', hash: 'SHA-256' };
	const key = await crypto.subtle.importKey('raw', secret, algorithm, false, ['sign']);
	return new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)));
}

type Bytes = Uint8Array<ArrayBuffer>;

function toBase64(bytes: Uint8Array): string {
	return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Bytes {
	return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
