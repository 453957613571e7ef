// Reading the credentials form, and saying what the Auth service answered.
import { isAuthRetryableFetchError, type AuthError } from '@supabase/supabase-js';
import type { Problem } from '#lib/data/problem.ts';

export interface Credentials {
	readonly email: string;
	readonly password: string;
}

/** The two fields of the form; the password is never trimmed. */
export function readCredentials(form: FormData): Credentials {
	const email = form.get('email');
	const password = form.get('password');
	return {
		email: typeof email === 'string' ? email.trim() : '',
		password: typeof password === 'string' ? password : '',
	};
}

/** Where to go after signing in: a path of this app only, never another site. */
export function safeReturnPath(wanted: string | null): string {
	// Read as a browser reads it: tabs, line breaks and backslashes do not hide another host.
	const url = URL.parse(wanted ?? '/', OWN_SITE);
	if (url === null || url.origin !== OWN_SITE || url.pathname.startsWith('//')) return '/';
	return url.pathname + url.search;
}

/** Stands for this app, whatever its address; `.invalid` is nobody's. */
const OWN_SITE = 'http://app.invalid';

/** A link of a message that opens nothing. */
export const LINK_IS_OVER: Problem = {
	message: 'This link was used already, is too old, or belongs to another browser.',
	fix: 'Ask for a new one, and open it in this browser.',
};

/** What to do where nobody can sign up. */
export const SIGN_UP_CLOSED_FIX = 'Ask whoever runs this installation to invite you.';

/** What went wrong when signing in or up, and what to do. */
export function problemOfAuth(error: AuthError): Problem {
	switch (error.code) {
		case 'invalid_credentials':
			return {
				message: 'Email and password do not match.',
				fix: 'Check both, or create an account if you have none.',
			};
		case 'email_not_confirmed':
			return {
				message: 'This email address is not confirmed yet.',
				fix: 'Open the link in the message we sent to it, then sign in.',
			};
		case 'user_already_exists':
		case 'email_exists':
			return { message: 'There is an account with this email already.', fix: 'Sign in instead.' };
		case 'same_password':
			return { message: 'This is the password that you had.', fix: 'Choose another one.' };
		case 'otp_expired':
		case 'flow_state_not_found':
		case 'flow_state_expired':
		case 'bad_code_verifier':
		case 'session_not_found':
			return LINK_IS_OVER;
		case 'weak_password':
			return { message: error.message, fix: 'Choose a longer password.' };
		case 'signup_disabled':
			return { message: 'Sign-up is closed.', fix: SIGN_UP_CLOSED_FIX };
		case 'over_request_rate_limit':
			return { message: 'Too many attempts.', fix: 'Wait a minute, then try again.' };
		default:
			// No answer at all, or a gateway's: its text says nothing to the reader.
			if (isAuthRetryableFetchError(error)) {
				return { message: 'Signing in is not possible right now.', fix: 'Try again in a moment.' };
			}
			return { message: error.message, fix: 'Try again in a moment.', code: error.code };
	}
}
