// The engine's side of the step queue: three calls to the control database, whose functions hold the
// rules (supabase/migrations: …_claim_steps.sql, …_end_slices.sql).
import type { Failed, Item, Progress } from '../contract/report.ts';
import { redactObject } from '../platform/redact.ts';
import type { Queries } from '../platform/control.ts';
import type { StoredToken } from '../platform/supabase/account-token.ts';
import type { SealedToken } from '../platform/vault.ts';
import type { SliceResult } from './slice.ts';
import type { Run, Step } from './step.ts';

/** Seconds a worker may be silent before its step is given to another. */
export const LEASE_SECONDS = 10;
/** Seconds between heartbeats: several fit into a lease, so that one lost beat costs nothing. */
export const HEARTBEAT_SECONDS = 3;

export interface ClaimedStep extends Omit<Step, 'failures'> {
	readonly id: number;
	readonly lease: string;
}

export interface StoredEndpoint extends StoredToken {
	readonly ref: string;
	readonly account_status: 'connected' | 'expired' | 'revoked';
	/** Where the user gave one: used instead of a temporary login. */
	readonly database_password: SealedToken | null;
}

/** What opens a backup. */
export interface StoredBackup {
	readonly id: string;
	readonly owner_id: string;
	readonly ref: string;
	/** Below the prefix of its destination. */
	readonly folder: string;
	/** Null until it is complete. */
	readonly manifest_sha256: string | null;
	/** Of age: for whom it is encrypted. */
	readonly recipient: string | null;
	/** The key that was given for a restore, sealed for its own id. */
	readonly identity: (SealedToken & { readonly id: string }) | null;
	/** Null: the installation's own store. */
	readonly destination:
		| (SealedToken & {
				readonly id: string;
				readonly endpoint: string | null;
				readonly region: string;
				readonly bucket: string;
				readonly prefix: string;
		  })
		| null;
}

/** A run as the control database knows it: with what opens its endpoints. */
export interface StoredRun extends Run {
	readonly twin_id: string;
	readonly source: StoredEndpoint;
	readonly target: StoredEndpoint;
	readonly target_is_protected: boolean;
	/** What a backup writes, or a restore reads; null for all others. */
	readonly backup: StoredBackup | null;
}

export interface Claim {
	readonly step: ClaimedStep;
	readonly run: StoredRun;
}

/** The next step to work on, or null when nothing waits. `runId`: only of that run; `worker`: who may have waited for it. */
export async function claimStep(
	control: Queries,
	runId?: string,
	worker?: string,
): Promise<Claim | null> {
	const [row] = await control.query<{ claim: Claim | null }>(
		'select private.claim_step($1::int, $2::uuid, $3::uuid) as claim',
		[LEASE_SECONDS, runId ?? null, worker ?? null],
	);
	return row?.claim ?? null;
}

/** What has failed so far in the run of a step. */
export function readFailures(control: Queries, { job_id }: Run): Promise<Failed[]> {
	return control.query<Failed>(
		`select component, object from public.job_items where job_id = $1::uuid and outcome = 'failed'
		union all
		select component, null from private.steps where job_id = $1::uuid and status = 'failed' and kind = 'stage'`,
		[job_id],
	);
}

/** Extends the lease and stores progress. `lost`: another worker has the step; `cancel`: stop soon. */
export async function heartbeat(
	control: Queries,
	step: ClaimedStep,
	progress: Progress | undefined,
): Promise<{ readonly lost: boolean; readonly cancel: boolean }> {
	const [row] = await control.query<{ beat: { lost: boolean; cancel: boolean } }>(
		'select private.heartbeat($1::bigint, $2::uuid, $3::jsonb, $4::int) as beat',
		[step.id, step.lease, progress ? { ...progress } : {}, LEASE_SECONDS],
	);
	return row?.beat ?? { lost: true, cancel: false };
}

/** Notes what a slice is about to write. False when the lease was lost: then nothing may be written. */
export async function announceItems(
	control: Queries,
	step: ClaimedStep,
	items: readonly Item[],
): Promise<boolean> {
	const [row] = await control.query<{ held: boolean }>(
		`select private.announce_items($1::bigint, $2::uuid, $3::jsonb -> 'items') as held`,
		[step.id, step.lease, redactObject({ items })],
	);
	return row?.held === true;
}

/**
 * Stores what a slice did and hands on. False when the lease was lost: nothing is stored then. Definitions
 * and messages of the projects may quote keys: what people read of a slice is stored without them. `goesOn`: the
 * caller takes a step of the run itself, for which nobody is woken.
 */
export async function finishSlice(
	control: Queries,
	step: ClaimedStep,
	result: Partial<SliceResult> & Pick<SliceResult, 'outcome'>,
	goesOn = false,
): Promise<boolean> {
	const { cursor, memory, handOn: _, ...readable } = result;
	const [row] = await control.query<{ answer: { lost: boolean } }>(
		'select private.finish_slice($1::bigint, $2::uuid, $3::jsonb || $4::jsonb) as answer',
		[step.id, step.lease, redactObject(readable), { cursor, memory, goes_on: goesOn }],
	);
	return row?.answer.lost === false;
}

/** Marks the account of an endpoint whose token Supabase refused, unless it was connected anew meanwhile. */
export async function expireAccount(
	control: Queries,
	{ account_id, iv }: StoredEndpoint,
): Promise<void> {
	await control.query('select private.expire_account($1::uuid, $2)', [account_id, iv]);
}

/**
 * Seconds until it is worth looking again for a step of the run, or (without one) for any that is due soon. Null where there is
 * nothing to wait for, or another worker waits for it already: one is enough.
 */
export async function secondsToWait(
	control: Queries,
	run: string | null,
	worker: string,
): Promise<number | null> {
	const [row] = await control.query<{ seconds: number | null }>(
		'select private.seconds_to_wait($1::uuid, $2::uuid) as seconds',
		[run, worker],
	);
	return row?.seconds ?? null;
}
