import { error, fail, redirect } from '@sveltejs/kit';
import { isFinished, VERIFICATION_MODES } from '#shared/domain/status.ts';
import { readBackupOfClone } from '#lib/data/backups.ts';
import { readAttempts } from '#lib/data/attempts.ts';
import { readFindings, readItems, readPair, readRun } from '#lib/data/clones.ts';
import { problemFromDatabase } from '#lib/data/problem.ts';
import { isUuid } from '#lib/data/uuid.ts';
import { parseSummary } from '#lib/run/verification.ts';
import { runComponents, shownPart } from '#lib/run/progress.ts';
import type { Actions, PageServerLoad } from './$types';

const ALL_ITEMS = { outcome: null, search: '' };

export const load: PageServerLoad = async ({ locals, params, url }) => {
	const run = isUuid(params.clone) ? await readRun(locals.supabase, params.clone) : null;
	if (run === null) error(404, 'There is no such clone.');
	const twin = await readPair(locals.supabase, run.job);
	if (twin === null) error(404, 'The twin of this clone is gone.');

	const part = shownPart(
		runComponents(run.components),
		url.searchParams.get('step'),
		isFinished(run.job.status),
	);
	const attempts = await readAttempts(locals.supabase, run.job);
	const worst = parseSummary(run.verification?.summary).groups.find(({ entries }) => entries > 0);
	return {
		run,
		backup: await readBackupOfClone(locals.supabase, run.job.id),
		twin,
		attempts: attempts.length > 1 ? attempts : [],
		// What the first paint shows, also where no script runs.
		items:
			part === 'report'
				? null
				: {
						component: part,
						...(await readItems(locals.supabase, run.job.id, part, ALL_ITEMS, 1)),
					},
		findings:
			run.verification === null || worst === undefined
				? null
				: {
						component: worst.component,
						rows: await readFindings(locals.supabase, run.verification.id, worst.component, 1),
					},
	};
};

export const actions: Actions = {
	cancel: async ({ locals, params }) => {
		const { error: refused } = await locals.supabase.rpc('cancel_job', { job_id: params.clone });
		if (refused !== null) return fail(409, { cancelProblem: problemFromDatabase(refused) });
		return { cancelProblem: null };
	},
	again: async ({ locals, params, request }) => {
		const named = (await request.formData()).getAll('component').map(String);
		const { data, error: refused } = await locals.supabase.rpc('run_again', {
			job_id: params.clone,
			...(named.length === 0 ? {} : { components: named }),
		});
		if (refused !== null) return fail(409, { againProblem: problemFromDatabase(refused) });
		redirect(303, `/clones/${data.id}`);
	},
	verify: async ({ locals, params, request }) => {
		const wanted = (await request.formData()).get('mode');
		const { error: refused } = await locals.supabase.rpc('start_verification', {
			job_id: params.clone,
			mode: VERIFICATION_MODES.find((mode) => mode === wanted) ?? 'counts',
		});
		if (refused !== null) return fail(409, { verifyProblem: problemFromDatabase(refused) });
		return { verifyProblem: null };
	},
};
