// The Auth service of a local project: sign-up, password and refresh grants, the user, logout, keys, and the
// admin calls that tests need, on the real tables. Mail is kept and not sent. No OAuth providers, no MFA: those answer 501.
import type { IncomingMessage, ServerResponse } from 'node:http';
import postgres from 'postgres';
import type { LocalProject, Shim } from '../project.ts';
import { createRoutes, missing } from './auth/routes.ts';
import { createSessions } from './auth/sessions.ts';
import { asAuthService, authRefusal } from './auth/users.ts';
import { HttpRefusal, isRecord, readText, Redirect, sendJson } from './http.ts';
import { createKeys, TokenError } from './keys.ts';

export interface AuthOptions {
	/** Life of an access token in seconds; hosted default 3600. */
	readonly tokenSeconds?: number;
}

/** Serves `/auth/v1` of one project. Holds up to 4 connections as the superuser until `close`. */
export async function createAuth(project: LocalProject, options: AuthOptions = {}): Promise<Shim> {
	const keys = await createKeys(project);
	const issuer = `${project.url}/auth/v1`;
	const routes = createRoutes(
		keys,
		createSessions(keys, issuer, options.tokenSeconds ?? 3600),
		issuer,
	);
	const database = postgres(project.adminUrl, {
		max: 4,
		idle_timeout: 30,
		onnotice: () => undefined,
		connection: { application_name: 'local-auth' },
	});

	/** Paths that a browser opens without a key. */
	const isOpen = (method: string | undefined, path: string) =>
		path === '/.well-known/jwks.json' ||
		path === '/health' ||
		(method === 'GET' && path === '/verify');

	async function answer(request: IncomingMessage, path: string): Promise<object | undefined> {
		const url = new URL(path, 'http://local');
		const pathname = url.pathname.replace(/\/$/, '');
		const admin = /^\/admin\/users\/([^/]+)$/.exec(pathname);
		const route = routes[`${request.method} ${admin === null ? pathname : '/admin/users/:id'}`];
		if (!isOpen(request.method, pathname)) await checkKey(request, url);
		if (route === undefined) throw missing(`route ${request.method} ${pathname}`);
		const body = parseBody(await readText(request));
		return asAuthService(database, (transaction) =>
			route({ request, url, body, transaction, id: admin?.[1] ?? '' }),
		);
	}

	/** The gateway wants an API key before the service looks at the Bearer token. */
	async function checkKey(request: IncomingMessage, url: URL): Promise<void> {
		try {
			await keys.authorize(request, url);
		} catch (error) {
			// A stale user token is for the route to judge: it answers in Auth's own words.
			if (!(error instanceof TokenError)) throw error;
		}
	}

	return {
		async handle(request, response, path) {
			try {
				const body = await answer(request, path);
				if (body instanceof HttpRefusal) throw body;
				if (body instanceof Redirect) {
					response.writeHead(303, { location: body.location }).end();
					return;
				}
				sendJson(response, body === undefined ? 204 : 200, body);
			} catch (error) {
				sendError(response, error);
			}
		},
		close: () => database.end({ timeout: 2 }),
	};
}

function parseBody(text: string): unknown {
	if (text === '') return {};
	try {
		const body: unknown = JSON.parse(text);
		if (isRecord(body)) return body;
	} catch {
		// answered below
	}
	throw authRefusal(400, 'bad_json', 'Could not parse request body as JSON');
}

function sendError(response: ServerResponse, error: unknown): void {
	if (error instanceof HttpRefusal) {
		sendJson(response, error.status, error.body, {
			...(typeof error.body['error_code'] === 'string'
				? { 'x-sb-error-code': error.body['error_code'] }
				: {}),
		});
		return;
	}
	if (error instanceof TokenError) {
		sendJson(response, 403, { code: 403, error_code: 'bad_jwt', msg: error.message });
		return;
	}
	sendJson(response, 500, {
		code: 500,
		error_code: 'unexpected_failure',
		msg: 'Unexpected failure, please check server logs for more information',
	});
}
