import { error, fail } from '@sveltejs/kit';
import { patternProblem } from '#shared/domain/ignore-rule.ts';
import { parsePage, readClones } from '#lib/data/clones.ts';
import { readChannels } from '#lib/data/notifications.ts';
import { problemFromDatabase } from '#lib/data/problem.ts';
import { rhythmWords } from '#lib/data/rhythm-words.ts';
import { readSchedules } from '#lib/data/schedules.ts';
import { readIgnoreRules, readTwin, readTwinTables, startReadingTables } from '#lib/data/twins.ts';
import { isUuid } from '#lib/data/uuid.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, params, url }) => {
	const twin = isUuid(params.twin) ? await readTwin(locals.supabase, params.twin) : null;
	if (twin === null) error(404, 'There is no such twin.');
	const page = parsePage(url.searchParams.get('page'));
	const [history, rules, tables, schedules, channels] = await Promise.all([
		readClones(locals.supabase, { twinId: twin.twin_id }, page),
		readIgnoreRules(locals.supabase, twin.twin_id),
		readTwinTables(locals.supabase, twin.twin_id),
		readSchedules(locals.supabase, twin.twin_id),
		readChannels(locals.supabase),
	]);
	return {
		twin,
		page,
		...history,
		rules,
		tables,
		channels: channels.filter(({ twin_id }) => twin_id === null || twin_id === twin.twin_id),
		schedules: schedules.map((schedule) => ({ ...schedule, rhythm: rhythmWords(schedule) })),
	};
};

export const actions: Actions = {
	add: async ({ locals, params, request }) => {
		const given = (await request.formData()).get('pattern');
		const pattern = typeof given === 'string' ? given.trim() : '';
		const wrong = patternProblem(pattern);
		if (wrong !== null) return fail(400, { pattern, wrong });
		const { error: refused } = await locals.supabase
			.from('ignore_rules')
			.insert({ twin_id: params.twin, pattern });
		if (refused === null) return { added: pattern };
		if (refused.code === '23505') return fail(409, { pattern, wrong: 'This rule exists already.' });
		return fail(400, { pattern, problem: problemFromDatabase(refused) });
	},
	remove: async ({ locals, params, request }) => {
		const id = (await request.formData()).get('id');
		if (typeof id !== 'string' || !isUuid(id)) return fail(400, {});
		const { error: refused } = await locals.supabase
			.from('ignore_rules')
			.delete()
			.eq('id', id)
			.eq('twin_id', params.twin);
		if (refused !== null) return fail(400, { problem: problemFromDatabase(refused) });
		return {};
	},
	readTables: async ({ locals, params }) => {
		const twin = isUuid(params.twin) ? await readTwin(locals.supabase, params.twin) : null;
		if (twin === null) error(404, 'There is no such twin.');
		const { id, problem } = await startReadingTables(locals.supabase, twin);
		return problem === null ? { reading: id } : fail(409, { problem });
	},
};
