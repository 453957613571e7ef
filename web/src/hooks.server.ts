// Every request: who is it, may they be here, and which headers go with the answer. The database's row
// level security is what protects the data; turning away here spares people pages that look empty.
import { isAuthRetryableFetchError } from '@supabase/supabase-js';
import { redirect, type RequestEvent } from '@sveltejs/kit';
import type { Handle, HandleServerError } from '@sveltejs/kit/hooks';
import { ORIGIN } from '$app/env/private';
import { PUBLIC_SUPABASE_URL } from '$app/env/public';
import { serverClient } from '#lib/data/server-client.ts';
import type { SignedInUser } from '#lib/data/rows.ts';
import type { ControlClient } from '#lib/data/client.ts';

export const handle: Handle = async ({ event, resolve }) => {
	if (isForeign(event.request, event.url)) {
		return new Response('Requests from other sites are refused.', { status: 403 });
	}
	const answerHeaders = new Map<string, string>();
	const isSecure = (ORIGIN ?? event.url.origin).startsWith('https:');
	event.locals.isSecure = isSecure;
	event.locals.supabase = serverClient(event.cookies, isSecure, event.fetch, (headers) => {
		for (const [name, value] of Object.entries(headers)) answerHeaders.set(name, value);
	});
	const { user, isCertain } = await readUser(event.locals.supabase);
	event.locals.user = user;
	if (user === null && isCertain && event.route.id?.startsWith('/(app)')) turnAway(event);

	const response = await resolve(event, {
		filterSerializedResponseHeaders: (name) => name === 'content-range',
		preload: ({ type, path }) =>
			type === 'js' || type === 'css' || (type === 'font' && /-latin-wght-normal\./.test(path)),
	});
	for (const [name, value] of answerHeaders) response.headers.set(name, value);
	allowControlProject(response.headers);
	for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers.set(name, value);
	if (isSecure) response.headers.set('strict-transport-security', 'max-age=31536000');
	// Pages carry what one user may see: no cache shows them to another, or after signing out.
	if (!response.headers.has('cache-control')) {
		response.headers.set('cache-control', 'private, no-cache');
	}
	return response;
};

const SECURITY_HEADERS = {
	'x-content-type-options': 'nosniff',
	'referrer-policy': 'strict-origin-when-cross-origin',
	'permissions-policy': 'camera=(), microphone=(), geolocation=()',
	'cross-origin-opener-policy': 'same-origin',
};

/**
 * Sends those who are not signed in to the sign-in page and back afterwards. In the hook, not in the
 * layout: a session may end while the app is open, and navigating inside it does not load the layout again.
 */
function turnAway({ url, request }: RequestEvent): never {
	if (!SAFE_METHODS.includes(request.method)) redirect(303, '/sign-in');
	const wanted = url.pathname + url.search;
	redirect(303, wanted === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(wanted)}`);
}

/** Logs what was not foreseen, without the request (it may carry tokens); the page says little. */
export const handleError: HandleServerError = ({ kind, error, event }) => {
	if (kind === 'app' || kind === 'framework' || kind === 'validation') return;
	const detail = error instanceof Error ? (error.stack ?? error.message) : 'unknown error';
	console.error(`${event.request.method} ${event.url.pathname}: ${detail}`);
	return {
		message: 'Something went wrong on our side.',
		fix: 'Try again. If it happens again, look into the log of the web app.',
	};
};

const SAFE_METHODS: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** Whether another site's page sends this: its cookies would act in the user's name. */
function isForeign(request: Request, url: URL): boolean {
	if (SAFE_METHODS.includes(request.method)) return false;
	const origin = request.headers.get('origin');
	if (origin === null || !URL.canParse(origin)) return true;
	return ORIGIN === undefined ? new URL(origin).host !== url.host : origin !== ORIGIN;
}

/**
 * The user whose cookies came along, from verified claims of the token; null when signed out. Not certain
 * when the control project did not answer: whoever came may well be signed in.
 */
async function readUser(
	supabase: ControlClient,
): Promise<{ user: SignedInUser | null; isCertain: boolean }> {
	const { data, error } = await supabase.auth.getClaims();
	const claims = data?.claims;
	if (claims === undefined) return { user: null, isCertain: !isAuthRetryableFetchError(error) };
	return { user: { id: claims.sub, email: claims.email ?? '' }, isCertain: true };
}

// The address of the control project is known only at run time, the policy is made at build time.
function allowControlProject(headers: Headers): void {
	const policy = headers.get('content-security-policy');
	if (policy === null) return;
	const { origin } = new URL(PUBLIC_SUPABASE_URL);
	const sockets = origin.replace(/^http/, 'ws');
	headers.set(
		'content-security-policy',
		policy.replace("connect-src 'self'", `connect-src 'self' ${origin} ${sockets}`),
	);
}
