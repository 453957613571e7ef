// Who calls: role and claims, from the `apikey` header and the bearer token. Not authorisation: that is
// row level security in the database.
import type { IncomingMessage } from 'node:http';
import { header } from '../http.ts';
import { bearerOf, TokenError, type Claims, type Keys } from '../keys.ts';
import { storageErrors } from './errors.ts';

export interface Caller {
	readonly role: string;
	readonly claims: Claims;
	/** The user's id, null for keys. */
	readonly owner: string | null;
}

export const SERVICE: Caller = {
	role: 'service_role',
	claims: { role: 'service_role' },
	owner: null,
};

/** Tells who calls; throws the service's errors for tokens that are missing or do not verify. */
export async function identify(request: IncomingMessage, keys: Keys): Promise<Caller> {
	const token = bearerOf(request) ?? header(request, 'apikey');
	if (token === undefined || token === '') {
		throw storageErrors.invalidJwt("headers must have required property 'authorization'");
	}
	try {
		const claims = await keys.claimsOf(token);
		return { role: claims.role, claims, owner: claims.sub ?? null };
	} catch (error) {
		if (error instanceof TokenError) throw storageErrors.accessDenied(error.message);
		throw error;
	}
}
