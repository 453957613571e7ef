// What an ignore rule may look like: `schema.table`, `*` for any characters.
const LONGEST = 200;

/** What is wrong with a pattern, in words; null when it is good. */
export function patternProblem(pattern: string): string | null {
	if (pattern === '')
		return 'Type a table, such as public.events, or a pattern, such as public.tmp_*.';
	if (pattern.length > LONGEST) return `A pattern has at most ${LONGEST} characters.`;
	if (!/^[^.]+\.[^.].*$/.test(pattern)) {
		return 'Write schema and table with a dot between them, such as public.events.';
	}
	return null;
}
