// Reads the cron jobs of one endpoint.
import * as z from 'zod/mini';
import type { Endpoint } from '../../contract/endpoint.ts';
import type { Session } from '../../platform/postgres/index.ts';
import { CRON_JOBS, CRON_STATE } from './queries.ts';

const jobSchema = z.object({
	id: z.string(),
	/** Null for a job that was scheduled without a name. */
	name: z.nullable(z.string()),
	schedule: z.string(),
	command: z.string(),
	database: z.string(),
	username: z.string(),
	active: z.boolean(),
});
export type CronJob = Readonly<z.infer<typeof jobSchema>>;

const endpointJobsSchema = z.object({
	installed: z.boolean(),
	/** Jobs that run as our role in this database: those we can copy. */
	own: z.readonly(z.array(jobSchema)),
	/** All others that can be seen. */
	foreign: z.readonly(z.array(jobSchema)),
});
export type EndpointCronJobs = Readonly<z.infer<typeof endpointJobsSchema>>;

/** Under which a backup keeps them. */
export const KEPT_JOBS = 'cron-jobs';

/** Jobs of the source, or of the backup that stands for it. */
export const readSourceJobs = async (source: Endpoint): Promise<EndpointCronJobs> =>
	source.kept
		? endpointJobsSchema.parse(await source.kept.read(KEPT_JOBS))
		: readJobs(await source.database());

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
