// Takes keys and tokens out of texts that people will read or that are stored: error messages, reports, plans.

/** Tokens and keys of Supabase, JWTs, bearer tokens, and keys of others with an unmistakable form. */
const LOOKS_SECRET = new RegExp(
	[
		String.raw`\bsbp_(?:oauth_|v0_)?[0-9a-z]{16,}`,
		String.raw`\bsb_secret_[\w-]{8,}`,
		String.raw`\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*`,
		String.raw`\b(?:sk|rk)_(?:live|test)_\w{8,}`,
		String.raw`\bwhsec_[\w+/=-]{8,}`,
		String.raw`\bgh[pousr]_\w{16,}`,
		String.raw`\bxox[abeprs]-[\w-]{8,}`,
		String.raw`(?<=\bBearer\s)[\w.~+/=-]{6,}`,
	].join('|'),
	'gi',
);

/** `text` without the given secrets and without anything that looks like a token or key. */
export function redact(text: string, secrets: readonly string[] = []): string {
	return secrets
		.filter((secret) => secret.length > 0)
		.reduce((clean, secret) => clean.replaceAll(secret, '[hidden]'), text)
		.replace(LOOKS_SECRET, '[hidden]');
}

/** A JSON object with every text in it redacted. */
export function redactObject(object: object): Record<string, unknown> {
	const clean = (value: unknown): unknown => {
		if (typeof value === 'string') return redact(value);
		if (Array.isArray(value)) return value.map(clean);
		return typeof value === 'object' && value !== null ? redactObject(value) : value;
	};
	return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, clean(value)]));
}
