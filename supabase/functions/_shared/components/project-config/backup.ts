// What a backup keeps of the settings: the answers of the Management API, by their paths, without what is secret.
import type { Endpoint } from '../../contract/endpoint.ts';
import { isPassing, TwinsError } from '../../domain/errors.ts';
import { AREAS } from './areas.ts';
import { PLACES } from './database-settings.ts';
import { ISSUERS, SAML } from './identity-providers.ts';
import { AUTH_SECRETS } from './settings.ts';

export { KEPT_ROLE_SETTINGS, keepRoleSettings } from './role-settings.ts';

/** Under which a backup keeps them. */
export const KEPT_SETTINGS = 'project-config';

/** All that a clone asks the source for. */
const PATHS: readonly string[] = [
	...new Set([...AREAS.map(({ path }) => path), ...PLACES.map(({ path }) => path), ISSUERS, SAML]),
];

/** The API shows secrets as digests. That one is set is all that a clone looks at. */
const IS_SET = 'f'.repeat(64);

/** Shown in clear by some versions of the API, and of no use to another project. */
const NEVER_KEPT = new Set(['jwt_secret']);

function withoutSecrets(answer: unknown): unknown {
	if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return answer;
	return Object.fromEntries(
		Object.entries(answer)
			.filter(([field]) => !NEVER_KEPT.has(field))
			.map(([field, value]: [string, unknown]) => [
				field,
				AUTH_SECRETS.includes(field) && typeof value === 'string' && value !== '' ? IS_SET : value,
			]),
	);
}

export interface KeptSettings {
	/** By path. */
	readonly answers: Readonly<Record<string, unknown>>;
	/** Paths that the account may not read, with the reason. */
	readonly refused: readonly { readonly path: string; readonly detail: string }[];
}

/** Throws trouble that passes. */
export async function keepSettings(source: Endpoint): Promise<KeptSettings> {
	const answers: Record<string, unknown> = {};
	const refused: { path: string; detail: string }[] = [];
	for (const path of PATHS) {
		try {
			answers[path] = withoutSecrets(await source.api.get<unknown>(path));
		} catch (error) {
			if (!(error instanceof TwinsError) || isPassing(error) || error.code === 'account_expired') {
				throw error;
			}
			// Without SAML the API says "not found".
			if (path !== SAML || error.details.httpStatus !== 404) {
				refused.push({ path, detail: error.message });
			}
		}
	}
	return { answers, refused };
}
