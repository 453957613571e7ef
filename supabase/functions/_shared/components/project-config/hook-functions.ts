// Which database functions of Auth hooks exist on the target. A hook that is on and has no function stops
// every sign-in.
import type { Endpoint } from '../../contract/endpoint.ts';
import type { Config } from './plan.ts';
import { HOOKS } from './settings.ts';

const EXISTING = `
select n.nspname as schema, p.proname as name
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.jsonb_array_elements($1::pg_catalog.jsonb) as wanted
  on n.nspname = wanted ->> 0 and p.proname = wanted ->> 1`;

/** Of the `pg-functions://` addresses of hooks that the source has on, those whose function the target has. */
export async function existingHookFunctions(
	target: Endpoint,
	source: Config,
): Promise<ReadonlySet<string>> {
	const wanted = HOOKS.filter((name) => source[`hook_${name}_enabled`] === true).flatMap((name) => {
		const uri = source[`hook_${name}_uri`];
		const address = typeof uri === 'string' ? readAddress(uri) : undefined;
		return address ? [{ uri: String(uri), address }] : [];
	});
	if (wanted.length === 0) return new Set();
	const session = await target.database();
	const rows = await session.query<{ schema: string; name: string }>(EXISTING, [
		wanted.map(({ address }) => address),
	]);
	const found = new Set(rows.map(({ schema, name }) => JSON.stringify([schema, name])));
	return new Set(
		wanted.filter(({ address }) => found.has(JSON.stringify(address))).map(({ uri }) => uri),
	);
}

/** `pg-functions://postgres/public/custom_access_token` → schema and name; undefined for another address. */
export function readAddress(uri: string): readonly [string, string] | undefined {
	const match = /^pg-functions:\/\/[^/]*\/([^/]+)\/([^/?#]+)$/.exec(uri);
	if (!match?.[1] || !match[2]) return undefined;
	try {
		return [decodeURIComponent(match[1]), decodeURIComponent(match[2])];
	} catch {
		return [match[1], match[2]];
	}
}
