// What a run consists of, for everybody who carries one out. Types only.
import type { Failed } from '../contract/report.ts';
import type { CloneOptions } from '../domain/clone.ts';
import type { ComponentKey } from '../domain/component.ts';
import type { VerificationMode } from '../domain/status.ts';

export type StepKind =
	| 'prepare'
	| 'guard'
	| 'stage'
	| 'preview'
	| 'plan'
	| 'verify'
	| 'cleanup'
	| 'backup'
	| 'prove'
	| 'remove';

/** Failures and deaths in a row after which a step is given up; the queue has the same limit. */
export const MAX_ATTEMPTS = 8;

/** A unit of work of a run: one stage of one component, or what one component does in a preview or verification. */
export interface Step {
	readonly kind: StepKind;
	readonly component: string | null;
	readonly stage: string | null;
	/** JSON left by the previous slice; null in the first. */
	readonly cursor: unknown;
	/** Failures and deaths since the last slice that succeeded. */
	readonly attempts: number;
	/** What has failed so far in the run. */
	readonly failures: readonly Failed[];
	/** What earlier clones into this target remembered for the component. */
	readonly memory: Readonly<Record<string, unknown>>;
}

/** A step that is still to be laid out. */
export interface NewStep {
	readonly kind: StepKind;
	/** Steps of a lower rank are over before one of a higher rank starts. */
	readonly rank: number;
	readonly component?: ComponentKey;
	readonly stage?: string;
	/** Names of the steps that must be over before this one starts: `component.stage`. */
	readonly waits_for?: readonly string[];
}

/** What all steps of a job, preview or verification share. */
export interface Run {
	readonly id: string;
	readonly kind: 'job' | 'preview' | 'verification' | 'backup';
	readonly job_id: string | null;
	readonly mode: VerificationMode | null;
	readonly options: CloneOptions;
	readonly ignore_rules: readonly string[];
	/** Percent of a table's rows that the job may remove or overwrite; null (or nothing said): it is not looked. */
	readonly loss_limit?: number | null;
	/** Names of risks that somebody agreed to; null (or nothing said): it is not looked. */
	readonly agreed?: readonly string[] | null;
	/** Of a preview: rows are counted, not estimated. */
	readonly count_rows?: boolean;
	readonly target: { readonly ref: string };
	/** True when an earlier clone of this pair by this user has written to the target. */
	readonly cloned_before: boolean;
}
