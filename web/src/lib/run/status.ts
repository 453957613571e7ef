// Every status as people see it: its word, its shape and its tone. The only place that knows them.
import { formatQuantity } from '#shared/domain/amount.ts';
import type { DeliveryStatus } from '#shared/domain/notification.ts';
import type {
	ItemOutcome,
	JobStatus,
	VerificationMode,
	VerificationStatus,
} from '#shared/domain/status.ts';
import type { RunStatus } from './progress.ts';

export type Shape =
	'circle' | 'arc' | 'check' | 'triangle' | 'octagon' | 'slash' | 'dash' | 'dotted';
export type Tone = 'neutral' | 'running' | 'success' | 'warning' | 'danger';

export interface StatusLook {
	readonly label: string;
	readonly shape: Shape;
	readonly tone: Tone;
}

const pending: StatusLook = { label: 'Pending', shape: 'circle', tone: 'neutral' };
const inProgress: StatusLook = { label: 'In progress', shape: 'arc', tone: 'running' };
const completed: StatusLook = { label: 'Completed', shape: 'check', tone: 'success' };
const failed: StatusLook = { label: 'Failed', shape: 'octagon', tone: 'danger' };
const skipped: StatusLook = { label: 'Skipped', shape: 'dash', tone: 'neutral' };
const canceled: StatusLook = { label: 'Canceled', shape: 'slash', tone: 'neutral' };

export const JOB_LOOKS: Readonly<Record<JobStatus, StatusLook>> = {
	pending,
	in_progress: inProgress,
	completed,
	failed,
	canceled,
};

export const COMPONENT_LOOKS: Readonly<Record<RunStatus, StatusLook>> = {
	...JOB_LOOKS,
	skipped,
	not_started: { label: 'Not started', shape: 'slash', tone: 'neutral' },
};

export const OUTCOME_LOOKS: Readonly<Record<ItemOutcome, StatusLook>> = {
	copied: { label: 'Copied', shape: 'check', tone: 'success' },
	unchanged: { label: 'Unchanged', shape: 'check', tone: 'neutral' },
	adapted: { label: 'Adapted', shape: 'check', tone: 'success' },
	skipped,
	failed,
};

export const VERIFICATION_LOOKS: Readonly<Record<VerificationStatus, StatusLook>> = {
	not_run: { label: 'Not run', shape: 'dotted', tone: 'neutral' },
	running: { label: 'Comparing', shape: 'arc', tone: 'running' },
	passed: { label: 'Passed', shape: 'check', tone: 'success' },
	warning: { label: 'Warning', shape: 'triangle', tone: 'warning' },
	failed,
};

export const DELIVERY_LOOKS: Readonly<Record<DeliveryStatus, StatusLook>> = {
	waiting: { label: 'Waiting', shape: 'circle', tone: 'neutral' },
	delivered: { label: 'Delivered', shape: 'check', tone: 'success' },
	dead: { label: 'Given up', shape: 'octagon', tone: 'danger' },
};

export const MODE_WORDS: Readonly<Record<VerificationMode, string>> = {
	structure: 'Structure only',
	counts: 'Structure and row counts',
	checksums: 'Structure and every row (checksums)',
};

export const SEVERITY_LOOKS: Readonly<Record<'failed' | 'warning' | 'note', StatusLook>> = {
	failed,
	warning: { label: 'Warning', shape: 'triangle', tone: 'warning' },
	note: { label: 'Note', shape: 'circle', tone: 'neutral' },
};

/**
 * How a whole job is said: a finished job in which components failed is never a plain success.
 * @param failures as counted in its report
 * @param changes objects that it made or changed; null where that is not known
 */
export function jobLook(
	status: JobStatus,
	failures: number,
	cancelRequested: boolean,
	changes: number | null = null,
): StatusLook {
	if (status === 'completed' && failures > 0) {
		return {
			label: `Completed with ${formatQuantity(failures, 'failure')}`,
			shape: 'triangle',
			tone: 'warning',
		};
	}
	if (status === 'completed' && changes === 0) {
		return { label: 'Nothing to do', shape: 'check', tone: 'success' };
	}
	if (cancelRequested && (status === 'pending' || status === 'in_progress')) {
		return { label: 'Canceling', shape: 'arc', tone: 'neutral' };
	}
	return JOB_LOOKS[status];
}
