// What may be shown of a text that code of users wrote about a row: its words, none of the values in it.

const HIDDEN = '…';

/** Signs that values stand between. An apostrophe between letters is none. */
const SIGN = /["`«»“”()[\]{}<>$]|(?<![\p{L}\p{N}])['‘]|['’](?![\p{L}\p{N}])/gu;

/** What follows is what a text is about: `no such customer: Anna`, `name=Anna`. */
const NAMED_VALUE = /\s*(?:[:=]|->).*$/u;

const LETTERS = /[\p{L}\p{M}]+/gu;

const LONGEST_WORD = 24;
const LONGEST = 200;

/**
 * The words of a message without what may be a value: all from the first quote or bracket to the last (a value may hold
 * some itself), what follows a colon, and every word with a digit or sign in it, in mixed case, or too long for a word.
 * `values`: text of the row; none of its words is shown.
 */
export function plainWords(message: string, values = ''): string {
	const ofRow = new Set(values.toLowerCase().match(LETTERS));
	const [line = '', ...more] = message.split(/[\r\n]/);
	const words = withoutNamed(withoutQuoted(line))
		.split(/\s+/)
		.map((word) => (isWord(word) && !isOfRow(word, ofRow) ? word : HIDDEN));
	if (more.some((rest) => rest.trim() !== '')) words.push(HIDDEN);
	return words
		.filter((word, index) => word !== HIDDEN || words[index - 1] !== HIDDEN)
		.join(' ')
		.trim()
		.slice(0, LONGEST);
}

function withoutQuoted(text: string): string {
	const signs = [...text.matchAll(SIGN)].map(({ index }) => index);
	const [first] = signs;
	if (first === undefined) return text;
	// One without its partner: where the value ends cannot be known.
	const rest = signs.length === 1 ? '' : text.slice((signs.at(-1) ?? first) + 1);
	return `${text.slice(0, first)} ${HIDDEN} ${rest}`;
}

function withoutNamed(text: string): string {
	const index = text.search(NAMED_VALUE);
	return index < 0 ? text : `${text.slice(0, index)} ${HIDDEN}`;
}

function isWord(word: string): boolean {
	const bare = word.replace(/[.,;!?…]+$/u, '');
	return (
		bare.length <= LONGEST_WORD &&
		/^[\p{L}\p{M}]*(?:[_'’-][\p{L}\p{M}]+)*$/u.test(bare) &&
		!/\p{Ll}\p{Lu}/u.test(bare)
	);
}

const isOfRow = (word: string, ofRow: ReadonlySet<string>): boolean =>
	(word.toLowerCase().match(LETTERS) ?? []).some((letters) => ofRow.has(letters));
