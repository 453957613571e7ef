// From a request to what is run for it: the statement, how its rows become the body, and the status.
import { qualified } from '../../quoting.ts';
import { isRecord } from '../http.ts';
import { callRoutine, chooseRoutine } from './call.ts';
import type { Catalog } from './catalog.ts';
import { parseQuery } from './query.ts';
import { missing, refuse } from './refusals.ts';
import type { RestRequest } from './request.ts';
import {
	deleteStatement,
	insertStatement,
	readStatement,
	updateStatement,
	type Statement,
} from './statement.ts';

/** Hosted default: the most rows one answer holds. */
const MAX_ROWS = 1000;

/** How the answer's body is made from the rows of a statement. */
export type Shape = 'list' | 'object' | 'value' | 'values' | 'nothing';

export interface Plan {
	readonly statement: Statement;
	readonly withArguments: string;
	readonly shape: Shape;
	readonly readOnly: boolean;
	readonly status: number;
	readonly offset: number;
}

/** A request on a table or view. */
export function planTable(catalog: Catalog, request: RestRequest, name: string): Plan {
	const relation = catalog.relation(request.schema, name);
	if (relation === undefined) {
		throw refuse(
			404,
			'PGRST205',
			`Could not find the table '${request.schema}.${name}' in the schema cache`,
		);
	}
	const query = parseQuery(request.url.searchParams);
	const { preferences } = request;
	const plan = (statement: Statement, status: number): Plan => ({
		statement,
		withArguments: '',
		shape: request.method === 'GET' || preferences.return === 'representation' ? 'list' : 'nothing',
		readOnly: request.method === 'GET' || request.method === 'HEAD',
		status,
		offset: query.offset,
	});
	if (request.method === 'GET' || request.method === 'HEAD') {
		const from = qualified(relation.schema, relation.name);
		const limit = Math.min(query.limit ?? MAX_ROWS, MAX_ROWS);
		return plan(readStatement(from, from, query, limit, preferences.countExact), 200);
	}
	if (query.limit !== undefined || query.order.length > 0) {
		throw missing('limit and order on a write');
	}
	const changed = preferences.return === 'representation' ? 200 : 204;
	if (request.method === 'POST') {
		return plan(insertStatement(relation, query, preferences, request.body), 201);
	}
	if (request.method === 'PATCH') {
		return plan(updateStatement(relation, query, preferences, request.body), changed);
	}
	if (request.method === 'DELETE') {
		return plan(deleteStatement(relation, query, preferences), changed);
	}
	throw missing(`method ${request.method}`);
}

/** A call of a function. */
export function planCall(catalog: Catalog, request: RestRequest, name: string): Plan {
	const overloads = catalog.routines(request.schema, name);
	const reading = request.method === 'GET' || request.method === 'HEAD';
	if (!reading && request.method !== 'POST') throw missing(`method ${request.method} on rpc`);
	if (request.body !== undefined && !isRecord(request.body)) {
		throw missing('rpc with a body that is no JSON object');
	}
	const names = new Set(overloads.flatMap((routine) => routine.arguments.map((one) => one.name)));
	const given: Record<string, unknown> = reading
		? Object.fromEntries([...request.url.searchParams].filter(([word]) => names.has(word)))
		: { ...(request.body ?? {}) };
	const routine = chooseRoutine(overloads, request.schema, name, Object.keys(given));
	const query = parseQuery(request.url.searchParams, new Set(Object.keys(given)));
	const call = callRoutine(routine, given);
	const limit = Math.min(query.limit ?? MAX_ROWS, MAX_ROWS);
	if (request.preferences.countExact && !routine.readOnly) {
		throw missing('count=exact on a volatile function');
	}
	const statement = readStatement(
		call.from,
		'_result',
		query,
		limit,
		request.preferences.countExact && routine.returnsSet,
	);
	const shapes: Record<typeof routine.returns, Shape> = {
		nothing: 'nothing',
		value: routine.returnsSet ? 'values' : 'value',
		row: routine.returnsSet ? 'list' : 'object',
	};
	return {
		statement,
		withArguments: call.withArguments,
		shape: shapes[routine.returns],
		readOnly: reading || routine.readOnly,
		status: routine.returns === 'nothing' ? 204 : 200,
		offset: query.offset,
	};
}

/** The one statement that runs a plan: yields `body` and `rows`. */
export function planSql({ withArguments, statement, shape }: Plan): string {
	const rows = `with ${withArguments}_rows as (${statement.rows})`;
	return `${rows} select ${BODY_OF_SHAPE[shape]} as body, count(*)::integer as rows from _rows`;
}

/** The statement that counts all matching rows as `total`, when the client asked. */
export function planCountSql({ withArguments, statement }: Plan): string | undefined {
	if (statement.count === undefined) return undefined;
	return `with ${withArguments}_counted as (${statement.count}) select count::integer as total from _counted`;
}

const BODY_OF_SHAPE: Record<Shape, string> = {
	list: `coalesce(json_agg(_rows), '[]')::text`,
	object: `(json_agg(_rows) -> 0)::text`,
	value: `coalesce((json_agg(_rows.value) -> 0), 'null')::text`,
	values: `coalesce(json_agg(_rows.value), '[]')::text`,
	nothing: `null::text`,
};
