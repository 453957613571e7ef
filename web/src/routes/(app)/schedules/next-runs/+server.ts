import { json } from '@sveltejs/kit';
import * as z from 'zod/mini';
import { rhythmWords } from '#lib/data/rhythm-words.ts';
import { readNextRuns } from '#lib/data/schedules.ts';
import type { RequestHandler } from './$types';

const rhythm = z.object({
	every_hours: z.nullable(z.number()),
	cron: z.nullable(z.string()),
	timezone: z.string(),
});

/** When a rhythm would run, for the form of a schedule. */
export const POST: RequestHandler = async ({ locals, request }) => {
	const asked = rhythm.safeParse(await request.json().catch(() => null));
	if (!asked.success)
		return json({ problem: { message: 'No rhythm was sent.', fix: '' } }, { status: 400 });
	const { runs, problem } = await readNextRuns(locals.supabase, asked.data);
	if (problem !== null) return json({ problem });
	return json({ runs, words: rhythmWords(asked.data) });
};
