// The first step of every run: looks whether both ends are ready, refuses before anything is written,
// and lays out the steps that follow. Names no component.
import type { Component, ProjectSide } from '../components/component.ts';
import { TwinsError } from '../domain/errors.ts';
import { userSchema } from '../schema/scope.ts';
import { plannedStages } from './order.ts';
import type { NewStep, Run } from './queue.ts';

interface ProjectState {
	readonly name: string;
	readonly status: string;
}

const WORK_RANK = 1;
const CLEANUP_RANK = 2;

/** Checks both ends and returns the steps of the run. Throws TwinsError when the run must not start. */
export async function prepareRun(
	run: Run,
	source: ProjectSide,
	target: ProjectSide,
	components: readonly Component[],
): Promise<NewStep[]> {
	await Promise.all([checkReady(source), checkReady(target)]);
	await checkVersions(source, target);
	if (run.kind === 'job') await checkTargetIsMeant(run, target);
	const enabled = components.filter((component) => run.options.components[component.key]);
	switch (run.kind) {
		case 'job':
			return [
				...plannedStages(components, run.options.components).map(({ component, stage }) => ({
					kind: 'stage' as const,
					rank: WORK_RANK,
					component: component.key,
					stage: stage.name,
					needs: stage.needs,
					provides: stage.provides,
				})),
				{ kind: 'cleanup', rank: CLEANUP_RANK },
			];
		case 'preview':
			return enabled.map(({ key }) => ({ kind: 'preview', rank: WORK_RANK, component: key }));
		case 'verification':
			return enabled.map(({ key }) => ({ kind: 'verify', rank: WORK_RANK, component: key }));
	}
}

async function checkReady(side: ProjectSide): Promise<void> {
	const project = await side.api.get<ProjectState>('');
	if (project.status === 'ACTIVE_HEALTHY' || project.status === 'ACTIVE_UNHEALTHY') return;
	throw new TwinsError(
		'target_not_ready',
		`The ${side.role} project "${project.name}" is not running (${project.status})`,
		project.status === 'INACTIVE'
			? 'It is paused: restore it in the Supabase dashboard, wait until it is healthy, and start again.'
			: 'Wait until the Supabase dashboard shows it as healthy, and start again.',
	);
}

async function checkVersions(source: ProjectSide, target: ProjectSide): Promise<void> {
	const [from, to] = (await Promise.all([source.database(), target.database()])).map((session) =>
		Math.floor(session.serverVersion / 10000),
	);
	if (from === undefined || to === undefined || from <= to) return;
	throw new TwinsError(
		'unsupported',
		`The source runs Postgres ${from}, the target only Postgres ${to}`,
		`Upgrade the target to Postgres ${from} in the Supabase dashboard, or pick a newer target.`,
	);
}

/** A target that holds tables which no clone of ours made is only written when its ref was typed. */
async function checkTargetIsMeant(run: Run, target: ProjectSide): Promise<void> {
	if (run.cloned_before || run.options.confirm_target === run.target.ref) return;
	const session = await target.database();
	const [row] = await session.query<{ tables: number; example: string | null }>(`
		select count(*)::int as tables, min(format('%I.%I', n.nspname, c.relname)) as example
		from pg_catalog.pg_class as c
		join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p') and ${userSchema('n.nspname')}`);
	if (!row || row.tables === 0) return;
	throw new TwinsError(
		'conflict',
		`The target already has ${row.tables} tables (such as ${row.example}), and no clone of this pair made them`,
		`If they may be overwritten, start again with the option confirm_target set to "${run.target.ref}".`,
	);
}
