// The states of a project as the Management API names them, and what people call them. Supabase adds to its list: what
// is not here is shown as it comes.

const LABELS: ReadonlyMap<string, string> = new Map([
	['ACTIVE_HEALTHY', 'running'],
	['ACTIVE_UNHEALTHY', 'running, not healthy'],
	['COMING_UP', 'coming up'],
	['GOING_DOWN', 'going down'],
	['INACTIVE', 'paused'],
	['INIT_FAILED', 'failed to start'],
	['PAUSE_FAILED', 'failed to pause'],
	['PAUSING', 'being paused'],
	['REMOVED', 'removed'],
	['RESIZING', 'being resized'],
	['RESTARTING', 'restarting'],
	['RESTORE_FAILED', 'failed to be restored'],
	['RESTORING', 'being restored'],
	['UNKNOWN', 'unknown'],
	['UPGRADING', 'being upgraded'],
]);

const RUNNING: ReadonlySet<string> = new Set(['ACTIVE_HEALTHY', 'ACTIVE_UNHEALTHY']);

/** True for a project that a clone can read and write. */
export const isRunning = (status: string): boolean => RUNNING.has(status);

export const statusLabel = (status: string): string => LABELS.get(status) ?? status;
