import { error, fail } from '@sveltejs/kit';
import { patternProblem } from '#shared/domain/ignore-rule.ts';
import { problemFromDatabase } from '#lib/data/problem.ts';
import { readIgnoreRules, readTwin, readTwinTables, startReadingTables } from '#lib/data/twins.ts';
import { isUuid } from '#lib/data/uuid.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, parent }) => {
	const { twin } = await parent();
	const [rules, tables] = await Promise.all([
		readIgnoreRules(locals.supabase, twin.twin_id),
		readTwinTables(locals.supabase, twin.twin_id),
	]);
	return { rules, tables };
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
