// Finds what looks like a key in a text, for a source whose own keys could not be read: then nobody can tell
// which key is whose, and none may travel. Knows shapes, no values.

/** A legacy key or a token of a user. */
export const JWT = 'eyJ[\\w-]{8,}\\.eyJ[\\w-]{8,}\\.[\\w-]{8,}';

/** What a placeholder looks like; `%` and `$` begin the argument of a format or a template. */
export const PLACEHOLDER = 'REPLACE_WITH_[A-Z0-9_]+';

/** A quote as SQL, JSON or JSON inside of SQL writes it. */
const QUOTE = `(?:\\\\*["']|''|\\$\\w*\\$)`;
const VALUE = `[\\w.+/=~:-]`;

interface Shape {
	/** What it is called, and what its placeholder is made of. */
	readonly label: string;
	/** Group `before` stays, group `value` is the key. */
	readonly pattern: RegExp;
}

const shape = (label: string, before: string, value: string, flags = 'g'): Shape => ({
	label,
	pattern: new RegExp(`(?<before>${before})(?<value>${value})`, flags),
});

const SHAPES: readonly Shape[] = [
	shape('JWT', '(?<![A-Za-z0-9])', JWT),
	shape('secret key', '(?<![A-Za-z0-9])', 'sb_secret_[\\w-]{4,}'),
	shape('publishable key', '(?<![A-Za-z0-9])', 'sb_publishable_[\\w-]{4,}'),
	shape('bearer token', '(?<![A-Za-z])bearer(?:\\s+|%20|\\+)', `${VALUE}{6,}`, 'gi'),
	// `'apikey', 'value'`, `"apikey": "value"`, `'apikey' => 'value'`; a name without quotes would be a variable.
	shape(
		'api key',
		`(?<![A-Za-z])api[-_]?key${QUOTE}?\\s*(?::=|:|=>|=|,)\\s*(?:e|n)?${QUOTE}`,
		`${VALUE}{4,}`,
		'gi',
	),
	shape('api key', `[?&]api[-_]?key=`, `[\\w.+/~%-]{4,}`, 'gi'),
];

/** The text with `replace` asked about every value that looks like a key; undefined keeps it. */
export function replaceKeyLike(
	text: string,
	replace: (value: string, label: string) => string | undefined,
): string {
	return SHAPES.reduce(
		(whole, { label, pattern }) =>
			whole.replace(pattern, (match: string, before: string, value: string) => {
				if (new RegExp(`^${PLACEHOLDER}$`).test(value)) return match;
				return `${before}${replace(value, label) ?? value}`;
			}),
		text,
	);
}

/** Cheap: false where `replaceKeyLike` would find nothing. */
export const mayHoldKeys = (text: string): boolean =>
	text.includes('eyJ') || text.includes('sb_') || /bearer|api[-_]?key/i.test(text);

/**
 * True when a text is what was wanted, or became it once somebody put values in place of the placeholders: a
 * later clone must not take them away again. Values that the source's own text has do not count: they are the
 * keys that were not to travel.
 */
export function isFilledIn(wanted: string, found: string, original: string): boolean {
	if (wanted === found) return true;
	const parts = wanted.split(new RegExp(PLACEHOLDER));
	if (parts.length === 1) return false;
	const escaped = parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
	const match = new RegExp(`^${escaped.join(`([^\\s'"]+)`)}$`).exec(found);
	return match !== null && match.slice(1).every((value) => !original.includes(value));
}
