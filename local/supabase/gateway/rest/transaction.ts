// One request = one transaction under the caller's role and claims, as PostgREST does it: logged in as
// `authenticator`, switched to the role of the token, so that no function can fall back to a superuser.
import type { Sql } from 'postgres';
import { ident, literal } from '../../quoting.ts';
import type { Claims } from '../keys.ts';
import type { Catalog } from './catalog.ts';

export interface Caller {
	readonly claims: Claims;
	readonly schema: string;
	readonly method: string;
	readonly path: string;
	readonly headers: Readonly<Record<string, unknown>>;
}

/** What the statement answers: the JSON text, its number of rows, and the counted total. */
export interface Outcome {
	readonly body: string | null;
	readonly rows: number;
	readonly total: number | undefined;
}

export interface Work {
	readonly readOnly: boolean;
	/** Yields one row with `body` (text) and `rows` (integer). */
	readonly statement: string;
	/** Yields one row with `total`; undefined when not asked for. */
	readonly count: string | undefined;
	/** Called before commit; a throw rolls back. */
	check(outcome: Outcome): void;
}

function becomeCaller(catalog: Catalog, caller: Caller): string {
	const settings: (readonly [string, string])[] = [
		['search_path', `${ident(caller.schema)}, public, extensions`],
		['request.jwt.claims', JSON.stringify(caller.claims)],
		['request.method', caller.method],
		['request.path', caller.path],
		['request.headers', JSON.stringify(caller.headers)],
		...catalog.settings(caller.claims.role),
	];
	const configured = settings.map(
		([name, value]) => `set_config(${literal(name)}, ${literal(value)}, true)`,
	);
	return `set local session authorization authenticator;
set local role ${ident(caller.claims.role)};
select ${configured.join(', ')};`;
}

/** Runs the work; errors of Postgres come through as thrown by the driver. */
export async function runAs(
	database: Sql,
	catalog: Catalog,
	caller: Caller,
	work: Work,
): Promise<Outcome> {
	let outcome: Outcome | undefined;
	await database.begin(work.readOnly ? 'read only' : '', async (transaction) => {
		await transaction.unsafe(becomeCaller(catalog, caller));
		const [row] = await transaction.unsafe<{ body: string | null; rows: number }[]>(work.statement);
		let total: number | undefined;
		if (work.count !== undefined) {
			const [counted] = await transaction.unsafe<{ total: number }[]>(work.count);
			total = counted?.total;
		}
		outcome = { body: row?.body ?? null, rows: row?.rows ?? 0, total };
		work.check(outcome);
	});
	return outcome ?? { body: null, rows: 0, total: undefined };
}
