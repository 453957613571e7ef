// Reads of connected accounts and their projects, and the calls to the edge function `accounts`,
// which holds what needs a secret. Only the server calls the function.
import * as z from 'zod/mini';
import type { AccountsRequest } from '#shared/domain/api.ts';
import { allRows } from './all-rows.ts';
import type { ControlClient } from './client.ts';
import { problemFromFunction, type Problem } from './problem.ts';
import { rowsOf } from './rejected.ts';
import type { AccountRow, ProjectRow } from './rows.ts';

/** Accounts that are linked, oldest first; disconnected ones are left out. */
export async function readAccounts(supabase: ControlClient): Promise<AccountRow[]> {
	return rowsOf(
		await supabase
			.from('connected_accounts')
			.select('*')
			.in('status', ['connected', 'expired'])
			.order('created_at'),
	);
}

/** Projects as last listed. */
export async function readProjects(supabase: ControlClient): Promise<ProjectRow[]> {
	return allRows((from, to) =>
		supabase
			.from('projects')
			.select('*', { count: 'exact' })
			.order('name')
			.order('account_id')
			.order('ref')
			.range(from, to),
	);
}

export type AccountsAnswer = { data: unknown; problem: null } | { data: null; problem: Problem };

/** Calls the function as the signed-in user. */
export async function callAccounts(
	supabase: ControlClient,
	request: AccountsRequest,
): Promise<AccountsAnswer> {
	const { data, error } = await supabase.functions.invoke<unknown>('accounts', { body: request });
	if (error !== null) return { data: null, problem: await problemFromFunction(error, 'accounts') };
	return { data, problem: null };
}

const listErrors = z.object({
	errors: z.optional(
		z.array(z.object({ account_id: z.string(), message: z.string(), fix: z.optional(z.string()) })),
	),
});

export interface AccountTrouble {
	readonly accountId: string;
	readonly problem: Problem;
}

/** Lists the projects anew (this fills the table `projects`); answers the accounts that failed. */
export async function refreshProjects(
	supabase: ControlClient,
	force: boolean,
): Promise<AccountTrouble[]> {
	const answer = await callAccounts(supabase, { action: 'list_projects', refresh: force });
	if (answer.problem !== null) return [{ accountId: '', problem: answer.problem }];
	return troublesOf(answer.data);
}

/** The accounts whose projects could not be listed, from an answer of the function. */
export function troublesOf(answer: unknown): AccountTrouble[] {
	const parsed = listErrors.safeParse(answer);
	const errors = parsed.success ? (parsed.data.errors ?? []) : [];
	return errors.map(({ account_id, message, fix }) => ({
		accountId: account_id,
		problem: { message, fix: fix ?? '' },
	}));
}
