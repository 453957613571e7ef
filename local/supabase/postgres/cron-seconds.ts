// Runs the jobs of a cluster's pg_cron whose schedule is '[1-59] seconds', where the installed pg_cron knows only
// minutes: each as its user in its database, at its pace, never twice at a time, with its row in cron.job_run_details.

import postgres from 'postgres';

export interface SecondsJobs {
	close(): Promise<void>;
}

interface Job {
	readonly id: string;
	readonly seconds: number;
	readonly command: string;
	readonly database: string;
	readonly username: string;
}

const LIST = `
	select jobid::text as id, substring(schedule from '[0-9]+')::int as seconds, command, database, username
	from cron.job where active and schedule ~* '^\\s*[0-9]+\\s+seconds?\\s*$'`;

/** Works until closed. `adminUrl` makes the superuser's URL of a database; the extension may be created later. */
export function runSecondsJobs(adminUrl: (database?: string) => string): SecondsJobs {
	// Without the client's own query for types, whose failure nobody could catch when the server ends under it.
	const sql = postgres(adminUrl(), { max: 1, fetch_types: false, onnotice: () => undefined });
	const timers = new Map<string, NodeJS.Timeout>();
	const running = new Map<string, Promise<void>>();
	let jobs = new Map<string, Job>();
	let isClosed = false;

	/** An interval is counted from the start of a run, as pg_cron does. */
	function plan(id: string, delay: number): void {
		clearTimeout(timers.get(id));
		timers.set(
			id,
			setTimeout(() => {
				const job = jobs.get(id);
				if (job === undefined || isClosed || running.has(id)) return;
				const started = Date.now();
				const run = runJob(job, adminUrl(job.database), sql)
					.catch(() => undefined)
					.finally(() => {
						running.delete(id);
						const now = jobs.get(id);
						if (now !== undefined && !isClosed) {
							plan(id, Math.max(0, started + now.seconds * 1000 - Date.now()));
						}
					});
				running.set(id, run);
			}, delay),
		);
	}

	async function look(): Promise<void> {
		const [found] = await sql`select to_regclass('cron.job') is not null as exists`;
		const rows = found?.['exists'] === true ? await sql.unsafe<Job[]>(LIST) : [];
		if (isClosed) return;
		const before = jobs;
		jobs = new Map(rows.map((job) => [job.id, job]));
		for (const [id, timer] of timers) {
			if (jobs.has(id)) continue;
			clearTimeout(timer);
			timers.delete(id);
		}
		for (const job of rows) {
			if (before.get(job.id)?.seconds !== job.seconds && !running.has(job.id)) {
				plan(job.id, job.seconds * 1000);
			}
		}
	}

	const lookQuietly = () => void look().catch(() => undefined);
	const listening = sql.listen('cron_seconds', lookQuietly, lookQuietly).catch(() => undefined);
	return {
		async close() {
			isClosed = true;
			for (const timer of timers.values()) clearTimeout(timer);
			await listening;
			await Promise.all(running.values());
			await sql.end({ timeout: 1 }).catch(() => undefined);
		},
	};
}

async function runJob(job: Job, url: string, sql: postgres.Sql): Promise<void> {
	const session = postgres(url, {
		max: 1,
		onnotice: () => undefined,
		connection: { application_name: 'pg_cron' },
	});
	try {
		const [backend] = await session`select pg_backend_pid() as pid`;
		await session`select set_config('session_authorization', ${job.username}, false)`;
		const [row] = await sql`
			insert into cron.job_run_details (jobid, job_pid, database, username, command, status, start_time)
			values (${job.id}, ${Number(backend?.['pid'])}, ${job.database}, ${job.username}, ${job.command},
				'running', clock_timestamp())
			returning runid`;
		const [status, message] = await session
			.unsafe(job.command)
			.simple()
			.then(
				(result) => ['succeeded', result.command ?? ''] as const,
				(error: unknown) =>
					['failed', `ERROR: ${error instanceof Error ? error.message : ''}`] as const,
			);
		await sql`
			update cron.job_run_details
			set status = ${status}, return_message = ${message}, end_time = clock_timestamp()
			where runid = ${String(row?.['runid'])}`;
	} finally {
		await session.end({ timeout: 1 });
	}
}
