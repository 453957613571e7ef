// Adds an ignore rule to the pair of a draft, or removes one. The twin is made when it is new, so that its first preview and
// its first clone leave the rows out already.
import { json } from '@sveltejs/kit';
import * as z from 'zod/mini';
import { patternProblem } from '#shared/domain/ignore-rule.ts';
import { problemFromDatabase } from '#lib/data/problem.ts';
import { projectChoice } from '#lib/wizard/draft.ts';
import type { RequestHandler } from './$types';

const asked = z.object({
	source: projectChoice,
	target: projectChoice,
	pattern: z.string(),
	remove: z.boolean(),
});

export const POST: RequestHandler = async ({ locals, request }) => {
	const given = asked.safeParse(await request.json().catch(() => null));
	if (!given.success) return json({ problem: INCOMPLETE }, { status: 400 });
	const { source, target, remove } = given.data;
	const pattern = given.data.pattern.trim();
	const wrong = patternProblem(pattern);
	if (wrong !== null && !remove)
		return json({ problem: { message: wrong, fix: '' } }, { status: 400 });
	const { data: twin, error } = await locals.supabase.rpc('open_twin', {
		source_account_id: source.account_id,
		source_ref: source.ref,
		target_account_id: target.account_id,
		target_ref: target.ref,
	});
	if (error !== null) return json({ problem: problemFromDatabase(error) }, { status: 409 });
	const rule = { twin_id: twin.id, pattern };
	const { error: refused } = remove
		? await locals.supabase.from('ignore_rules').delete().match(rule)
		: await locals.supabase.from('ignore_rules').insert(rule);
	// There already: it is as wanted.
	if (refused !== null && refused.code !== '23505')
		return json({ problem: problemFromDatabase(refused) }, { status: 400 });
	return json({ id: twin.id });
};

const INCOMPLETE = {
	message: 'The draft has no two projects.',
	fix: 'Pick the source and the target first.',
};
