// SQL that Postgres printed, made to be read back as what it was. It is the only change ever made to such SQL,
// and the definition that Postgres prints afterwards is the source's to the letter. Why it takes text: docs/adr/0008.

/** Strings, quoted names and dollar quotes, in which nothing is looked for; then what is looked for. */
const TOKENS =
	/\bE'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$((?:[\p{L}_][\p{L}\p{N}_]*)?)\$.*?\$\1\$|\bARRAY\[|[()[\],;]|::|\b(?:AND|OR|SELECT|AS|FROM|WHERE|GROUP|HAVING|WINDOW|UNION|INTERSECT|EXCEPT|ORDER|LIMIT|OFFSET|FETCH|FOR)\b/gsu;

/** An entry of the list that follows SELECT. */
interface Entry {
	isCast: boolean;
	isNamed: boolean;
}

/** What stands between two brackets, up to the token that is looked at. */
interface Level {
	readonly begin: number;
	readonly isArray: boolean;
	/** Whether its bracket follows another opening one at once. */
	readonly isFirst: boolean;
	/** What connects its expressions: the printer puts no two kinds into one pair of brackets. */
	connective?: string;
	entry?: Entry | undefined;
}

interface Insertion {
	readonly at: number;
	readonly text: string;
}

/**
 * Adds what changes nothing and leaves no trace, where the parser would otherwise make something else of what
 * the printer wrote:
 *
 * - `status in ('a', 'b')` on a varchar is printed as `(ARRAY['a'::varchar, 'b'::varchar])::text[]`, and a cast
 *   of an array expression is read as a cast of each element (transformTypeCast in parse_expr.c). A cast to
 *   anyarray in between is read as nothing.
 * - `x between 1 and 2 and y` is printed as `((x >= 1 AND x <= 2) AND y)`, and a connection that begins with
 *   one of its kind is read as one list (makeAndExpr in gram.y). A cast to boolean in between is read as nothing.
 * - The nameless `'b'` of `select … union select 'b'` is printed as `'b'::text`, and a cast is read as having
 *   the name of its type (FigureColname in parse_target.c). Names are only left out where they are "?column?".
 *
 * Without this a constraint, view or policy would differ from its source in every dump from then on.
 */
export function readBackAsPrinted(sql: string): string {
	if (!/ARRAY\[|\) (?:AND|OR) |SELECT/.test(sql)) return sql;
	let kept = '';
	let from = 0;
	for (const { at, text } of insertions(sql)) {
		kept += sql.slice(from, at) + text;
		from = at;
	}
	return kept + sql.slice(from);
}

/** What is missing where, ascending. */
function insertions(sql: string): Insertion[] {
	const found: Insertion[] = [];
	const outer: Level[] = [];
	let level: Level = { begin: 0, isArray: false, isFirst: false };
	const endEntry = (index: number): void => {
		const { entry } = level;
		level.entry = undefined;
		if (!entry?.isCast || entry.isNamed) return;
		found.push({ at: sql.slice(0, index).trimEnd().length, text: ' AS "?column?"' });
	};
	for (const { 0: token, index } of sql.matchAll(TOKENS)) {
		switch (token) {
			case 'ARRAY[':
			case '[':
			case '(':
				outer.push(level);
				level = {
					begin: index + token.length,
					isArray: token === 'ARRAY[',
					isFirst: sql[index - 1] === '(',
				};
				break;
			case ']':
			case ')': {
				endEntry(index);
				const cast = castAfter(sql, level, index);
				if (cast) found.push({ at: index + 1, text: cast });
				level = outer.pop() ?? level;
				break;
			}
			case 'AND':
			case 'OR':
				level.connective = token;
				break;
			case '::':
				if (level.entry) level.entry.isCast = true;
				break;
			case 'AS':
				if (level.entry) level.entry.isNamed = true;
				break;
			case 'SELECT':
				level.entry = { isCast: false, isNamed: false };
				break;
			case ',':
				if (!level.entry) break;
				endEntry(index);
				level.entry = { isCast: false, isNamed: false };
				break;
			default:
				if (/^[A-Z;]/.test(token) && !token.startsWith("E'")) endEntry(index);
		}
	}
	endEntry(sql.length);
	return found;
}

function castAfter(sql: string, level: Level, closing: number): string | undefined {
	const rest = sql.slice(closing + 1, closing + 6);
	if (level.isArray) {
		const isEmpty = sql.slice(level.begin, closing).trim() === '';
		return !isEmpty && /^\)?::/.test(rest) ? '::anyarray' : undefined;
	}
	const { isFirst, connective } = level;
	return isFirst && connective && rest.startsWith(` ${connective} `) ? '::boolean' : undefined;
}
