// Verification of cron jobs: present, same schedule, same command but for references. That a job rests which runs on the
// source is a note: it is left to do by hand, or meant.
import type { Finding } from '../../contract/report.ts';
import type { ReadContext } from '../../contract/context.ts';
import { readReferences } from '../../platform/supabase/references.ts';
import { armingOf } from './copy.ts';
import { readJobs, readSourceJobs } from './inspect.ts';
import { planJobs, wantedJobs } from './plan.ts';

const FIX = 'Clone cron jobs again. If it stays, the report of that run says why.';

/** Compares both endpoints; an empty list means equal. */
export async function verifyJobs(context: ReadContext): Promise<readonly Finding[]> {
	const source = await readSourceJobs(context.source);
	const target = await readJobs(await context.target.database());
	const wanted = wantedJobs(
		source,
		await readReferences(context.source),
		await readReferences(context.target),
	);
	const actions = planJobs(wanted, target, { activate: false, removeExtra: false });
	return actions.flatMap((action): Finding[] => {
		if (action.how === 'create') {
			const found = target.installed ? 'missing' : 'missing: the target has no pg_cron';
			return [
				{ severity: 'failed', object: action.job.object, expected: 'cron job', found, fix: FIX },
			];
		}
		if (action.how === 'keep' && action.job.active && !action.active)
			return [
				{
					severity: 'note',
					object: action.job.object,
					expected: 'active',
					found: 'inactive',
					fix: armingOf(action.job),
				},
			];
		if (action.how !== 'change') return [];
		const { object, schedule } = action.job;
		const present = target.own.find((job) => job.id === action.id);
		const findings: Finding[] = [];
		if (action.schedule !== undefined) {
			findings.push({
				severity: 'failed',
				object,
				expected: `schedule ${schedule}`,
				found: `schedule ${present?.schedule ?? 'unknown'}`,
				fix: FIX,
			});
		}
		if (action.command !== undefined) {
			findings.push({
				severity: 'failed',
				object,
				expected: "the source's command",
				found: 'another command',
				fix: FIX,
			});
		}
		return findings;
	});
}
