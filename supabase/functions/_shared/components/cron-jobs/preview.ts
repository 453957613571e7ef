// What a look at the source's cron jobs shows and warns of. Commands are shown without their secrets.
import {
	makePreview,
	type Preview,
	type PreviewObject,
	type PreviewWarning,
} from '../../domain/preview.ts';
import type { ReadContext } from '../../contract/context.ts';
import { hostsIn, withoutSecrets, readReferences } from '../../platform/supabase/references.ts';
import { readJobs, readSourceJobs } from './inspect.ts';
import { planJobs, wantedJobs } from './plan.ts';

const MAX_COMMAND = 300;

/** Counts, list, plan and warnings. Changes nothing. */
export async function previewJobs(context: ReadContext): Promise<Preview> {
	const source = await readSourceJobs(context.source);
	const target = await readJobs(await context.target.database());
	const from = await readReferences(context.source);
	const to = await readReferences(context.target);
	const wanted = wantedJobs(source, from, to);
	const { activate, remove_extra: removeExtra } = context.options;
	const actions = planJobs(wanted, target, { ...context.options, removeExtra });
	const warnings: PreviewWarning[] = [];
	if (wanted.length > 0 && !target.installed) {
		warnings.push({
			level: 'note',
			object: 'pg_cron',
			message: 'The target does not have pg_cron yet; the clone will try to enable it.',
			fix: 'Enable it on the target (Integrations, Cron) if that fails.',
		});
	}
	for (const job of wanted) {
		const { changes, missing } = job.rewritten;
		if (changes.length > 0) {
			warnings.push({
				level: missing.length > 0 ? 'warning' : 'note',
				object: job.object,
				message: `The command mentions the source (${changes.join(', ')}); the copy will mention the target.`,
				fix:
					missing.length > 0
						? `A placeholder takes the place of ${missing.join(', ')}: put the target's into the command after the clone.`
						: 'Nothing to do.',
			});
		}
		const hosts = hostsIn(job.command);
		if (hosts.length > 0) {
			warnings.push({
				level: activate ? 'warning' : 'note',
				object: job.object,
				message: `The command calls ${hosts.join(', ')}.`,
				fix: 'It arrives inactive unless "activate" is on. Check the address before you arm it.',
			});
		}
	}
	for (const job of source.foreign) {
		warnings.push({
			level: 'warning',
			object: job.name ?? `unnamed job (${job.schedule})`,
			message: `It runs as ${job.username} in database ${job.database} and is not copied.`,
			fix: 'Schedule it on the target by hand, as that role.',
		});
	}
	return makePreview({
		counts: [{ unit: 'job', source: wanted.length, target: target.own.length }],
		objects: actions.map((action): PreviewObject => {
			if (action.how === 'remove')
				return { object: action.object, kind: 'job', action: 'remove', is_extra: true };
			const { object, schedule, command } = action.job;
			return {
				object,
				kind: 'job',
				action: action.how,
				detail: `${schedule} ${withoutSecrets(command).slice(0, MAX_COMMAND)}`,
			};
		}),
		warnings,
	});
}
