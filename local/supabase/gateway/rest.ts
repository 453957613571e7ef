// The REST service of a local project: the part of PostgREST that this app uses, on the real tables, with
// the real roles and policies. What it lacks it names with status 501; see `rest/` for the parts.
import postgres from 'postgres';
import type { LocalProject, Shim } from '../project.ts';
import { HttpRefusal } from './http.ts';
import { createKeys } from './keys.ts';
import { answer, checkOutcome, sendError } from './rest/answer.ts';
import { readCatalog, type Catalog } from './rest/catalog.ts';
import { planCall, planCountSql, planSql, planTable, type Plan } from './rest/plan.ts';
import { missing, refuse } from './rest/refusals.ts';
import { readRequest, SCHEMAS } from './rest/request.ts';
import { runAs } from './rest/transaction.ts';

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
	await database.listen('pgrst', () => void reload().catch(() => undefined));

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
				const caller = {
					claims,
					schema: request.schema,
					method: request.method,
					path: url.pathname,
					headers: incoming.headers,
				};
				const outcome = await runAs(database, catalog, caller, {
					readOnly: plan.readOnly,
					statement: planSql(plan),
					count: planCountSql(plan),
					check: checkOutcome(request, plan),
				});
				answer(response, request, plan, outcome);
			} catch (error) {
				sendError(response, error, role);
			}
		},
		close: () => database.end({ timeout: 2 }),
	};
}
