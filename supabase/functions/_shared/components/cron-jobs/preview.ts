// What a look at the source's cron jobs shows and warns of. Commands are shown without their secrets.
import type { Preview, PreviewWarning, ReadContext } from '../component.ts';
import { hostsIn, readReferences, withoutSecrets } from '../../platform/references.ts';
import { readJobs } from './inspect.ts';
import { planJobs, wantedJobs } from './plan.ts';

const MAX_COMMAND = 300;
const MAX_OBJECTS = 500;

/** Counts, list, plan and warnings. Changes nothing. */
export async function previewJobs(context: ReadContext): Promise<Preview> {
	const source = await readJobs(await context.source.database());
	const target = await readJobs(await context.target.database());
	const from = await readReferences(context.source);
	const to = await readReferences(context.target);
	const wanted = wantedJobs(source, from, to);
	const { activate, remove_extra: removeExtra } = context.options;
	const actions = planJobs(wanted, target, { activate, removeExtra });
	const warnings: PreviewWarning[] = [];
	if (wanted.length > 0 && !target.installed) {
		warnings.push({
			object: 'pg_cron',
			message: 'The target does not have pg_cron yet; the clone will try to enable it.',
			fix: 'Enable it on the target (Integrations, Cron) if that fails.',
		});
	}
	for (const job of wanted) {
		const { changes, missing } = job.rewritten;
		if (changes.length > 0) {
			warnings.push({
				object: job.object,
				message: `The command mentions the source (${changes.join(', ')}); the copy will mention the target.`,
				fix:
					missing.length > 0
						? `The target has no ${missing.join(', ')}: put one into the command after the clone.`
						: 'Nothing to do.',
			});
		}
		const hosts = hostsIn(job.command);
		if (hosts.length > 0) {
			warnings.push({
				object: job.object,
				message: `The command calls ${hosts.join(', ')}.`,
				fix: 'It arrives inactive unless "activate" is on. Check the address before you arm it.',
			});
		}
	}
	for (const job of source.foreign) {
		warnings.push({
			object: job.name ?? `unnamed job (${job.schedule})`,
			message: `It runs as ${job.username} in database ${job.database} and is not copied.`,
			fix: 'Schedule it on the target by hand, as that role.',
		});
	}
	const objects = actions.slice(0, MAX_OBJECTS).map((action) => {
		if (action.how === 'remove') return { object: action.object, action: 'remove' };
		const { object, schedule, command, active } = action.job;
		return {
			object,
			schedule,
			command: withoutSecrets(command).slice(0, MAX_COMMAND),
			active,
			action: action.how,
		};
	});
	const count = (how: string): number => actions.filter((action) => action.how === how).length;
	return {
		counts: {
			cron_jobs: wanted.length,
			plan_create: count('create'),
			plan_change: count('change'),
			plan_keep: count('keep'),
			plan_remove: count('remove'),
		},
		objects,
		warnings,
	};
}
