// Backups and the destinations that they are kept in. What needs a key is done by the edge function `backups`, which only the
// server calls.
import * as z from 'zod/mini';
import type { BackupsRequest, SaveDestination } from '#shared/domain/destination.ts';
import { allRows } from './all-rows.ts';
import type { ControlClient } from './client.ts';
import { problemFromFunction, type Problem } from './problem.ts';
import { rowsOf } from './rejected.ts';
import type { BackupRow, DestinationRow } from './rows.ts';

export const BACKUPS_PER_PAGE = 20;

/** Backups that are there, are taken or failed, newest first; `page` counts from 1. */
export async function readBackups(
	supabase: ControlClient,
	twinId: string | null,
	page: number,
): Promise<{ backups: BackupRow[]; hasMore: boolean }> {
	const first = (page - 1) * BACKUPS_PER_PAGE;
	let query = supabase.from('backups').select('*').neq('status', 'deleted');
	if (twinId !== null) query = query.eq('twin_id', twinId);
	const rows = rowsOf(
		await query
			.order('created_at', { ascending: false })
			.order('id')
			.range(first, first + BACKUPS_PER_PAGE),
	);
	return { backups: rows.slice(0, BACKUPS_PER_PAGE), hasMore: rows.length > BACKUPS_PER_PAGE };
}

/** The backup that was taken with a clone; null where none was. */
export async function readBackupOfClone(
	supabase: ControlClient,
	jobId: string,
): Promise<BackupRow | null> {
	const rows = rowsOf(await supabase.from('backups').select('*').eq('job_id', jobId).limit(1));
	return rows[0] ?? null;
}

/** What a twin keeps of its backups; null: all, for ever. */
export async function readRetention(
	supabase: ControlClient,
	twinId: string,
): Promise<{ keep_backups: number | null; keep_days: number | null }> {
	const rows = rowsOf(
		await supabase.from('twins').select('keep_backups, keep_days').eq('id', twinId).limit(1),
	);
	return rows[0] ?? { keep_backups: null, keep_days: null };
}

/** Destinations of the user; the first is where backups go unless another is picked. */
export async function readDestinations(supabase: ControlClient): Promise<DestinationRow[]> {
	return allRows((from, to) =>
		supabase
			.from('backup_destinations')
			.select('*', { count: 'exact' })
			.order('created_at')
			.order('id')
			.range(from, to),
	);
}

type Answer = { data: unknown; problem: null } | { data: null; problem: Problem };

async function call(supabase: ControlClient, request: BackupsRequest): Promise<Answer> {
	const { data, error } = await supabase.functions.invoke<unknown>('backups', { body: request });
	if (error === null) return { data, problem: null };
	return { data: null, problem: await problemFromFunction(error, 'backups') };
}

const own = z.object({ available: z.boolean() });

/** Whether backups have a place where the user has saved none; null when that cannot be asked. */
export async function hasOwnStore(supabase: ControlClient): Promise<boolean | null> {
	const parsed = z.safeParse(own, (await call(supabase, { action: 'own_store' })).data);
	return parsed.success ? parsed.data.available : null;
}

/** Tests a destination and saves it. */
export async function saveDestination(
	supabase: ControlClient,
	request: SaveDestination,
): Promise<Problem | null> {
	return (await call(supabase, request)).problem;
}

const givenKey = z.object({ key_id: z.string() });

/** Keeps the key of an encrypted backup for a restore; the id by which start_restore is told of it. */
export async function giveKey(
	supabase: ControlClient,
	identity: string,
): Promise<{ keyId: string; problem: null } | { keyId: null; problem: Problem }> {
	const { data, problem } = await call(supabase, { action: 'give_key', identity });
	return problem === null
		? { keyId: givenKey.parse(data).key_id, problem }
		: { keyId: null, problem };
}
