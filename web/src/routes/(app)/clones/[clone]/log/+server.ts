// The whole log of one component of a run, as a file.
import { error } from '@sveltejs/kit';
import { COMPONENT_KEYS } from '#shared/domain/component.ts';
import { readWholeLog } from '#lib/data/attempts.ts';
import { readRun } from '#lib/data/clones.ts';
import { isUuid } from '#lib/data/uuid.ts';
import { logText } from '#lib/run/log.ts';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = async ({ locals, params, url }) => {
	const component = COMPONENT_KEYS.find((key) => key === url.searchParams.get('component'));
	const run = isUuid(params.clone) ? await readRun(locals.supabase, params.clone) : null;
	if (run === null || component === undefined) error(404, 'There is no such log.');
	return new Response(logText(await readWholeLog(locals.supabase, run.job.id, component)), {
		headers: { 'content-type': 'text/plain; charset=utf-8' },
	});
};
