// Signatures of webhooks as Standard Webhooks has them (standardwebhooks.com): HMAC-SHA-256 of id, time and body.

const SECRET_PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** What receivers check signatures with; shown once, when the channel is added. */
export function newSigningSecret(): string {
	return SECRET_PREFIX + toBase64(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));
}

/** Headers of a webhook. `id` is the same for every attempt, `at` is the attempt's. */
export async function signedHeaders(
	secret: string,
	id: string,
	at: Date,
	body: string,
): Promise<Record<string, string>> {
	const seconds = String(Math.floor(at.getTime() / 1000));
	const key = await crypto.subtle.importKey(
		'raw',
		Uint8Array.from(atob(secret.slice(SECRET_PREFIX.length)), (character) =>
			character.charCodeAt(0),
		),
		{ name: 'HMAC', hash: 'SHA-256' },
		false,
		['sign'],
	);
	const content = new TextEncoder().encode(`${id}.${seconds}.${body}`);
	const signature = new Uint8Array(await crypto.subtle.sign('HMAC', key, content));
	return {
		'webhook-id': id,
		'webhook-timestamp': seconds,
		'webhook-signature': `v1,${toBase64(signature)}`,
	};
}

function toBase64(data: Uint8Array): string {
	return btoa(String.fromCharCode(...data));
}
