// SQL of the cron jobs component. `cron.job` may only be read; it is written through cron's functions.
import { literal } from '../../platform/postgres/index.ts';

/** Whether pg_cron is there, and what jobs of ours would belong to. */
export const CRON_STATE = `
select pg_catalog.to_regclass('cron.job') is not null as installed,
  pg_catalog.current_database()::pg_catalog.text as database, current_user::pg_catalog.text as role`;

export const CRON_JOBS = `
select jobid::pg_catalog.text as id, jobname::pg_catalog.text as name, schedule, command, database, username, active
from cron.job
order by jobname nulls last, schedule, command, jobid`;

/** Fails where the project offers no pg_cron. */
export const INSTALL_CRON = `create extension if not exists pg_cron with schema pg_catalog`;

/** One statement, so that a job is never seen active by the scheduler before it is made inactive. */
export const scheduleJob = (
	name: string | null,
	schedule: string,
	command: string,
	active: boolean,
): string => {
	const named = [...(name === null ? [] : [name]), schedule, command].map(literal).join(', ');
	return `select cron.alter_job(cron.schedule(${named}), active := ${literal(active)})`;
};

/** Changes a job in place; what is not given stays. */
export const alterJob = (
	id: string,
	change: {
		readonly schedule?: string | undefined;
		readonly command?: string | undefined;
		readonly active?: boolean | undefined;
	},
): string => {
	const given = Object.entries(change).flatMap(([key, value]) =>
		value === undefined ? [] : `${key} := ${literal(value)}`,
	);
	return `select cron.alter_job(${literal(id)}::pg_catalog.int8, ${given.join(', ')})`;
};

export const unscheduleJob = (id: string): string =>
	`select cron.unschedule(${literal(id)}::pg_catalog.int8)`;
