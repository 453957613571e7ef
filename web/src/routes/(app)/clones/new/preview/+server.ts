// Starts a preview of the draft: both projects are read, nothing is written. Answers its id.
import { json } from '@sveltejs/kit';
import { problemFromDatabase } from '#lib/data/problem.ts';
import { cloneArguments, parseDraft } from '#lib/wizard/draft.ts';
import type { RequestHandler } from './$types';

export const POST: RequestHandler = async ({ locals, request, url }) => {
	const args = cloneArguments(parseDraft(await request.text()));
	if (args === null) return json({ problem: INCOMPLETE }, { status: 400 });
	const { data, error } = await locals.supabase.rpc('start_preview', {
		...args,
		count_rows: url.searchParams.get('rows') === 'counted',
	});
	if (error !== null) return json({ problem: problemFromDatabase(error) }, { status: 409 });
	return json({ id: data.id });
};

const INCOMPLETE = {
	message: 'The draft is not complete.',
	fix: 'Go back and fill in what is missing.',
};
