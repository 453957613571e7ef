// The Management API of the local stack: stateful, and held to the vendor's contract in both directions.
// It answers only what openapi.json has; the product itself never imports it.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LocalProject, Shim } from '../project.ts';
import { type AccessTokens, type Account, authenticate, authorize, reaches } from './accounts.ts';
import { type Answer, ApiRefusal } from './answers.ts';
import { type Contract, type Operation, loadContract } from './contract.ts';
import { type Fault, type Faults, createFaults } from './faults.ts';
import { CONSENT_PATH, createOAuth, type OAuth, type OAuthApp } from './oauth.ts';
import { openProjectDatabases } from './project-databases.ts';
import { type AccountCall, readRequestBody } from './request.ts';
import { type RouteOptions, type Routes, createRoutes } from './routes.ts';
import { type ProjectState, type StateStore, openState } from './state.ts';

export interface ManagementApiShimOptions extends Partial<RouteOptions> {
	readonly projects: readonly LocalProject[];
	readonly accessTokens: AccessTokens;
	/** Address of the session pooler. */
	readonly pooler: RouteOptions['pooler'];
	/** Folder of management-api.json and oauth.json. */
	readonly stateDir: string;
	readonly oauthApps?: readonly OAuthApp[];
	/** Life of an OAuth access token; an hour where nothing is said. */
	readonly accessTokenSeconds?: number;
}

export interface ManagementApiShim extends Shim {
	readonly faults: Faults;
	readonly oauth: OAuth;
	/** What the API holds of a project, in clear; tests and seeds may change it, then call `save`. */
	stateOf(ref: string): ProjectState;
	save(): Promise<void>;
	/** Every request that was answered, newest last, at most 1000: "PATCH /v1/projects/…". */
	readonly log: string[];
}

const LOG_LENGTH = 1000;
/** Requests to this path add a fault (POST, JSON) or clear them (DELETE): for tests in other processes. */
const FAULTS_PATH = '/__faults';
/** GET answers the log and empties it, for the same. */
const LOG_PATH = '/__log';

interface Server {
	readonly contract: Contract;
	readonly routes: Routes;
	readonly state: StateStore;
	readonly options: ManagementApiShimOptions;
	readonly faults: Faults;
	readonly oauth: OAuth;
	readonly log: string[];
}

export async function createManagementApi(
	options: ManagementApiShimOptions,
): Promise<ManagementApiShim> {
	const databases = openProjectDatabases();
	const oauth = createOAuth({
		apps: options.oauthApps ?? [],
		accessTokenSeconds: options.accessTokenSeconds ?? 3600,
		stateDir: options.stateDir,
	});
	const server: Server = {
		contract: loadContract(),
		routes: createRoutes(databases, oauth, {
			pooler: options.pooler,
			paidAuthFields: options.paidAuthFields ?? new Set(),
			downloadsImportMap: options.downloadsImportMap ?? false,
			sameBundleEverywhere: options.sameBundleEverywhere ?? false,
		}),
		state: await openState(
			options.stateDir,
			options.projects.map(({ ref }) => ref),
		),
		options,
		faults: createFaults(),
		oauth,
		log: [],
	};
	return {
		faults: server.faults,
		oauth: server.oauth,
		log: server.log,
		stateOf: server.state.of,
		save: server.state.save,
		close: databases.close,
		async handle(request, response, path) {
			const answer = await answerSafely(server, request, path);
			if (answer) send(response, answer);
		},
	};
}

/** The answer, or undefined for a fault that leaves the caller waiting. */
async function answerSafely(
	server: Server,
	request: IncomingMessage,
	path: string,
): Promise<Answer | undefined> {
	try {
		return await answer(server, request, path);
	} catch (error) {
		if (error instanceof ApiRefusal) {
			return { status: error.status, body: { message: error.message, ...error.extra } };
		}
		const message = error instanceof Error ? error.message : String(error);
		return {
			status: 500,
			body: { message: `Internal error of the local Management API: ${message}` },
		};
	}
}

async function answer(
	server: Server,
	request: IncomingMessage,
	path: string,
): Promise<Answer | undefined> {
	const method = request.method ?? 'GET';
	const url = new URL(path.includes('?') ? path : path + search(request), 'http://local');
	if (url.pathname === CONSENT_PATH && method === 'POST') {
		const { bytes } = await readRequestBody(request);
		return server.oauth.decide(new URLSearchParams(bytes.toString('utf8')));
	}
	// Apps say who they are in other ways.
	const isOAuth = url.pathname.startsWith('/v1/oauth/');
	const account = isOAuth ? {} : authenticate(tokensOf(server), request.headers.authorization);
	if (url.pathname === FAULTS_PATH) return changeFaults(server.faults, method, request);
	if (url.pathname === LOG_PATH) return { status: 200, body: server.log.splice(0) };

	server.log.push(`${method} ${url.pathname}`);
	server.log.splice(0, server.log.length - LOG_LENGTH);
	const fault = server.faults.take(method, url.pathname);
	if (fault?.kind === 'timeout') return undefined;
	if (fault) {
		request.resume();
		return faultAnswer(fault);
	}

	const operation = server.contract.find(method, url.pathname);
	if (!operation) throw new ApiRefusal(404, `Cannot ${method} ${url.pathname}`);
	authorize(account, operation);
	refuseViolations(operation, server.contract.checkParameters(operation, url.searchParams));
	const body = await readRequestBody(request);
	const violations = server.contract.checkBody(operation, body.contentType, body.json);
	// As hosted, where the caller wants to be refused: a probe of what a token may do.
	if (violations.length > 0 && request.headers['prefer'] === 'handling=strict') {
		throw new ApiRefusal(400, violations.join('; '));
	}
	refuseViolations(operation, violations);

	const { projects } = server.options;
	const result = await run(server, operation, account, {
		operation,
		account,
		query: url.searchParams,
		headers: request.headers,
		body,
		projects: projects.filter(({ ref }) => reaches(account, ref)),
		stateOf: ({ ref }) => server.state.of(ref),
	});
	if (!result.bytes) {
		refuseViolations(operation, server.contract.checkAnswer(operation, result.status, result.body));
	}
	if (method !== 'GET') await server.state.save();
	return result;
}

/** Access tokens of accounts and of OAuth grants. */
function tokensOf({ options: { accessTokens }, oauth }: Server): AccessTokens {
	return (token) => {
		const account = oauth.accountOf(token);
		if (account) return account;
		if (typeof accessTokens === 'function') return accessTokens(token);
		return accessTokens.has(token) ? {} : undefined;
	};
}

async function run(
	server: Server,
	operation: Operation,
	account: Account,
	call: AccountCall,
): Promise<Answer> {
	const ofAccount = server.routes.account.get(operation.id);
	if (ofAccount) return ofAccount(call);
	const route = server.routes.project.get(operation.id);
	if (!route) throw new ApiRefusal(501, `The local Management API does not have ${operation.id}`);
	const project = server.options.projects.find(({ ref }) => ref === operation.parameters['ref']);
	if (!project) throw new ApiRefusal(404, 'Project not found');
	if (!reaches(account, project.ref)) {
		throw new ApiRefusal(
			403,
			'Your account does not have the necessary privileges to access this endpoint.',
		);
	}
	const state = server.state.of(project.ref);
	const isAwake = state.status !== 'INACTIVE';
	if (!isAwake && !['v1-get-project', 'v1-restore-a-project'].includes(operation.id)) {
		throw new ApiRefusal(540, 'Project is paused');
	}
	return route({ ...call, project, state });
}

function refuseViolations(operation: Operation, violations: readonly string[]): void {
	if (violations.length === 0) return;
	throw new ApiRefusal(
		500,
		`Contract violation in ${operation.method} ${operation.template}: ${violations.join('; ')}`,
	);
}

function faultAnswer(fault: Fault): Answer {
	const message = fault.message;
	switch (fault.kind) {
		case 'rate_limited':
			return {
				status: 429,
				body: { message: message ?? 'ThrottlerException: Too Many Requests' },
				headers:
					fault.seconds === null
						? {}
						: {
								'x-ratelimit-limit': '120',
								'x-ratelimit-remaining': '0',
								'x-ratelimit-reset': String(fault.seconds ?? 1),
							},
			};
		case 'expired_token':
			return { status: 401, body: { message: message ?? 'Unauthorized' } };
		case 'paused':
			return { status: 540, body: { message: message ?? 'Project is paused' } };
		case 'refused':
			return { status: fault.status ?? 400, body: { message: message ?? 'Bad Request' } };
		case 'failed':
		case 'timeout':
			return { status: fault.status ?? 500, body: { message: message ?? 'Internal server error' } };
	}
}

async function changeFaults(
	faults: Faults,
	method: string,
	request: IncomingMessage,
): Promise<Answer> {
	if (method === 'DELETE') faults.clear();
	else {
		const { json } = await readRequestBody(request);
		for (const fault of Array.isArray(json) ? json : [json]) faults.add(fault);
	}
	return { status: 204 };
}

function search(request: IncomingMessage): string {
	const url = request.url ?? '';
	return url.includes('?') ? url.slice(url.indexOf('?')) : '';
}

function send(response: ServerResponse, { status, body, bytes, headers }: Answer): void {
	const content = bytes ?? (body === undefined ? undefined : JSON.stringify(body));
	response.writeHead(status, {
		...(bytes || body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
		...headers,
	});
	response.end(content);
}
