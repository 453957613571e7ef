// The query string and headers of a REST request, as data. No SQL and no knowledge of the database.
import type { IncomingMessage } from 'node:http';
import { header } from '../http.ts';
import { missing, refuse } from './refusals.ts';

export interface SelectedColumn {
	/** `*` = all columns. */
	readonly column: string;
	readonly alias?: string | undefined;
	readonly cast?: string | undefined;
}

export const OPERATORS = [
	'eq',
	'neq',
	'gt',
	'gte',
	'lt',
	'lte',
	'like',
	'ilike',
	'in',
	'is',
] as const;
export type Operator = (typeof OPERATORS)[number];

export interface Filter {
	readonly column: string;
	readonly negated: boolean;
	readonly operator: Operator;
	/** One value; for `in` the list. */
	readonly values: readonly string[];
}

export interface OrderTerm {
	readonly column: string;
	readonly descending: boolean;
	readonly nulls?: 'first' | 'last' | undefined;
}

export interface RestQuery {
	readonly select: readonly SelectedColumn[];
	readonly filters: readonly Filter[];
	readonly order: readonly OrderTerm[];
	readonly limit: number | undefined;
	readonly offset: number;
	/** `columns=`: which keys of the body to write. */
	readonly columns: readonly string[] | undefined;
	readonly onConflict: readonly string[] | undefined;
}

export interface Preferences {
	readonly return: 'minimal' | 'representation' | 'headers-only';
	readonly countExact: boolean;
	readonly resolution: 'merge-duplicates' | 'ignore-duplicates' | undefined;
	readonly missingDefault: boolean;
	/** What `Preference-Applied` answers. */
	readonly applied: string;
}

const NOT_FILTERS = new Set([
	'select',
	'order',
	'limit',
	'offset',
	'columns',
	'on_conflict',
	'apikey',
]);

/**
 * Splits at top-level commas: quotes and parentheses hold together.
 * `a,"b,c",d` → `a`, `"b,c"`, `d`.
 */
export function splitList(text: string): string[] {
	const parts: string[] = [];
	let current = '';
	let depth = 0;
	let quoted = false;
	for (let index = 0; index < text.length; index++) {
		const character = text.charAt(index);
		if (quoted && character === '\\') {
			current += character + text.charAt(++index);
			continue;
		}
		if (character === '"') quoted = !quoted;
		if (!quoted && character === '(') depth++;
		if (!quoted && character === ')') depth--;
		if (!quoted && depth === 0 && character === ',') {
			parts.push(current);
			current = '';
		} else {
			current += character;
		}
	}
	return [...parts, current];
}

/** `"a\"b"` → `a"b`; text without quotes is left as it is. */
export function unquote(text: string): string {
	return /^".*"$/s.test(text) ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : text;
}

function columnName(text: string): string {
	const name = text.trim();
	if (!name.startsWith('"') && name.includes('->')) throw missing('JSON paths (->) in a query');
	if (name === '') throw refuse(400, 'PGRST100', '"failed to parse: a column name is empty"');
	return unquote(name);
}

export function parseSelect(text: string): SelectedColumn[] {
	return splitList(text)
		.filter((part) => part.trim() !== '')
		.map((part) => {
			const item = part.trim();
			if (!item.startsWith('"') && /[(]/.test(item)) {
				throw missing(
					/\.?(count|sum|avg|min|max)\(\)/.test(item) ? 'aggregates' : `embedding (${item})`,
				);
			}
			const shape =
				/^(?:("(?:[^"\\]|\\.)*"|[^:"]+):(?!:))?("(?:[^"\\]|\\.)*"|[^:"]+)(?:::([\w ]+))?$/s.exec(
					item,
				);
			const column = shape?.[2];
			if (column === undefined) {
				throw refuse(400, 'PGRST100', `"failed to parse select parameter (${text})"`);
			}
			const alias = shape?.[1];
			return {
				column: columnName(column),
				alias: alias === undefined ? undefined : unquote(alias.trim()),
				cast: shape?.[3],
			};
		});
}

function isOperator(text: string): text is Operator {
	return (OPERATORS as readonly string[]).includes(text);
}

export function parseFilter(column: string, text: string): Filter {
	const negated = text.startsWith('not.');
	const expression = negated ? text.slice(4) : text;
	const dot = expression.indexOf('.');
	const operator = expression.slice(0, Math.max(dot, 0));
	if (!isOperator(operator)) {
		if (
			/^(match|imatch|cs|cd|ov|sl|sr|nxr|nxl|adj|isdistinct|p?l?ph?w?fts)(\(.*\))?$/.test(operator)
		) {
			throw missing(`filter operator "${operator}"`);
		}
		if (/^\w+\((any|all)\)$/.test(operator)) throw missing(`filter modifier "${operator}"`);
		throw refuse(
			400,
			'PGRST100',
			`"failed to parse filter (${text})" (line 1, column 1)`,
			`unexpected "${text.charAt(0)}" expecting "not" or operator (eq, gt, ...)`,
		);
	}
	const value = expression.slice(dot + 1);
	if (operator === 'in') {
		const inner = /^\((.*)\)$/s.exec(value)?.[1];
		if (inner === undefined) {
			throw refuse(400, 'PGRST100', `"failed to parse filter (${text})" (line 1, column 4)`);
		}
		return { column, negated, operator, values: inner === '' ? [] : splitList(inner).map(unquote) };
	}
	return { column, negated, operator, values: [value] };
}

export function parseOrder(text: string): OrderTerm[] {
	return splitList(text).map((part) => {
		const shape = /^("(?:[^"\\]|\\.)*"|[^".]+)((?:\.(?:asc|desc|nullsfirst|nullslast))*)$/.exec(
			part.trim(),
		);
		const column = shape?.[1];
		if (column === undefined) {
			if (/\(/.test(part)) throw missing('ordering by an embedded table');
			throw refuse(400, 'PGRST100', `"failed to parse order (${text})"`);
		}
		const words = (shape?.[2] ?? '').split('.');
		return {
			column: columnName(column),
			descending: words.includes('desc'),
			nulls: words.includes('nullsfirst')
				? 'first'
				: words.includes('nullslast')
					? 'last'
					: undefined,
		};
	});
}

function wholeNumber(name: string, text: string | null): number | undefined {
	if (text === null) return undefined;
	if (!/^-?\d+$/.test(text)) {
		throw refuse(400, 'PGRST100', `"failed to parse ${name} parameter (${text})"`);
	}
	return Math.max(0, Number(text));
}

/** Reads the query string. Names in `taken` (arguments of a function called with GET) are no filters. */
export function parseQuery(
	parameters: URLSearchParams,
	taken: ReadonlySet<string> = new Set(),
): RestQuery {
	const filters: Filter[] = [];
	for (const [name, value] of parameters) {
		if (value.includes('\0') || name.includes('\0')) {
			throw refuse(400, '22021', 'invalid byte sequence for encoding "UTF8": 0x00');
		}
		if (NOT_FILTERS.has(name) || taken.has(name)) continue;
		if (/^(not\.)?(or|and)$/.test(name)) throw missing(`logical filter "${name}"`);
		if (!name.startsWith('"') && name.includes('.')) throw missing('filters on embedded tables');
		filters.push(parseFilter(columnName(name), value));
	}
	const list = (name: string) => {
		const text = parameters.get(name);
		return text === null ? undefined : splitList(text).map((part) => unquote(part.trim()));
	};
	return {
		select: parseSelect(parameters.get('select') ?? '*'),
		filters,
		order: parameters.get('order') ? parseOrder(parameters.get('order') ?? '') : [],
		limit: wholeNumber('limit', parameters.get('limit')),
		offset: wholeNumber('offset', parameters.get('offset')) ?? 0,
		columns: list('columns'),
		onConflict: list('on_conflict'),
	};
}

export function parsePreferences(request: IncomingMessage): Preferences {
	const given = new Map<string, string>();
	for (const part of (header(request, 'prefer') ?? '').split(',')) {
		const [name, value] = part.trim().split('=');
		if (name !== undefined && value !== undefined && !given.has(name)) given.set(name, value);
	}
	const count = given.get('count');
	if (count === 'planned' || count === 'estimated') throw missing(`count=${count} (only exact)`);
	if (given.get('tx') === 'rollback') throw missing('tx=rollback');
	if (given.has('max-affected')) throw missing('max-affected');
	const returned = given.get('return');
	const resolution = given.get('resolution');
	const known = ['return', 'count', 'resolution', 'missing'];
	return {
		return: returned === 'representation' || returned === 'headers-only' ? returned : 'minimal',
		countExact: count === 'exact',
		resolution:
			resolution === 'merge-duplicates' || resolution === 'ignore-duplicates'
				? resolution
				: undefined,
		missingDefault: given.get('missing') === 'default',
		applied: [...given]
			.filter(([name]) => known.includes(name))
			.map(([name, value]) => `${name}=${value}`)
			.join(', '),
	};
}
