import { fail, redirect } from '@sveltejs/kit';
import { parsePage, readClones, readVerifications } from '#lib/data/clones.ts';
import { problemFromDatabase } from '#lib/data/problem.ts';
import { readResting, readToDo } from '#lib/data/to-do.ts';
import { isUuid } from '#lib/data/uuid.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, params, url, parent }) => {
	const { twin } = await parent();
	const page = parsePage(url.searchParams.get('page'));
	const [{ clones }, { verifications }, toDo, resting] = await Promise.all([
		readClones(locals.supabase, { twinId: twin.twin_id }, 1),
		readVerifications(locals.supabase, twin.twin_id, 1),
		readToDo(locals.supabase, params.twin, page),
		readResting(locals.supabase, twin.twin_id),
	]);
	return { page, clones, verification: verifications[0] ?? null, toDo, resting };
};

export const actions: Actions = {
	tick: async ({ locals, params, request }) => {
		const form = await request.formData();
		const [component, object] = [form.get('component'), form.get('object')];
		if (!isUuid(params.twin) || typeof component !== 'string' || typeof object !== 'string') {
			return fail(400, { problem: null });
		}
		const entry = { twin_id: params.twin, component, object };
		const { error: refused } = form.has('is_done')
			? await locals.supabase.from('ticks').insert(entry)
			: await locals.supabase.from('ticks').delete().match(entry);
		// Ticked in another tab already: it is as wanted.
		if (refused !== null && refused.code !== '23505') {
			return fail(400, { problem: problemFromDatabase(refused) });
		}
		return { problem: null };
	},
	/** All that rests, or the one object that the form names. */
	arm: async ({ locals, params, request }) => {
		const form = await request.formData();
		const text = (name: string): string | undefined => {
			const value = form.get(name);
			return typeof value === 'string' && value !== '' ? value : undefined;
		};
		if (!isUuid(params.twin)) return fail(404, { problem: null });
		const [component, object, confirmation] = [text('component'), text('object'), text('confirm')];
		const { data, error: refused } = await locals.supabase.rpc('arm', {
			twin_id: params.twin,
			...(component === undefined || object === undefined ? {} : { component, object }),
			...(confirmation === undefined ? {} : { confirm_target: confirmation.trim() }),
		});
		if (refused !== null) return fail(409, { problem: problemFromDatabase(refused) });
		redirect(303, `/clones/${data.id}`);
	},
};
