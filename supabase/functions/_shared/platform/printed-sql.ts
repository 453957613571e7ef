// SQL that Postgres printed, made to be read back as what it was. It is the only change ever made to such SQL,
// and the definition that Postgres prints afterwards is the source's to the letter.

/** Strings, quoted names and dollar quotes, in which nothing is looked for; then what is looked for. */
const TOKENS =
	/\bE'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$((?:[\p{L}_][\p{L}\p{N}_]*)?)\$.*?\$\1\$|\barray\[|[()[\]]|\b(?:AND|OR)\b/gisu;

/** A bracket that is open. */
interface Bracket {
	/** Where what is in it begins. */
	readonly end: number;
	readonly isArray: boolean;
	/** Whether it follows another opening bracket at once. */
	readonly isFirst: boolean;
	/** What connects the expressions in it: the printer puts no two kinds into one bracket. */
	connective?: string;
}

/**
 * Adds casts that change nothing and leave no trace, where the parser would otherwise make something else of
 * what the printer wrote:
 *
 * - `status in ('a', 'b')` on a varchar is printed as `(ARRAY['a'::varchar, 'b'::varchar])::text[]`, and a cast
 *   of an array expression is read as a cast of each element (transformTypeCast in parse_expr.c). A cast to
 *   anyarray in between is read as nothing.
 * - `x between 1 and 2 and y` is printed as `((x >= 1 AND x <= 2) AND y)`, and a connection that begins with
 *   one of its kind is read as one list (makeAndExpr in gram.y). A cast to boolean in between is read as nothing.
 *
 * Without them a constraint, view or policy would differ from its source in every dump from then on.
 */
export function readBackAsPrinted(sql: string): string {
	let kept = '';
	let from = 0;
	for (const { at, cast } of castsToAdd(sql)) {
		kept += sql.slice(from, at) + cast;
		from = at;
	}
	return kept + sql.slice(from);
}

/** Where which cast is missing, ascending. */
function castsToAdd(sql: string): { at: number; cast: string }[] {
	const casts: { at: number; cast: string }[] = [];
	const open: Bracket[] = [];
	for (const { 0: token, index } of sql.matchAll(TOKENS)) {
		const end = index + token.length;
		const last = token.at(-1);
		if (last === '[' || last === '(') {
			open.push({ end, isArray: token.length > 1, isFirst: sql[index - 1] === '(' });
		} else if (token === ']' || token === ')') {
			const bracket = open.pop();
			const cast = bracket && castAfter(sql, bracket, index);
			if (cast) casts.push({ at: end, cast });
		} else if (/^(?:AND|OR)$/.test(token)) {
			const bracket = open.at(-1);
			if (bracket) bracket.connective = token;
		}
	}
	return casts;
}

function castAfter(sql: string, bracket: Bracket, closing: number): string | undefined {
	const rest = sql.slice(closing + 1, closing + 6);
	if (bracket.isArray) {
		const isEmpty = sql.slice(bracket.end, closing).trim() === '';
		return !isEmpty && /^\)?::/.test(rest) ? '::anyarray' : undefined;
	}
	const { isFirst, connective } = bracket;
	return isFirst && connective && rest.startsWith(` ${connective} `) ? '::boolean' : undefined;
}
