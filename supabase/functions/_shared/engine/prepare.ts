// The first step of every run: looks whether both endpoints are ready, refuses before anything is written,
// and lays out the steps that follow. Names no component.
import * as z from 'zod/mini';
import type { Component } from '../contract/component.ts';
import type { Endpoint } from '../contract/endpoint.ts';
import { formatQuantity } from '../domain/amount.ts';
import { TwinsError } from '../domain/errors.ts';
import { makePreview, type Preview } from '../domain/preview.ts';
import { isRunning, statusLabel } from '../domain/project-status.ts';
import { both } from '../platform/both.ts';
import { majorOf } from '../platform/postgres/index.ts';
import { userSchema } from '../platform/supabase/managed-schemas.ts';
import { plannedStages } from './order.ts';
import type { NewStep, Run } from './step.ts';
import { checkDiskSpace } from './disk-space.ts';

const projectSchema = z.object({ name: z.string(), status: z.string() });

/** Over before anything is written. */
const GUARD_RANK = 0;
export const WORK_RANK = 1;
export const CLEANUP_RANK = 2;

export interface Preparation {
	readonly steps: readonly NewStep[];
	/** What a preview tells before any component does: tables that a clone would ask about. */
	readonly preview?: Readonly<Record<'target', Preview>>;
}

/** Checks both endpoints and lays out the run. Throws TwinsError when it must not start. */
export async function prepareRun(
	run: Run,
	source: Endpoint,
	target: Endpoint,
	components: readonly Component[],
): Promise<Preparation> {
	await Promise.all([checkReady(source), checkReady(target)]);
	await checkVersions(source, target);
	const steps = layOutSteps(run, components);
	switch (run.kind) {
		case 'job':
			await checkTargetIsMeant(run, target);
			await checkDiskSpace(run, source, target);
			return { steps };
		case 'preview': {
			const theirs = await theirTables(run, target);
			return { steps, ...(theirs && { preview: { target: previewOf(theirs) } }) };
		}
		case 'verification':
		case 'backup':
			return { steps };
	}
}

/** The steps of a run, in an order in which they can be carried out one after the other. */
export function layOutSteps(
	{
		kind,
		options,
		loss_limit = null,
		agreed = null,
	}: Pick<Run, 'kind' | 'options' | 'loss_limit' | 'agreed'>,
	components: readonly Component[],
): NewStep[] {
	const enabled = components.filter(({ key }) => options.components[key]);
	const ofEach = (step: 'preview' | 'verify'): NewStep[] =>
		enabled.map(({ key }) => ({ kind: step, rank: WORK_RANK, component: key }));
	switch (kind) {
		case 'job':
			return [
				...(loss_limit === null ? [] : enabled)
					.filter(({ measureLosses }) => measureLosses !== undefined)
					.map(({ key }) => ({ kind: 'guard' as const, rank: GUARD_RANK, component: key })),
				...(agreed === null ? [] : planSteps('guard', GUARD_RANK, enabled)),
				...plannedStages(components, options.components).map((planned) => ({
					kind: 'stage' as const,
					rank: WORK_RANK,
					...planned,
				})),
				...enabled
					.filter(({ cleanUp }) => cleanUp !== undefined)
					.map(({ key }) => ({ kind: 'cleanup' as const, rank: CLEANUP_RANK, component: key })),
			];
		case 'preview':
			return [...ofEach('preview'), ...planSteps('plan', WORK_RANK, enabled)];
		case 'verification':
			return ofEach('verify');
		case 'backup':
			return [];
	}
}

/** One step for each planner, under the first component that names it. */
function planSteps(kind: 'plan' | 'guard', rank: number, enabled: readonly Component[]): NewStep[] {
	const planners = new Map<string, NewStep>();
	for (const { key, planners: own = [] } of enabled) {
		for (const { name } of own) {
			if (planners.has(name)) continue;
			planners.set(name, { kind, rank, component: key, stage: name });
		}
	}
	return [...planners.values()];
}

/** Throws `target_not_ready` for a project that is paused or not there yet. */
export async function checkReady(endpoint: Endpoint): Promise<void> {
	if (!endpoint.services.includes('management_api')) return;
	const project = await endpoint.api.get('', projectSchema);
	if (isRunning(project.status)) return;
	throw new TwinsError(
		'target_not_ready',
		`The ${endpoint.role} project "${project.name}" is not running (${statusLabel(project.status)})`,
		project.status === 'INACTIVE'
			? 'It is paused: restore it in the Supabase dashboard, wait until it is healthy, and start again.'
			: 'Wait until the Supabase dashboard shows it as healthy, and start again.',
	);
}

async function checkVersions(source: Endpoint, target: Endpoint): Promise<void> {
	const [from, to] = (await both(source.database(), target.database())).map((session) =>
		majorOf(session.serverVersion),
	);
	if (from === undefined || to === undefined || from <= to) return;
	throw new TwinsError(
		'unsupported',
		`The source runs Postgres ${from}, the target only Postgres ${to}`,
		`Upgrade the target to Postgres ${from} in the Supabase dashboard, or pick a newer target.`,
	);
}

/** What of a run says whether its target is meant. */
type MeantTarget = Pick<Run, 'cloned_before' | 'target'> & {
	readonly options: Pick<Run['options'], 'confirm_target'>;
};

interface TheirTables {
	readonly count: number;
	readonly example: string;
}

/** Tables on the target that no clone of ours made: someone's, until a user says that they may go. */
async function theirTables(
	run: Pick<Run, 'cloned_before'>,
	target: Endpoint,
): Promise<TheirTables | undefined> {
	if (run.cloned_before) return undefined;
	const session = await target.database();
	const [row] = await session.query<TheirTables>(`
		select count(*)::int as count, min(pg_catalog.format('%I.%I', n.nspname, c.relname)) as example
		from pg_catalog.pg_class as c
		join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p') and ${userSchema('n.nspname')}
		having count(*) > 0`);
	return row;
}

/** A target that holds someone's tables is only written when its ref was typed. */
export async function checkTargetIsMeant(run: MeantTarget, target: Endpoint): Promise<void> {
	if (run.options.confirm_target === run.target.ref) return;
	const theirs = await theirTables(run, target);
	if (!theirs) return;
	throw new TwinsError(
		'conflict',
		`The target already has ${formatQuantity(theirs.count, 'table')} (such as ${theirs.example}) that no clone of this pair made`,
		`If they may be overwritten, clone again and confirm with the target's ref "${run.target.ref}" (option confirm_target).`,
	);
}

function previewOf(theirs: TheirTables): Preview {
	return makePreview({
		counts: [{ unit: 'table', source: null, target: theirs.count }],
		objects: [],
		warnings: [
			{
				level: 'warning',
				object: theirs.example,
				message: `The target already has ${formatQuantity(theirs.count, 'table')} that no clone of this pair made`,
				fix: 'Make sure that they may be overwritten: the clone asks for the ref of the target.',
			},
		],
	});
}
