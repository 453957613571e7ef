// The REST service of a local project: the part of PostgREST that this app uses, on the real tables, with
// the real roles and policies. What it lacks it names with status 501; see `rest/` for the parts.
import type { IncomingMessage, ServerResponse } from 'node:http';
import postgres from 'postgres';
import { qualified } from '../../supabase/functions/_shared/platform/sql.ts';
import type { LocalProject, Shim } from '../project.ts';
import { header, HttpRefusal, isRecord, readText, sendJson } from './http.ts';
import { createKeys, TokenError } from './keys.ts';
import { callRoutine, chooseRoutine } from './rest/call.ts';
import { readCatalog, type Catalog } from './rest/catalog.ts';
import { parsePreferences, parseQuery, type Preferences } from './rest/query.ts';
import { missing, refuse, statusOfState } from './rest/refusals.ts';
import {
	deleteStatement,
	insertStatement,
	readStatement,
	updateStatement,
	type Statement,
} from './rest/statement.ts';
import { runAs, type Outcome } from './rest/transaction.ts';

/** Hosted defaults: the schemas of the Data API and the most rows one answer holds. */
const SCHEMAS = ['public', 'graphql_public'];
const MAX_ROWS = 1000;

/** How the answer's body is made from the rows of a statement. */
type Shape = 'list' | 'object' | 'value' | 'values' | 'nothing';

interface Plan {
	readonly statement: Statement;
	readonly withArguments: string;
	readonly shape: Shape;
	readonly readOnly: boolean;
	readonly status: number;
	readonly offset: number;
}

interface Request {
	readonly method: string;
	readonly url: URL;
	readonly schema: string;
	readonly body: unknown;
	readonly preferences: Preferences;
	/** The client wants one object instead of a list. */
	readonly single: boolean;
}

async function readRequest(request: IncomingMessage, url: URL): Promise<Request> {
	const method = request.method ?? 'GET';
	const reading = method === 'GET' || method === 'HEAD';
	const accept = header(request, 'accept') ?? '';
	if (/csv|geo\+json|openapi|vnd\.pgrst\.plan|nulls=stripped/.test(accept)) {
		throw missing(`answers of type ${accept}`);
	}
	if (header(request, 'range') !== undefined) throw missing('Range header (use limit and offset)');
	const profile = header(request, reading ? 'accept-profile' : 'content-profile');
	const schema = profile ?? SCHEMAS[0] ?? 'public';
	if (!SCHEMAS.includes(schema)) {
		throw refuse(
			406,
			'PGRST106',
			`Invalid schema: ${schema}`,
			null,
			`Only the following schemas are exposed: ${SCHEMAS.join(', ')}`,
		);
	}
	const text = reading ? '' : await readText(request);
	return {
		method,
		url,
		schema,
		body: text === '' ? undefined : parseJson(text),
		preferences: parsePreferences(request),
		single: accept.includes('application/vnd.pgrst.object'),
	};
}

function parseJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		throw refuse(400, 'PGRST102', 'Empty or invalid json');
	}
}

function planTable(catalog: Catalog, request: Request, name: string): Plan {
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

function planCall(catalog: Catalog, request: Request, name: string): Plan {
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

const BODY_OF_SHAPE: Record<Shape, string> = {
	list: `coalesce(json_agg(_rows), '[]')::text`,
	object: `(json_agg(_rows) -> 0)::text`,
	value: `coalesce((json_agg(_rows.value) -> 0), 'null')::text`,
	values: `coalesce(json_agg(_rows.value), '[]')::text`,
	nothing: `null::text`,
};

function answer(response: ServerResponse, request: Request, plan: Plan, outcome: Outcome): void {
	const { rows, total } = outcome;
	const reading = plan.shape !== 'nothing' && request.method !== 'HEAD';
	const range = reading && rows > 0 ? `${plan.offset}-${plan.offset + rows - 1}` : '*';
	const headers: Record<string, string> = { 'content-range': `${range}/${total ?? '*'}` };
	if (request.preferences.applied !== '') {
		headers['preference-applied'] = request.preferences.applied;
	}
	const partial = plan.status === 200 && total !== undefined && rows < total;
	const status = partial && request.method === 'GET' ? 206 : plan.status;
	if (plan.shape === 'nothing' || request.method === 'HEAD') {
		response.writeHead(status, headers).end();
		return;
	}
	const asObject = request.single && plan.shape === 'list';
	headers['content-type'] = asObject
		? 'application/vnd.pgrst.object+json; charset=utf-8'
		: 'application/json; charset=utf-8';
	const text = outcome.body ?? 'null';
	response.writeHead(status, headers).end(asObject ? text.slice(1, -1) : text);
}

function checkOutcome(request: Request, plan: Plan): (outcome: Outcome) => void {
	return ({ rows, total }) => {
		if (total !== undefined && plan.offset > 0 && plan.offset >= total) {
			throw refuse(
				416,
				'PGRST103',
				'Requested range not satisfiable',
				`An offset of ${plan.offset} was requested, but there are only ${total} rows.`,
			);
		}
		if (request.single && plan.shape === 'list' && rows !== 1) {
			throw refuse(
				406,
				'PGRST116',
				'Cannot coerce the result to a single JSON object',
				`The result contains ${rows} rows`,
			);
		}
	};
}

function sendError(response: ServerResponse, error: unknown, role: string): void {
	if (error instanceof HttpRefusal) {
		sendJson(response, error.status, error.body);
	} else if (error instanceof TokenError) {
		const code = error.expiredFor === undefined ? 'PGRST301' : 'PGRST303';
		const message =
			error.expiredFor === undefined ? 'No suitable key or wrong key type' : 'JWT expired';
		sendJson(
			response,
			401,
			{ code, message, details: null, hint: null },
			{
				'www-authenticate': `Bearer error="invalid_token", error_description="${message}"`,
			},
		);
	} else if (error instanceof postgres.PostgresError) {
		sendJson(response, statusOfState(error.code, role), {
			code: error.code,
			message: error.message,
			details: error.detail ?? null,
			hint: error.hint ?? null,
		});
	} else {
		const details = error instanceof Error ? error.message : String(error);
		sendJson(response, 503, {
			code: 'PGRST001',
			message: 'Database client error. Retrying the connection.',
			details,
			hint: null,
		});
	}
}

function isStale(error: unknown): boolean {
	return error instanceof HttpRefusal && /^PGRST20[245]$/.test(String(error.body['code']));
}

/** Serves `/rest/v1` of one project. Holds up to 8 connections as the superuser until `close`. */
export async function createRest(project: LocalProject): Promise<Shim> {
	const keys = await createKeys(project);
	const database = postgres(project.adminUrl, {
		max: 8,
		idle_timeout: 30,
		onnotice: () => undefined,
		connection: { application_name: 'local-rest' },
	});
	let catalog = await readCatalog(database, SCHEMAS);
	const reload = async () => {
		catalog = await readCatalog(database, SCHEMAS);
	};
	const listening = await database.listen('pgrst', () => void reload().catch(() => undefined));

	/** A table made a moment ago may not be known yet: look once more before saying no. */
	async function planFresh(make: (known: Catalog) => Plan): Promise<Plan> {
		try {
			return make(catalog);
		} catch (error) {
			if (!isStale(error)) throw error;
			await reload();
			return make(catalog);
		}
	}

	return {
		async handle(incoming, response, path) {
			let role = 'anon';
			try {
				const url = new URL(path, 'http://local');
				const claims = await keys.authorize(incoming, url);
				role = claims.role;
				const request = await readRequest(incoming, url);
				const [first = '', second, ...rest] = url.pathname
					.split('/')
					.filter((part) => part !== '')
					.map(decodeURIComponent);
				const isCall = first === 'rpc' && second !== undefined;
				if (first === '' || rest.length > 0 || (second !== undefined && !isCall)) {
					throw first === ''
						? missing('API description')
						: refuse(404, 'PGRST125', 'Invalid path specified in request URL');
				}
				const plan = await planFresh((known) =>
					isCall ? planCall(known, request, second) : planTable(known, request, first),
				);
				const { rows, count } = plan.statement;
				const outcome = await runAs(
					database,
					catalog,
					{
						claims,
						schema: request.schema,
						method: request.method,
						path: url.pathname,
						headers: incoming.headers,
					},
					{
						readOnly: plan.readOnly,
						statement: `with ${plan.withArguments}_rows as (${rows}) select ${BODY_OF_SHAPE[plan.shape]} as body, count(*)::integer as rows from _rows`,
						count:
							count === undefined
								? undefined
								: `with ${plan.withArguments}_counted as (${count}) select count::integer as total from _counted`,
						check: checkOutcome(request, plan),
					},
				);
				answer(response, request, plan, outcome);
			} catch (error) {
				sendError(response, error, role);
			}
		},
		async close() {
			await listening.unlisten();
			await database.end({ timeout: 2 });
		},
	};
}
