// age (age-encryption.org/v1): files that only the owner of an identity can read, with the tool `age` as well as here.
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption';
import { TwinsError } from '../domain/errors.ts';

interface AgeKeys {
	/** `AGE-SECRET-KEY-1…` */
	readonly identity: string;
	/** `age1…` */
	readonly recipient: string;
}

export async function makeAgeKeys(): Promise<AgeKeys> {
	const identity = await generateX25519Identity();
	return { identity, recipient: await identityToRecipient(identity) };
}

/** The recipient that belongs to an identity. Throws `bad_request` for anything else. */
export async function recipientOf(identity: string): Promise<string> {
	try {
		return await identityToRecipient(identity.trim());
	} catch {
		throw new TwinsError(
			'bad_request',
			'This is no key of age',
			'Give the line of your key file that begins with AGE-SECRET-KEY-1.',
		);
	}
}

/** A recipient as the tool age prints it. Throws `bad_request` for anything else. */
export function checkRecipient(given: string): string {
	const recipient = given.trim();
	try {
		new Encrypter().addRecipient(recipient);
		if (/^age1[a-z0-9]{58}$/.test(recipient)) return recipient;
	} catch {
		// Said below.
	}
	throw new TwinsError(
		'bad_request',
		'This is no public key of age',
		'Give the one that age-keygen prints: it begins with age1. The secret one stays with you.',
	);
}

export async function encryptFor(
	recipient: string,
	bytes: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
	const encrypter = new Encrypter();
	encrypter.addRecipient(recipient);
	return new Uint8Array(await encrypter.encrypt(bytes));
}

/** Null where the identity does not open it, or it was changed. */
export async function decryptWith(
	identity: string,
	bytes: Uint8Array,
): Promise<Uint8Array<ArrayBuffer> | null> {
	const decrypter = new Decrypter();
	decrypter.addIdentity(identity.trim());
	try {
		return new Uint8Array(await decrypter.decrypt(bytes));
	} catch {
		return null;
	}
}
