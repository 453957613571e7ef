// The engine's side of the step queue: three calls to the control database, whose functions hold the
// rules (supabase/migrations/…_create_step_queue.sql).
import type { Finding, Item, Preview, Progress } from '../components/component.ts';
import type { CloneOptions } from '../domain/clone.ts';
import type { ErrorBody } from '../domain/errors.ts';
import type { VerificationMode } from '../domain/status.ts';
import { redactObject } from '../platform/redact.ts';
import type { Session } from '../platform/session.ts';
import type { SealedToken } from '../platform/vault.ts';

/** Seconds a worker may be silent before its step is given to another. */
export const LEASE_SECONDS = 30;
/** Seconds between heartbeats: several fit into a lease, so that one lost beat costs nothing. */
export const HEARTBEAT_SECONDS = 5;

export type StepKind = 'prepare' | 'stage' | 'preview' | 'verify' | 'cleanup';

export interface ClaimedStep {
	readonly id: number;
	readonly lease: string;
	readonly kind: StepKind;
	readonly component: string | null;
	readonly stage: string | null;
	readonly cursor: unknown;
	/** What earlier clones into this target remembered for the component. */
	readonly memory: Readonly<Record<string, unknown>>;
	readonly slices: number;
	readonly attempts: number;
}

export interface RunEnd extends SealedToken {
	readonly account_id: string;
	readonly ref: string;
	readonly account_status: 'connected' | 'expired' | 'revoked';
	/** Where the user gave one: used instead of a temporary login. */
	readonly database_password: SealedToken | null;
}

export interface Run {
	readonly id: string;
	readonly kind: 'job' | 'preview' | 'verification';
	readonly job_id: string | null;
	readonly twin_id: string;
	readonly mode: VerificationMode | null;
	readonly options: CloneOptions;
	readonly ignore_rules: readonly string[];
	readonly source: RunEnd;
	readonly target: RunEnd;
	readonly target_is_protected: boolean;
	/** True when an earlier clone of this pair by this user has written to the target. */
	readonly cloned_before: boolean;
}

export interface Claim {
	readonly step: ClaimedStep;
	readonly run: Run;
}

export interface NewStep {
	readonly kind: StepKind;
	/** Steps of a lower rank are over before one of a higher rank starts. */
	readonly rank: number;
	readonly component?: string;
	readonly stage?: string;
	readonly needs?: readonly string[];
	readonly provides?: readonly string[];
}

export interface SliceResult {
	readonly outcome: 'more' | 'done' | 'retry' | 'failed';
	readonly cursor?: unknown;
	readonly items?: readonly Item[];
	readonly progress?: Progress | undefined;
	readonly memory?: Readonly<Record<string, unknown>>;
	readonly error?: ErrorBody;
	/** Seconds until the retry; the queue backs off by itself otherwise. */
	readonly retry_after?: number | undefined;
	readonly steps?: readonly NewStep[];
	readonly preview?: Readonly<Record<string, Preview>>;
	readonly findings?: readonly Finding[];
}

/** The next step to work on, or null when nothing waits. */
export async function claimStep(control: Session): Promise<Claim | null> {
	const [row] = await control.query<{ claim: Claim | null }>(
		'select private.claim_step($1::int) as claim',
		[LEASE_SECONDS],
	);
	return row?.claim ?? null;
}

/** Extends the lease and stores progress. `lost`: another worker has the step; `cancel`: stop soon. */
export async function heartbeat(
	control: Session,
	step: ClaimedStep,
	progress: Progress | undefined,
): Promise<{ readonly lost: boolean; readonly cancel: boolean }> {
	const [row] = await control.query<{ beat: { lost: boolean; cancel: boolean } }>(
		'select private.heartbeat($1::bigint, $2::uuid, $3::jsonb, $4::int) as beat',
		[step.id, step.lease, progress ? { ...progress } : {}, LEASE_SECONDS],
	);
	return row?.beat ?? { lost: true, cancel: false };
}

/**
 * Stores what a slice did and hands on. False when the lease was lost: nothing is stored then. Definitions
 * and messages of the projects may quote keys: what people read of a slice is stored without them.
 */
export async function finishSlice(
	control: Session,
	step: ClaimedStep,
	result: SliceResult,
): Promise<boolean> {
	const { cursor, memory, ...readable } = result;
	const [row] = await control.query<{ answer: { lost: boolean } }>(
		'select private.finish_slice($1::bigint, $2::uuid, $3::jsonb || $4::jsonb) as answer',
		[step.id, step.lease, redactObject(readable), { cursor, memory }],
	);
	return row?.answer.lost === false;
}

/** Marks the account of an end whose token Supabase refused, unless it was connected anew meanwhile. */
export async function expireAccount(control: Session, { account_id, iv }: RunEnd): Promise<void> {
	await control.query('select private.expire_account($1::uuid, $2)', [account_id, iv]);
}

/**
 * Seconds until the next step of the run may be tried again; null when none waits. Only cron would wake a
 * worker for it, once a minute.
 */
export async function nextRetry(control: Session, { id }: Run): Promise<number | null> {
	const [row] = await control.query<{ seconds: number | null }>(
		`select extract(epoch from min(run_after) - now())::float8 as seconds from private.steps
		where run_id = $1::uuid and status = 'queued' and run_after > now()`,
		[id],
	);
	return row?.seconds ?? null;
}

export async function wakeWorkers(control: Session): Promise<void> {
	await control.query('select private.wake_workers()');
}
