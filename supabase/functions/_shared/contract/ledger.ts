// The schema on the target in which components keep their notes of a run, such as which rows are in.
import { ident } from '../platform/postgres/index.ts';
import type { MANAGED_SCHEMAS } from '../platform/supabase/managed-schemas.ts';
import type { Endpoint } from './endpoint.ts';

/** Its name: a managed schema, so that no clone takes it for the user's. */
export const LEDGER_SCHEMA = '_twins' satisfies (typeof MANAGED_SCHEMAS)[number];

/** Drops it with all that is left in it. It is for one run only: there is one running clone per target. */
export async function dropLedgerSchema(target: Endpoint): Promise<void> {
	const session = await target.database();
	await session.script(
		`set client_min_messages to warning; drop schema if exists ${ident(LEDGER_SCHEMA)} cascade`,
	);
}
