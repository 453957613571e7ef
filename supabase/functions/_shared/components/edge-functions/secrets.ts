// Secrets of functions: the API gives names and SHA-256 digests, never values. So they are compared, and what
// is missing is for the user to set.
import * as z from 'zod/mini';
import type { Item } from '../../contract/report.ts';
import type { ReadContext } from '../../contract/context.ts';
import { TwinsError } from '../../domain/errors.ts';
import type { ManagementApi } from '../../platform/supabase/management-api.ts';
import { concernsAll } from './copy-function.ts';

const secretsSchema = z.array(z.object({ name: z.string(), value: z._default(z.string(), '') }));

export interface SecretComparison {
	/** Names that the target lacks. */
	readonly missing: readonly string[];
	/** Names whose value is another one on the target. */
	readonly different: readonly string[];
	readonly same: readonly string[];
}

/** Compares both endpoints; names that the platform presets are left out. */
export async function compareSecrets({
	source,
	target,
}: Pick<ReadContext, 'source' | 'target'>): Promise<SecretComparison> {
	const [wanted, present] = await Promise.all([readDigests(source.api), readDigests(target.api)]);
	const names = [...wanted.keys()].sort();
	const has = (name: string): boolean => present.has(name);
	const isSame = (name: string): boolean => present.get(name) === wanted.get(name);
	return {
		missing: names.filter((name) => !has(name)),
		different: names.filter((name) => has(name) && !isSame(name)),
		same: names.filter((name) => has(name) && isSame(name)),
	};
}

/** Names of the secrets that somebody has set: their values cannot be read. */
export const readSecretNames = async (api: ManagementApi): Promise<string[]> =>
	[...(await readDigests(api)).keys()].sort();

async function readDigests(api: ManagementApi): Promise<Map<string, string>> {
	const secrets = await api.get('/secrets', secretsSchema);
	return new Map(
		secrets
			.filter(({ name }) => !name.startsWith('SUPABASE_'))
			.map(({ name, value }) => [name, value.toLowerCase()]),
	);
}

/** One item per missing secret and one for the others; one that explains where they cannot be read. */
export async function secretItems(
	context: Pick<ReadContext, 'source' | 'target'>,
): Promise<Item[]> {
	let compared: SecretComparison;
	try {
		compared = await compareSecrets(context);
	} catch (error) {
		// A token may be allowed to deploy functions and not to list secrets.
		const isRefusal = error instanceof TwinsError && error.details.httpStatus === 403;
		if (!isRefusal && (!(error instanceof TwinsError) || concernsAll(error))) throw error;
		return [{ object: 'secrets', outcome: 'skipped', detail: error.message, fix: error.fix }];
	}
	const missing = compared.missing.map((name): Item => ({
		object: `secret ${name}`,
		outcome: 'skipped',
		detail: 'The target lacks this secret; values of secrets cannot be read from the source',
		fix: `Set it: supabase secrets set ${name}=… --project-ref ${context.target.ref}`,
	}));
	const rest: Item[] = [];
	if (compared.same.length > 0) {
		rest.push({
			object: 'secrets',
			outcome: 'unchanged',
			detail: `Same value on source and target: ${compared.same.length}`,
		});
	}
	const own = compared.different.map((name): Item => ({
		object: `secret ${name}`,
		outcome: 'unchanged',
		detail: 'The target has a value of its own',
	}));
	return [...missing, ...own, ...rest];
}
