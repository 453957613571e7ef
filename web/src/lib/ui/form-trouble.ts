// What keeps a form from being answered at all: no connection, or a session that ended. Told beside the button; the page
// and what was entered stay.
import type { Problem } from '../data/problem.ts';

export interface FormTrouble {
	readonly problem: Problem;
	/** Whether signing in (in another tab) mends it. */
	readonly signIn: boolean;
}

const KEPT = 'What you entered is still here.';

export const OFFLINE: FormTrouble = {
	problem: {
		message: 'No connection: nothing was sent.',
		fix: `Try again when this device is online. ${KEPT}`,
	},
	signIn: false,
};

/** What matters here of an `ActionResult`, whatever its action answers. */
interface Answer {
	readonly type: 'success' | 'failure' | 'redirect' | 'error';
	readonly location?: string | undefined;
	readonly error?: { readonly message?: unknown; readonly fix?: unknown } | undefined;
}

/** Why there is no answer of the action; null where there is one. */
export function troubleOf({ type, location = '', error = {} }: Answer): FormTrouble | null {
	if (type === 'redirect' && /^\/sign-in(\?|$)/.test(location)) {
		return {
			problem: {
				message: 'Your session has ended: nothing was done.',
				fix: `Sign in in another tab, then try again. ${KEPT}`,
			},
			signIn: true,
		};
	}
	if (type !== 'error') return null;
	const { fix, message } = error;
	return {
		problem:
			typeof fix === 'string' && typeof message === 'string'
				? { message, fix }
				: {
						message: 'No connection: the server did not answer.',
						fix: `Check your connection, then try again. ${KEPT}`,
					},
		signIn: false,
	};
}
