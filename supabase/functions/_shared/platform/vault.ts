// Tokens of connected accounts, encrypted with AES-256-GCM. The key is in the functions' environment,
// the ciphertext in the database: neither alone opens an account.
import { TwinsError } from '../domain/errors.ts';

/** What private.account_credentials stores; binary parts as base64. */
export interface SealedToken {
	readonly key_id: string;
	readonly iv: string;
	readonly ciphertext: string;
}

/** Keys by id. New tokens are sealed with `current`; older keys still open what they sealed. */
export interface TokenKeys {
	readonly current: string;
	readonly byId: ReadonlyMap<string, CryptoKey>;
}

const IV_BYTES = 12;

/**
 * Keys from `id` and base64 of 32 bytes; `previous` is a JSON object of older ids and keys.
 * Throws `internal` when a key is not 32 bytes.
 */
export async function importTokenKeys(
	id: string,
	key: string,
	previous: Readonly<Record<string, string>> = {},
): Promise<TokenKeys> {
	const byId = new Map<string, CryptoKey>();
	for (const [keyId, text] of Object.entries({ ...previous, [id]: key })) {
		byId.set(keyId, await importKey(keyId, text));
	}
	return { current: id, byId };
}

/** What the password of a project's database is sealed for. */
export const databasePasswordOf = (accountId: string, ref: string): string => `${accountId}/${ref}`;

/** What the temporary login to a project's database is sealed for. */
export const databaseLoginOf = (accountId: string, ref: string): string =>
	`login of ${databasePasswordOf(accountId, ref)}`;

/** What the verifier of a user who is agreeing at Supabase is sealed for; accounts have UUIDs. */
export const oauthRequestOf = (userId: string): string => `oauth request of ${userId}`;

/** Seals a secret for its holder (an account's id): a ciphertext moved to another's row does not open. */
export async function sealToken(
	keys: TokenKeys,
	accountId: string,
	token: string,
): Promise<SealedToken> {
	const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
	const ciphertext = await crypto.subtle.encrypt(
		{ name: 'AES-GCM', iv, additionalData: bytes(accountId) },
		keyOf(keys, keys.current),
		bytes(token),
	);
	return {
		key_id: keys.current,
		iv: toBase64(iv),
		ciphertext: toBase64(new Uint8Array(ciphertext)),
	};
}

/** Opens what `sealToken` made. Throws `secret_unreadable` when it cannot be opened: the account may be well. */
export async function openToken(
	keys: TokenKeys,
	accountId: string,
	sealed: SealedToken,
): Promise<string> {
	const key = keyOf(keys, sealed.key_id);
	try {
		const plain = await crypto.subtle.decrypt(
			{ name: 'AES-GCM', iv: fromBase64(sealed.iv), additionalData: bytes(accountId) },
			key,
			fromBase64(sealed.ciphertext),
		);
		return new TextDecoder().decode(plain);
	} catch {
		throw new TwinsError(
			'secret_unreadable',
			`The encryption key "${sealed.key_id}" of this installation does not open what is stored`,
			'Give the functions the TWINS_ENCRYPTION_KEY that it was sealed with; where that is lost, enter the token, password or address again.',
		);
	}
}

async function importKey(id: string, text: string): Promise<CryptoKey> {
	const raw = fromBase64(text);
	if (raw.length !== 32) {
		throw new TwinsError(
			'internal',
			`The encryption key "${id}" is not 32 bytes long`,
			'Set TWINS_ENCRYPTION_KEY to the base64 of 32 random bytes: openssl rand -base64 32',
		);
	}
	return crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

function keyOf(keys: TokenKeys, id: string): CryptoKey {
	const key = keys.byId.get(id);
	if (!key) {
		throw new TwinsError(
			'secret_unreadable',
			`What is stored was sealed with the encryption key "${id}", which this installation does not have`,
			'Add it to TWINS_ENCRYPTION_KEYS_PREVIOUS; where it is lost, enter the token, password or address again.',
		);
	}
	return key;
}

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

function toBase64(data: Uint8Array): string {
	return btoa(Array.from(data, (byte) => String.fromCharCode(byte)).join(''));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
	return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
