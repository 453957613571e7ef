// Makes the target's cron jobs like the source's, one statement per job, so that one that fails leaves the
// others. Nothing that is copied starts to run unless the clone was asked to activate.
import * as z from 'zod/mini';
import type { Item } from '../../contract/report.ts';
import type { Stage } from '../../contract/component.ts';
import type { StageContext } from '../../contract/context.ts';
import { howToArm } from '../../domain/arming.ts';
import { TwinsError } from '../../domain/errors.ts';
import { readReferences } from '../../platform/supabase/references.ts';
import { literal, type Session } from '../../platform/postgres/index.ts';
import { readJobs, readSourceJobs, type EndpointCronJobs } from './inspect.ts';
import { planJobs, wantedJobs, type JobAction, type WantedJob } from './plan.ts';
import { alterJob, INSTALL_CRON, scheduleJob, unscheduleJob } from './queries.ts';

const cursorSchema = z.object({ done: z.array(z.string()) });

const ENABLE = 'Enable pg_cron on the target (Integrations, Cron), then clone again.';

/** How a person arms a job. Names are theirs, so the text is quoted for SQL. */
export const armingOf = ({ name, schedule }: WantedJob): string => {
	const which =
		name === null
			? `jobname is null and schedule = ${literal(schedule).trim()}`
			: `jobname = ${literal(name).trim()}`;
	return howToArm(
		`select cron.alter_job((select jobid from cron.job where ${which}), active := true)`,
	);
};

function rewriteDetail({ changes, missing }: WantedJob['rewritten']): string | undefined {
	if (changes.length === 0) return undefined;
	const placed = missing.length > 0 ? `; a placeholder is in place of ${missing.join(', ')}` : '';
	return `rewritten for the target: ${changes.join(', ')}${placed}`;
}

function itemOf(
	action: Exclude<JobAction, { how: 'remove' }>,
	isActive: boolean | undefined,
): Item {
	const { job } = action;
	const rests = job.active && isActive === false;
	const done = { create: 'created', change: 'changed', keep: undefined }[action.how];
	const detail = [done, rests ? 'inactive' : undefined, rewriteDetail(job.rewritten)];
	const fixes = [
		job.rewritten.missing.length > 0
			? `Put the target's ${job.rewritten.missing.join(', ')} in place of REPLACE_WITH_… in the command.`
			: undefined,
		rests ? armingOf(job) : undefined,
	].filter((fix) => fix !== undefined);
	const wasRewritten = job.rewritten.changes.length > 0;
	return {
		object: job.object,
		outcome: action.how === 'keep' ? 'unchanged' : wasRewritten || rests ? 'adapted' : 'copied',
		detail: detail.filter((part) => part !== undefined).join(', ') || undefined,
		fix: fixes.join(' ') || undefined,
	};
}

/** The statement that does it. */
export function statementOf(action: Exclude<JobAction, { how: 'keep' }>): string {
	switch (action.how) {
		case 'create':
			return scheduleJob(action.job.name, action.job.schedule, action.job.command, action.active);
		case 'change': {
			const { schedule, command, active } = action;
			return alterJob(action.id, { schedule, command, active });
		}
		case 'remove':
			return unscheduleJob(action.id);
	}
}

async function apply(
	{ announce }: Pick<StageContext, 'announce'>,
	session: Session,
	action: JobAction,
): Promise<Item> {
	const done = doneItem(action);
	if (action.how === 'keep') return done;
	try {
		await announce(done);
		await session.query(statementOf(action));
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code !== 'database_refused') throw error;
		return {
			object: action.how === 'remove' ? action.object : action.job.object,
			outcome: 'failed',
			detail: error.message,
			fix: 'Versions of pg_cron differ in the schedules they take: compare both projects, correct the job, then clone again.',
			sqlstate: error.details.sqlstate,
		};
	}
	return done;
}

const doneItem = (action: JobAction): Item =>
	action.how === 'remove'
		? { object: action.object, outcome: 'copied', detail: 'removed: the source does not have it' }
		: itemOf(action, action.active);

function foreignItems(source: EndpointCronJobs): Item[] {
	return source.foreign.map((job) => ({
		object: job.name ?? `unnamed job (${job.schedule}), number ${job.id}`,
		outcome: 'skipped',
		detail: `It runs as ${job.username} in database ${job.database}, which a clone may not schedule.`,
		fix: 'Schedule it on the target by hand, as that role.',
	}));
}

/** The target's jobs, after pg_cron was enabled where it was missing; null where it cannot be. */
async function readyTarget(context: StageContext, wanted: readonly WantedJob[]) {
	const session = await context.target.database();
	const found = await readJobs(session);
	if (found.installed) return found;
	try {
		await session.query(INSTALL_CRON);
		return await readJobs(session);
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code !== 'database_refused') throw error;
		for (const { object } of wanted) {
			context.report({
				object,
				outcome: 'failed',
				detail: `The target has no pg_cron: ${error.message}`,
				fix: ENABLE,
				sqlstate: error.details.sqlstate,
			});
		}
		return null;
	}
}

export const copyStage: Stage = {
	name: 'jobs',
	// Last of all: a job may use anything, and an activated one starts at the next minute.
	needs: [
		'structure',
		'users',
		'rows',
		'relations',
		'routines',
		'views',
		'triggers',
		'policies',
		'publication',
		'files',
		'edge_functions',
		'config',
	],
	provides: [],
	async run(context) {
		const done = new Set(context.cursor === null ? [] : cursorSchema.parse(context.cursor).done);
		const source = await readSourceJobs(context.source);
		context.report(...foreignItems(source));
		if (source.own.length === 0 && !context.options.remove_extra) {
			if (!source.installed) {
				context.report({
					object: 'pg_cron',
					outcome: 'skipped',
					detail: 'The source does not use pg_cron: there are no jobs to copy.',
				});
			}
			return { state: 'done' };
		}
		const [from, to] = await Promise.all([
			readReferences(context.source),
			readReferences(context.target),
		]);
		const wanted = wantedJobs(source, from, to);
		if (wanted.length === 0 && !(await readJobs(await context.target.database())).installed) {
			return { state: 'done' };
		}
		const target = await readyTarget(context, wanted);
		if (!target) return { state: 'done' };
		const session = await context.target.database();
		const { remove_extra: removeExtra } = context.options;
		const actions = planJobs(wanted, target, { ...context.options, removeExtra });
		for (const action of actions) {
			const object = action.how === 'remove' ? action.object : action.job.object;
			if (done.has(object)) continue;
			if (context.signal.aborted || context.spent()) {
				return { state: 'more', cursor: { done: [...done] } };
			}
			context.report(await apply(context, session, action));
			context.spend({ operations: 1 });
			done.add(object);
			context.progress({ done: done.size, total: actions.length });
		}
		return { state: 'done' };
	},
};
