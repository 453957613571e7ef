// Ignore rules: tables whose rows a clone leaves out. The engine applies them, the pages show what they match.

const LONGEST_PATTERN = 200;

/** `public.*`, `*.audit_log`, `public.orders`: `*` stands for any characters. */
export function ruleMatches(pattern: string, table: string): boolean {
	const escaped = pattern
		.split('*')
		.map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
		.join('.*');
	return new RegExp(`^${escaped}$`, 's').test(table);
}

/** What is wrong with a pattern, in words; null when it is good. */
export function patternProblem(pattern: string): string | null {
	if (pattern === '')
		return 'Type a table, such as public.events, or a pattern, such as public.tmp_*.';
	if (pattern.length > LONGEST_PATTERN) {
		return `A pattern has at most ${LONGEST_PATTERN} characters.`;
	}
	if (!/^[^.]+\.[^.].*$/.test(pattern)) {
		return 'Write schema and table with a dot between them, such as public.events.';
	}
	return null;
}
