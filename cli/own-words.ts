// What goes wrong, in the words of the command line: the product's own advice speaks of pages of the web app.
import type { NamedEndpoint } from './endpoints.ts';
import { TwinsError } from '../supabase/functions/_shared/domain/errors.ts';

/** SQLSTATEs of a user or password that the server does not accept. */
const REFUSED_LOGIN = new Set(['28P01', '28000']);

/** The same error with advice for who typed the command; what is no TwinsError stays as it is. */
export function inOwnWords(error: unknown, { option, name }: NamedEndpoint): unknown {
	if (!(error instanceof TwinsError)) return error;
	const { code, details } = error;
	const say = (message: string, fix: string) => new TwinsError(code, message, fix, details);
	if (code === 'account_expired') {
		return say(
			'Supabase does not accept SUPABASE_ACCESS_TOKEN',
			'Make a new one at supabase.com/dashboard/account/tokens and set it.',
		);
	}
	if (code === 'not_found') {
		return say(
			`${option}: the account of SUPABASE_ACCESS_TOKEN has no project ${name}`,
			'Check the ref, and that the token belongs to a member of its organization.',
		);
	}
	const fix = REFUSED_LOGIN.has(details.sqlstate ?? '')
		? `Check the user and the password in the URL of ${option}.`
		: error.fix;
	return say(`${option}: ${error.message}`, fix);
}
