// Who is calling, and may they: personal access tokens (whole account or scoped) and OAuth tokens.
import { ApiRefusal } from './answers.ts';
import type { Operation } from './contract.ts';

export interface Account {
	/** Refs that the token reaches; undefined = all. */
	readonly refs?: readonly string[];
	/** A scoped token: the permissions it has. Undefined = all. */
	readonly permissions?: readonly string[];
	/** An OAuth token: its scopes. Undefined = a personal access token. */
	readonly scopes?: readonly string[];
}

export type AccessTokens = ReadonlySet<string> | ((token: string) => Account | undefined);

/** The account of an Authorization header. Refuses (401) what is unknown. */
export function authenticate(tokens: AccessTokens, header: string | undefined): Account {
	const token = /^Bearer (\S+)$/i.exec(header ?? '')?.[1];
	if (!token) throw new ApiRefusal(401, 'Unauthorized');
	const account = typeof tokens === 'function' ? tokens(token) : tokens.has(token) ? {} : undefined;
	if (!account) throw new ApiRefusal(401, 'Unauthorized');
	return account;
}

/** Refuses (403) an operation beyond the token's rights, naming what is missing. */
export function authorize(account: Account, operation: Operation): void {
	const { permissions, scopes } = account;
	if (permissions) {
		const missing = operation.permissions.filter((name) => !permissions.includes(name));
		if (missing.length > 0) {
			throw new ApiRefusal(403, 'Forbidden resource', { missing_permissions: missing });
		}
	}
	if (scopes) {
		const { oauthScope } = operation;
		if (!oauthScope) throw new ApiRefusal(403, 'This endpoint is not available to OAuth tokens');
		if (!scopes.includes(oauthScope)) {
			throw new ApiRefusal(403, `OAuth token is missing the scope ${oauthScope}`);
		}
	}
}

export function reaches(account: Account, ref: string): boolean {
	return account.refs === undefined || account.refs.includes(ref);
}
