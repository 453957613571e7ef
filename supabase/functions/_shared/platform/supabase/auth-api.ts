// Who is calling: asks the Auth service of the control project, which knows ended sessions too.
import * as z from 'zod/mini';
import { TwinsError } from '../../domain/errors.ts';

const userSchema = z.object({ id: z.uuid() });

/** Id of the user whose access token the request carries. Throws `not_signed_in`. */
export async function signedInUser(
	request: Request,
	control: { readonly controlUrl: string; readonly controlPublishableKey: string },
): Promise<string> {
	const authorization = request.headers.get('authorization') ?? '';
	if (/^Bearer \S+$/.test(authorization)) {
		const response = await fetch(`${control.controlUrl}/auth/v1/user`, {
			headers: { authorization, apikey: control.controlPublishableKey },
			signal: AbortSignal.timeout(10_000),
		});
		const user = z.safeParse(userSchema, response.ok ? await response.json() : null);
		if (user.success) return user.data.id;
		await response.body?.cancel().catch(() => undefined);
	}
	throw new TwinsError('not_signed_in', 'You are not signed in', 'Sign in and try again.');
}
