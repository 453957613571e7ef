import { rhythmWords } from '#lib/data/rhythm-words.ts';
import { readSchedules } from '#lib/data/schedules.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, params }) => {
	const schedules = await readSchedules(locals.supabase, params.twin);
	return {
		schedules: schedules.map((schedule) => ({ ...schedule, rhythm: rhythmWords(schedule) })),
	};
};
