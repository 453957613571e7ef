// The report of a run as a file: Markdown for people, JSON for machines. Every object is in it, not only the first ones.
import { error } from '@sveltejs/kit';
import { readAllItems } from '#lib/data/attempts.ts';
import { readPair, readRun } from '#lib/data/clones.ts';
import { isUuid } from '#lib/data/uuid.ts';
import { reportJson, reportMarkdown } from '#lib/run/report-file.ts';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = async ({ locals, params, url }) => {
	const run = isUuid(params.clone) ? await readRun(locals.supabase, params.clone) : null;
	const twin = run === null ? null : await readPair(locals.supabase, run.job);
	if (run === null || twin === null) error(404, 'There is no such clone.');
	const items = await readAllItems(locals.supabase, run.job.id);
	const isJson = url.searchParams.get('as') === 'json';
	return new Response(isJson ? reportJson(run, twin, items) : reportMarkdown(run, twin, items), {
		headers: {
			'content-type': isJson ? 'application/json' : 'text/markdown; charset=utf-8',
			'content-disposition': `attachment; filename="clone-${run.job.id}.${isJson ? 'json' : 'md'}"`,
		},
	});
};
