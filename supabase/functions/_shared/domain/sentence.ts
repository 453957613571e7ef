// One form for all remarks that people read: what is written here and there as a few words or as a sentence is shown
// alike, with a capital and without a full stop.

/** First words that are names or values, and stay as they are. */
const VALUES: readonly string[] = ['true', 'false', 'null'];

/** A remark as it is shown. Names at its beginning (`file_size_limit`, `public.t`, `"x"`) keep their letters. */
export function asRemark(text: string): string {
	const [first = ''] = text.split(/[\s:;,]/, 1);
	const isWord = /^[a-z]+(?:[-’'][a-z]+)*$/.test(first) && !VALUES.includes(first);
	const shown = isWord ? text.charAt(0).toUpperCase() + text.slice(1) : text;
	const isOneSentence = shown.indexOf('. ') === -1 && !/\.\.\.?$/.test(shown);
	return isOneSentence && shown.endsWith('.') ? shown.slice(0, -1) : shown;
}
