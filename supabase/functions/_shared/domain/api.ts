// What the function `accounts` is asked and what it answers. Parsed at the edge, typed afterwards.
import * as z from 'zod/mini';

const displayName = z.string().check(z.trim(), z.minLength(1), z.maxLength(100));

export const accountsRequestSchema = z.discriminatedUnion('action', [
	z.strictObject({
		action: z.literal('connect_pat'),
		/** Personal access token, `sbp_…`. Tested before it is saved, never shown again. */
		token: z.string().check(z.trim(), z.minLength(20), z.maxLength(500)),
		display_name: displayName,
		/** Reconnects this account instead of adding one. */
		account_id: z.optional(z.uuid()),
		/** The day on which the token ends, as the user chose it at Supabase, which does not tell. */
		expires_on: z.optional(z.iso.date()),
	}),
	z.strictObject({
		action: z.literal('start_oauth'),
		/** Reconnects this account instead of adding one. */
		account_id: z.optional(z.uuid()),
	}),
	z.strictObject({
		action: z.literal('finish_oauth'),
		/** As Supabase sent them back with the user. */
		state: z.string().check(z.minLength(20), z.maxLength(200)),
		code: z.string().check(z.minLength(1), z.maxLength(2000)),
	}),
	/** Which ways of connecting accounts this installation has. */
	z.strictObject({ action: z.literal('connection_methods') }),
	z.strictObject({
		action: z.literal('rename'),
		account_id: z.uuid(),
		display_name: displayName,
	}),
	z.strictObject({ action: z.literal('disconnect'), account_id: z.uuid() }),
	z.strictObject({
		action: z.literal('set_database_password'),
		account_id: z.uuid(),
		ref: z.string().check(z.regex(/^[a-z]{20}$/)),
		/** Tested before it is saved, never shown again. Null forgets it. */
		password: z.nullable(z.string().check(z.minLength(1), z.maxLength(500))),
	}),
	z.strictObject({
		action: z.literal('list_projects'),
		/** Asks the Management API even when the list is fresh. */
		refresh: z.optional(z.boolean()),
	}),
]);

export type AccountsRequest = z.infer<typeof accountsRequestSchema>;

export interface ListedProject {
	readonly account_id: string;
	readonly ref: string;
	readonly name: string;
	readonly organization_name: string | null;
	readonly region: string | null;
	readonly status: string | null;
	readonly postgres_version: string | null;
	readonly is_protected: boolean;
}
