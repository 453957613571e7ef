// Reads the cron jobs of one endpoint.
import type { Session } from '../../platform/postgres/index.ts';
import { CRON_JOBS, CRON_STATE } from './queries.ts';

export interface CronJob {
	readonly id: string;
	/** Null for a job that was scheduled without a name. */
	readonly name: string | null;
	readonly schedule: string;
	readonly command: string;
	readonly database: string;
	readonly username: string;
	readonly active: boolean;
}

export interface EndpointCronJobs {
	readonly installed: boolean;
	/** Jobs that run as our role in this database: those we can copy. */
	readonly own: readonly CronJob[];
	/** All others that can be seen. */
	readonly foreign: readonly CronJob[];
}

/** Jobs as pg_cron tells them; none where it is not installed. */
export async function readJobs(session: Session): Promise<EndpointCronJobs> {
	const [state] = await session.query<{ installed: boolean; database: string; role: string }>(
		CRON_STATE,
	);
	if (!state?.installed) return { installed: false, own: [], foreign: [] };
	const jobs = (await session.query(CRON_JOBS)).map((row) => ({
		id: String(row['id']),
		name: row['name'] === null ? null : String(row['name']),
		schedule: String(row['schedule']),
		command: String(row['command']),
		database: String(row['database']),
		username: String(row['username']),
		active: row['active'] === true,
	}));
	const isOwn = (job: CronJob): boolean =>
		job.username === state.role && job.database === state.database;
	return {
		installed: true,
		own: jobs.filter(isOwn),
		foreign: jobs.filter((job) => !isOwn(job)),
	};
}
