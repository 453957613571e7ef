// Every status of the product, in one place. The database constrains the same words.

export const JOB_STATUSES = ['pending', 'in_progress', 'completed', 'failed', 'canceled'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const COMPONENT_STATUSES = [
	'pending',
	'in_progress',
	'completed',
	'failed',
	'skipped',
	'canceled',
] as const;
export type ComponentStatus = (typeof COMPONENT_STATUSES)[number];

export const ITEM_OUTCOMES = ['copied', 'unchanged', 'adapted', 'skipped', 'failed'] as const;
export type ItemOutcome = (typeof ITEM_OUTCOMES)[number];

export const VERIFICATION_STATUSES = ['not_run', 'running', 'passed', 'warning', 'failed'] as const;
export type VerificationStatus = (typeof VERIFICATION_STATUSES)[number];

export const VERIFICATION_MODES = ['structure', 'counts', 'checksums'] as const;
export type VerificationMode = (typeof VERIFICATION_MODES)[number];

/** True when a job will not change any more. */
export function isFinished(status: JobStatus): boolean {
	return status === 'completed' || status === 'failed' || status === 'canceled';
}
