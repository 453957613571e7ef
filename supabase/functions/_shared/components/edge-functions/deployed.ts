// What the Management API says of deployed functions. Files are another call: see source.ts.
import * as z from 'zod/mini';
import type { ManagementApi } from '../../platform/supabase/management-api.ts';

export const deployedSchema = z.object({
	slug: z.string().check(z.regex(/^[A-Za-z0-9_-]+$/)),
	name: z.string(),
	status: z.string(),
	version: z.number(),
	/** Missing in old answers: then the platform checks tokens. */
	verify_jwt: z._default(z.boolean(), true),
	/** True when the function was bundled with an import map or a deno.json. */
	import_map: z._default(z.boolean(), false),
	entrypoint_path: z.optional(z.string()),
	import_map_path: z.optional(z.string()),
	/** SHA-256 of the bundle; says "the same" where it is equal, nothing where it is not. */
	ezbr_sha256: z.optional(z.string()),
});

export type DeployedFunction = z.infer<typeof deployedSchema>;

/** Functions of a project by slug, in order; removed ones left out. */
export async function listFunctions(api: ManagementApi): Promise<Map<string, DeployedFunction>> {
	const list = await api.get('/functions', z.array(deployedSchema));
	const present = list.filter(({ status }) => status !== 'REMOVED');
	present.sort((left, right) => (left.slug < right.slug ? -1 : 1));
	return new Map(present.map((entry) => [entry.slug, entry]));
}

/** True when both have the same name and the same rule for tokens. */
export function hasSameSettings(one: DeployedFunction, other: DeployedFunction): boolean {
	return one.name === other.name && one.verify_jwt === other.verify_jwt;
}

/** True when the platform itself says that both run the same bundle. */
export function hasSameBundle(one: DeployedFunction, other: DeployedFunction): boolean {
	return Boolean(one.ezbr_sha256) && one.ezbr_sha256 === other.ezbr_sha256;
}

export const functionPath = (slug: string): string => `/functions/${encodeURIComponent(slug)}`;
