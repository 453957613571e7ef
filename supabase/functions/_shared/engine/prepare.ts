// The first step of every run: looks whether both ends are ready, refuses before anything is written,
// and lays out the steps that follow. Names no component.
import type { Component, Preview, ProjectSide } from '../components/component.ts';
import { TwinsError } from '../domain/errors.ts';
import { majorOf } from '../platform/session.ts';
import { userSchema } from '../schema/scope.ts';
import { plannedStages } from './order.ts';
import type { NewStep, Run } from './queue.ts';
import { checkRoom } from './room.ts';

interface ProjectState {
	readonly name: string;
	readonly status: string;
}

const WORK_RANK = 1;
const CLEANUP_RANK = 2;

export interface Preparation {
	readonly steps: readonly NewStep[];
	/** What a preview tells before any component does: tables that a clone would ask about. */
	readonly preview?: Readonly<Record<'target', Preview>>;
}

/** Checks both ends and lays out the run. Throws TwinsError when it must not start. */
export async function prepareRun(
	run: Run,
	source: ProjectSide,
	target: ProjectSide,
	components: readonly Component[],
): Promise<Preparation> {
	await Promise.all([checkReady(source), checkReady(target)]);
	await checkVersions(source, target);
	const enabled = components.filter((component) => run.options.components[component.key]);
	switch (run.kind) {
		case 'job':
			await checkTargetIsMeant(run, target);
			await checkRoom(run, source, target);
			return {
				steps: [
					...plannedStages(components, run.options.components).map(({ component, stage }) => ({
						kind: 'stage' as const,
						rank: WORK_RANK,
						component: component.key,
						stage: stage.name,
						needs: stage.needs,
						provides: stage.provides,
					})),
					{ kind: 'cleanup', rank: CLEANUP_RANK },
				],
			};
		case 'preview': {
			const theirs = await theirTables(run, target);
			return {
				steps: enabled.map(({ key }) => ({ kind: 'preview', rank: WORK_RANK, component: key })),
				...(theirs && { preview: { target: previewOf(theirs) } }),
			};
		}
		case 'verification':
			return {
				steps: enabled.map(({ key }) => ({ kind: 'verify', rank: WORK_RANK, component: key })),
			};
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
		majorOf(session.serverVersion),
	);
	if (from === undefined || to === undefined || from <= to) return;
	throw new TwinsError(
		'unsupported',
		`The source runs Postgres ${from}, the target only Postgres ${to}`,
		`Upgrade the target to Postgres ${from} in the Supabase dashboard, or pick a newer target.`,
	);
}

interface TheirTables {
	readonly count: number;
	readonly example: string;
}

/** Tables on the target that no clone of ours made: someone's, until a user says that they may go. */
async function theirTables(run: Run, target: ProjectSide): Promise<TheirTables | undefined> {
	if (run.cloned_before) return undefined;
	const session = await target.database();
	const [row] = await session.query<TheirTables>(`
		select count(*)::int as count, min(format('%I.%I', n.nspname, c.relname)) as example
		from pg_catalog.pg_class as c
		join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p') and ${userSchema('n.nspname')}
		having count(*) > 0`);
	return row;
}

const tablesOf = ({ count }: TheirTables): string => (count === 1 ? '1 table' : `${count} tables`);

/** A target that holds someone's tables is only written when its ref was typed. */
async function checkTargetIsMeant(run: Run, target: ProjectSide): Promise<void> {
	if (run.options.confirm_target === run.target.ref) return;
	const theirs = await theirTables(run, target);
	if (!theirs) return;
	throw new TwinsError(
		'conflict',
		`The target already has ${tablesOf(theirs)} (such as ${theirs.example}) that no clone of this pair made`,
		`If they may be overwritten, clone again and confirm with the target's ref "${run.target.ref}" (option confirm_target).`,
	);
}

function previewOf(theirs: TheirTables): Preview {
	return {
		counts: { tables: theirs.count },
		objects: [],
		warnings: [
			{
				object: theirs.example,
				message: `The target already has ${tablesOf(theirs)} that no clone of this pair made`,
				fix: 'Make sure that they may be overwritten: the clone asks for the ref of the target.',
			},
		],
	};
}
