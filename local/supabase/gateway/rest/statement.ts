// SQL for a request on a table or a function's result. Every name goes through `ident`, every value
// through `literal`; Postgres itself builds the JSON, so values look exactly as PostgREST's.
import { ident, literal, qualified } from '../../quoting.ts';
import { isRecord } from '../http.ts';
import type { Relation } from './catalog.ts';
import type { Filter, OrderTerm, Preferences, RestQuery, SelectedColumn } from './query.ts';
import { refuse } from './refusals.ts';

/** A statement whose rows become the body, and one that counts all matching rows. */
export interface Statement {
	readonly rows: string;
	readonly count: string | undefined;
}

const COMPARISONS = {
	eq: '=',
	neq: '<>',
	gt: '>',
	gte: '>=',
	lt: '<',
	lte: '<=',
	like: 'like',
	ilike: 'ilike',
} as const;

const TRUTHS = new Set(['null', 'not_null', 'true', 'false', 'unknown']);

function arrayLiteral(values: readonly string[]): string {
	const items = values.map((value) => `"${value.replace(/[\\"]/g, '\\$&')}"`);
	return literal(`{${items.join(',')}}`);
}

function condition(prefix: string, filter: Filter): string {
	const column = `${prefix}.${ident(filter.column)}`;
	const [value = ''] = filter.values;
	const not = filter.negated ? 'not ' : '';
	if (filter.operator === 'in') return `${not}(${column} = any (${arrayLiteral(filter.values)}))`;
	if (filter.operator === 'is') {
		const truth = value.toLowerCase();
		if (!TRUTHS.has(truth)) {
			throw refuse(400, 'PGRST100', `"failed to parse filter (is.${value})" (line 1, column 4)`);
		}
		return `${not}(${column} is ${truth.replace('_', ' ')})`;
	}
	const pattern = filter.operator === 'like' || filter.operator === 'ilike';
	const text = pattern ? value.replaceAll('*', '%') : value;
	return `${not}(${column} ${COMPARISONS[filter.operator]} ${literal(text)})`;
}

export function whereClause(prefix: string, filters: readonly Filter[]): string {
	if (filters.length === 0) return '';
	return ` where ${filters.map((filter) => condition(prefix, filter)).join(' and ')}`;
}

function orderClause(prefix: string, terms: readonly OrderTerm[]): string {
	if (terms.length === 0) return '';
	const items = terms.map((term) => {
		const nulls = term.nulls === undefined ? '' : ` nulls ${term.nulls}`;
		return `${prefix}.${ident(term.column)} ${term.descending ? 'desc' : 'asc'}${nulls}`;
	});
	return ` order by ${items.join(', ')}`;
}

export function selectList(prefix: string, columns: readonly SelectedColumn[]): string {
	if (columns.length === 0) return `${prefix}.*`;
	return columns
		.map(({ column, alias, cast }) => {
			if (column === '*') return `${prefix}.*`;
			const value = `${prefix}.${ident(column)}`;
			const typed = cast === undefined ? value : `cast(${value} as ${castType(cast)})`;
			return `${typed} as ${ident(alias ?? column)}`;
		})
		.join(', ');
}

/** Types are words such as `text` or `double precision`; anything else cannot be one. */
function castType(name: string): string {
	if (!/^[a-z_][a-z0-9_ ]*$/i.test(name)) {
		throw refuse(400, 'PGRST100', `"failed to parse cast (${name})"`);
	}
	return name.includes(' ') ? name : ident(name);
}

/** Rows of `from` (a relation or a function call) under `prefix`, at most `limit` of them. */
export function readStatement(
	from: string,
	prefix: string,
	query: RestQuery,
	limit: number,
	counted: boolean,
): Statement {
	const matching = `from ${from}${whereClause(prefix, query.filters)}`;
	const order = orderClause(prefix, query.order);
	return {
		rows: `select ${selectList(prefix, query.select)} ${matching}${order} limit ${limit} offset ${query.offset}`,
		count: counted ? `select count(*) ${matching}` : undefined,
	};
}

function returning(relationName: string, query: RestQuery, preferences: Preferences): string {
	// Without a representation nothing is read back: a role may insert what it may not select.
	if (preferences.return !== 'representation') return ' returning 1';
	return ` returning ${selectList(relationName, query.select)}`;
}

/** `select … from json_to_record…(body)` with the columns' own types. */
function typedBody(
	relation: Relation,
	columns: readonly string[],
	json: string,
	set: boolean,
): string {
	const typed = columns.map((name) => `${ident(name)} ${relation.columns.get(name) ?? 'text'}`);
	const reader = set ? 'json_to_recordset' : 'json_to_record';
	return `${reader}(${literal(json)}::json) as _body(${typed.join(', ')})`;
}

function writtenColumns(
	relation: Relation,
	query: RestQuery,
	rows: readonly Readonly<Record<string, unknown>>[],
): string[] {
	const names = query.columns ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];
	for (const name of names) {
		if (!relation.columns.has(name)) {
			throw refuse(
				400,
				'PGRST204',
				`Could not find the '${name}' column of '${relation.name}' in the schema cache`,
			);
		}
	}
	return [...names];
}

function bodyRows(body: unknown): readonly Readonly<Record<string, unknown>>[] {
	const rows: readonly unknown[] = Array.isArray(body) ? body : [body];
	const records = rows.filter(isRecord);
	if (records.length !== rows.length) {
		throw refuse(400, 'PGRST102', 'All object keys must match');
	}
	return records;
}

function conflictClause(
	relation: Relation,
	query: RestQuery,
	preferences: Preferences,
	columns: readonly string[],
): string {
	const target = query.onConflict ?? relation.primaryKey;
	if (preferences.resolution === undefined || target.length === 0) return '';
	const on = ` on conflict (${target.map(ident).join(', ')}) do `;
	if (preferences.resolution === 'ignore-duplicates' || columns.length === 0) return `${on}nothing`;
	const set = columns.map((name) => `${ident(name)} = excluded.${ident(name)}`);
	return `${on}update set ${set.join(', ')}`;
}

export function insertStatement(
	relation: Relation,
	query: RestQuery,
	preferences: Preferences,
	body: unknown,
): Statement {
	const name = qualified(relation.schema, relation.name);
	const rows = bodyRows(body);
	const columns = writtenColumns(relation, query, rows);
	const conflict = conflictClause(relation, query, preferences, columns);
	const back = returning(name, query, preferences);
	if (rows.length === 0) return { rows: emptyRows(name, query, preferences), count: undefined };
	if (columns.length === 0) {
		return { rows: `insert into ${name} default values${conflict}${back}`, count: undefined };
	}
	const list = columns.map(ident).join(', ');
	if (!preferences.missingDefault) {
		const source = typedBody(relation, columns, JSON.stringify(rows), true);
		return {
			rows: `insert into ${name} (${list}) select ${list} from ${source}${conflict}${back}`,
			count: undefined,
		};
	}
	// `missing=default`: a key left out of one row takes the column's default there.
	const values = rows.map((row) => {
		const source = typedBody(relation, columns, JSON.stringify(row), false);
		const items = columns.map((column) =>
			column in row ? `(select _body.${ident(column)} from ${source})` : 'default',
		);
		return `(${items.join(', ')})`;
	});
	return {
		rows: `insert into ${name} (${list}) values ${values.join(', ')}${conflict}${back}`,
		count: undefined,
	};
}

function emptyRows(name: string, query: RestQuery, preferences: Preferences): string {
	const list = preferences.return === 'representation' ? selectList(name, query.select) : '1';
	return `select ${list} from ${name} where false`;
}

export function updateStatement(
	relation: Relation,
	query: RestQuery,
	preferences: Preferences,
	body: unknown,
): Statement {
	const name = qualified(relation.schema, relation.name);
	const rows = bodyRows(body).slice(0, 1);
	const columns = writtenColumns(relation, query, rows);
	if (columns.length === 0) return { rows: emptyRows(name, query, preferences), count: undefined };
	const set = columns.map((column) => `${ident(column)} = _body.${ident(column)}`);
	const source = typedBody(relation, columns, JSON.stringify(rows[0]), false);
	const where = whereClause(name, query.filters);
	return {
		rows: `update ${name} set ${set.join(', ')} from ${source}${where}${returning(name, query, preferences)}`,
		count: undefined,
	};
}

export function deleteStatement(
	relation: Relation,
	query: RestQuery,
	preferences: Preferences,
): Statement {
	const name = qualified(relation.schema, relation.name);
	const where = whereClause(name, query.filters);
	return {
		rows: `delete from ${name}${where}${returning(name, query, preferences)}`,
		count: undefined,
	};
}
