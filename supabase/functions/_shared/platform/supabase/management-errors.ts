// Answers of the Management API that are not success, as TwinsErrors: what Supabase said, and what to do.
import { TwinsError, type ErrorDetails } from '../../domain/errors.ts';
import { retryAfterSeconds } from '../http.ts';

const LONGEST_QUOTE = 600;

interface RefusalBody {
	readonly message: string;
	readonly code: string | undefined;
	readonly missingPermissions: readonly string[];
}

/** The error of an answer with status ≥ 300. `text` is its body, redacted; `subject` the call. */
export function managementRefusal(response: Response, text: string, subject: string): TwinsError {
	const { status, headers } = response;
	const body = readBody(text);
	const quoted = body.message === '' ? `status ${status}` : body.message;
	const details: ErrorDetails = { httpStatus: status, hint: body.code };

	if (status === 401) {
		return new TwinsError(
			'account_expired',
			`Supabase does not accept the token of this account any more: ${quoted}`,
			'Connect the account again on the Accounts page.',
			details,
		);
	}
	if (status === 429) {
		return new TwinsError(
			'rate_limited',
			`Supabase limits the rate of ${subject}: ${quoted}`,
			'Nothing to do: the call is repeated when the limit ends.',
			{ ...details, passing: true, retryAfter: retryAfterSeconds(headers) ?? 60 },
		);
	}
	if (status === 540) {
		return new TwinsError(
			'target_not_ready',
			`The project is paused (${subject}): ${quoted}`,
			'Restore the project in the Supabase dashboard, wait until it is healthy, then run again.',
			details,
		);
	}
	if (status < 400) {
		return new TwinsError(
			'api_refused',
			`Supabase answered ${subject} with status ${status}, which is neither done nor refused; a redirect would carry the token elsewhere.`,
			'Check TWINS_MANAGEMENT_API_URL where it is set; otherwise report this.',
			details,
		);
	}
	if (status >= 500 || status === 408) {
		return new TwinsError(
			'api_unavailable',
			`Supabase failed at ${subject}: ${quoted}`,
			'Try again in a minute. If it stays so, see https://status.supabase.com.',
			{ ...details, passing: true, retryAfter: retryAfterSeconds(headers) },
		);
	}
	return refused(status, subject, quoted, body.missingPermissions, details);
}

function refused(
	status: number,
	subject: string,
	quoted: string,
	missing: readonly string[],
	details: ErrorDetails,
): TwinsError {
	if (status === 404) {
		return new TwinsError(
			'not_found',
			`Supabase does not know what ${subject} names: ${quoted}`,
			'Check that the project still exists and that the account can see it.',
			details,
		);
	}
	if (status === 402) {
		return new TwinsError(
			'api_refused',
			`The plan of the organization does not allow ${subject}: ${quoted}`,
			'Upgrade the plan of the organization, or leave this out.',
			details,
		);
	}
	if (status === 403) {
		const named = missing.length > 0 ? ` Missing permissions: ${missing.join(', ')}.` : '';
		return new TwinsError(
			'api_refused',
			`This account may not do ${subject}: ${quoted}${named}`,
			missing.length > 0
				? `Connect a token that has ${missing.join(', ')}.`
				: 'Connect the account with a personal access token that may do this; some settings are closed to OAuth.',
			details,
		);
	}
	return new TwinsError(
		'api_refused',
		`Supabase refused ${subject}: ${quoted}`,
		'Correct what the message names, then run again.',
		details,
	);
}

/** v1 says {message}; older answers {msg} or {error}; v2 {error: {message, code}}; gateways send HTML. */
function readBody(text: string): RefusalBody {
	const parsed = parseObject(text);
	if (!parsed) {
		const plain = /^\s*</.test(text) ? '' : text.trim();
		return { message: shorten(plain), code: undefined, missingPermissions: [] };
	}
	const nested = isObject(parsed['error']) ? parsed['error'] : parsed;
	const message = [nested['message'], nested['msg'], parsed['error']].find(
		(value) => typeof value === 'string' || Array.isArray(value),
	);
	const code = [nested['code'], nested['errorEventId']].find((value) => typeof value === 'string');
	return {
		message: shorten(Array.isArray(message) ? message.join('; ') : String(message ?? '')),
		code: typeof code === 'string' ? code : undefined,
		missingPermissions: strings(nested['missing_permissions'] ?? parsed['missing_permissions']),
	};
}

function parseObject(text: string): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return isObject(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function strings(value: unknown): readonly string[] {
	return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function shorten(text: string): string {
	return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
}
