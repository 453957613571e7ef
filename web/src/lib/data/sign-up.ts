// Whether the control project takes new users: the operator may have closed sign-up.
import * as z from 'zod/mini';

const settingsSchema = z.object({ disable_signup: z.boolean() });

/** False where the Auth service says so. One that does not answer is asked again by whoever signs up. */
export async function isSignUpOpen(
	fetch: (url: string, init: RequestInit) => Promise<Response>,
	{ url, key }: { readonly url: string; readonly key: string },
): Promise<boolean> {
	try {
		const response = await fetch(`${url}/auth/v1/settings`, { headers: { apikey: key } });
		const settings = z.safeParse(settingsSchema, await response.json());
		return !(settings.success && settings.data.disable_signup);
	} catch {
		return true;
	}
}
