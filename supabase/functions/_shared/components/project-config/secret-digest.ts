// Whether a secret field of Auth has a value. The API shows HMAC-SHA256(key = ref, secret), so an empty secret
// may show as null, as '' or as the HMAC of nothing.
import type { Config } from './plan.ts';

/** A test for "this field has a value" of one project's settings. */
export async function secretTest(ref: string, config: Config): Promise<(field: string) => boolean> {
	const empty = await emptyDigest(ref);
	return (field) => {
		const shown = config[field];
		return typeof shown === 'string' && shown !== '' && shown.toLowerCase() !== empty;
	};
}

async function emptyDigest(ref: string): Promise<string> {
	const algorithm = { name: 'HMAC', hash: 'SHA-256' };
	const bytes = new TextEncoder().encode(ref);
	const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign']);
	const digest = new Uint8Array(await crypto.subtle.sign('HMAC', key, new Uint8Array()));
	return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
