// What to do so that the target has the source's cron jobs. Pure: both endpoints in, actions out.
import { arms, type Arming } from '../../domain/arming.ts';
import { isFilledIn } from '../../platform/supabase/key-like.ts';
import {
	rewriteReferences,
	type ProjectReferences,
	type Rewritten,
} from '../../platform/supabase/references.ts';
import type { CronJob, EndpointCronJobs } from './inspect.ts';

export interface WantedJob {
	/** What people are shown; unique among the jobs of a project. */
	readonly object: string;
	readonly name: string | null;
	readonly schedule: string;
	/** The command with references to the source made ones to the target. */
	readonly command: string;
	/** Whether a command is the wanted one, perhaps with values in place of placeholders. */
	readonly isMetBy: (command: string) => boolean;
	/** Whether it runs on the source. */
	readonly active: boolean;
	readonly rewritten: Pick<Rewritten, 'changes' | 'missing'>;
}

export type JobAction =
	| { readonly how: 'create'; readonly job: WantedJob; readonly active: boolean }
	| {
			readonly how: 'change';
			readonly job: WantedJob;
			readonly id: string;
			readonly schedule?: string;
			readonly command?: string;
			readonly active?: boolean;
	  }
	| { readonly how: 'keep'; readonly job: WantedJob; readonly active: boolean }
	| { readonly how: 'remove'; readonly id: string; readonly object: string };

/** The source's jobs as the target should have them. */
export function wantedJobs(
	source: EndpointCronJobs,
	from: ProjectReferences,
	to: ProjectReferences,
): WantedJob[] {
	const objects = new Set<string>();
	return source.own.map((job) => {
		const base = job.name ?? `unnamed job (${job.schedule})`;
		let object = base;
		for (let count = 2; objects.has(object); count += 1) object = `${base} #${count}`;
		objects.add(object);
		const { text, changes, missing } = rewriteReferences(job.command, from, to);
		const { name, schedule, active } = job;
		return {
			object,
			name,
			schedule,
			command: text,
			isMetBy: (found) => isFilledIn(text, found, job.command),
			active,
			rewritten: { changes, missing },
		};
	});
}

/** A job with a name is found by it; one without, by its schedule and command. */
function findJob(wanted: WantedJob, jobs: readonly CronJob[], taken: ReadonlySet<string>) {
	return jobs.find(
		(job) =>
			!taken.has(job.id) &&
			job.name === wanted.name &&
			(wanted.name !== null || (job.schedule === wanted.schedule && wanted.isMetBy(job.command))),
	);
}

/**
 * New jobs arrive inactive and existing ones keep their flag, unless they are armed: then both get the source's.
 * With `removeExtra` jobs that only the target has go.
 */
export function planJobs(
	wanted: readonly WantedJob[],
	target: EndpointCronJobs,
	options: Arming & { readonly removeExtra: boolean },
): JobAction[] {
	const taken = new Set<string>();
	const actions = wanted.map((job): JobAction => {
		const found = findJob(job, target.own, taken);
		if (!found) return { how: 'create', job, active: arms(options, job.object) && job.active };
		taken.add(found.id);
		const change = {
			...(found.schedule === job.schedule ? {} : { schedule: job.schedule }),
			...(job.isMetBy(found.command) ? {} : { command: job.command }),
			...(arms(options, job.object) && found.active !== job.active ? { active: job.active } : {}),
		};
		const isNew = change.command !== undefined || found.command === job.command;
		// Somebody has put in what was missing.
		const kept = isNew ? job : { ...job, rewritten: { ...job.rewritten, missing: [] } };
		return Object.keys(change).length === 0
			? { how: 'keep', job: kept, active: found.active }
			: { how: 'change', job: kept, id: found.id, ...change };
	});
	if (!options.removeExtra) return actions;
	const extra = target.own.filter((job) => !taken.has(job.id));
	return [
		...actions,
		...extra.map((job): JobAction => ({
			how: 'remove',
			id: job.id,
			object: job.name ?? `unnamed job (${job.schedule}), number ${job.id}`,
		})),
	];
}
