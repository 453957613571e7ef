// What a bucket or an object may be called, sizes and types that may be uploaded. Pure.
import { storageErrors } from './errors.ts';

/** Hosted Storage refuses every other character; newer self-hosted ones take any text. */
const STRICT_KEY = /^[\w/!\-.*'() &$@=;:+,?]*$/;
const BUCKET_NAME = /^[\w!\-.*'() &$@=;:+,?]*$/;
const CONTROL = /[\u0000-\u001f\u007f]/;

export function mustBeKey(key: string, strict: boolean): string {
	const valid = key !== '' && !CONTROL.test(key) && (!strict || STRICT_KEY.test(key));
	if (!valid || Buffer.byteLength(key) > 1024) throw storageErrors.invalidKey(key);
	return key;
}

export function mustBeBucketName(name: string): string {
	if (name === '' || name.length > 100 || !BUCKET_NAME.test(name) || name.trim() !== name) {
		throw storageErrors.invalidBucketName();
	}
	return name;
}

/** Throws unless the type is allowed; `image/*` allows all of its kind; null or none allows all. */
export function mustBeAllowedType(type: string, allowed: readonly string[] | null): void {
	if (allowed === null || allowed.length === 0) return;
	const [kind, subtype] = (type.split(';')[0] ?? '').trim().split('/');
	const fits = allowed.some((pattern) => {
		const [allowedKind, allowedSubtype] = pattern.split('/');
		if (allowedKind === '*') return true;
		return allowedKind === kind && (allowedSubtype === '*' || allowedSubtype === subtype);
	});
	if (!fits) throw storageErrors.invalidMimeType(type);
}

const UNITS: Readonly<Record<string, number>> = { GB: 1e9, MB: 1e6, KB: 1e3, B: 1 };

/** Bytes of a limit as clients send it: a number, `20MB`, or null. */
export function parseSizeLimit(limit: unknown): number | null {
	if (limit === null || limit === undefined || limit === '') return null;
	if (typeof limit === 'number') return Math.trunc(limit);
	const match = /^(\d+(?:\.\d+)?)(gb|mb|kb|b)?$/i.exec(String(limit));
	if (!match) throw storageErrors.invalidSizeLimit();
	return Math.trunc(Number(match[1]) * (UNITS[(match[2] ?? 'B').toUpperCase()] ?? 1));
}
