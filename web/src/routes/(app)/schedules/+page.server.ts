import { fail } from '@sveltejs/kit';
import { cloneOptionsSchema } from '#shared/domain/clone.ts';
import type { Json } from '#lib/data/database-types.ts';
import { problemFromDatabase } from '#lib/data/problem.ts';
import { rhythmWords } from '#lib/data/rhythm-words.ts';
import { readSchedule, readSchedules } from '#lib/data/schedules.ts';
import { readTwins } from '#lib/data/twins.ts';
import { isUuid } from '#lib/data/uuid.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, url }) => {
	const twin = url.searchParams.get('twin');
	const twinId = twin !== null && isUuid(twin) ? twin : null;
	const [schedules, twins] = await Promise.all([
		readSchedules(locals.supabase, twinId),
		readTwins(locals.supabase),
	]);
	return {
		schedules: schedules.map((schedule) => ({ ...schedule, rhythm: rhythmWords(schedule) })),
		twins,
		/** The twin that the page is narrowed to. */
		twin: twins.find(({ twin_id }) => twin_id === twinId) ?? null,
	};
};

export const actions: Actions = {
	save: async ({ locals, request }) => {
		const form = await request.formData();
		const rhythm = text(form, 'rhythm');
		const options = parseOptions(text(form, 'options'));
		const confirmed = text(form, 'confirm_target');
		const id = text(form, 'schedule_id');
		if (options === null || !isUuid(text(form, 'twin_id'))) {
			return fail(400, {
				problem: { message: 'Pick a twin first.', fix: 'Clone a pair once, then schedule it.' },
			});
		}
		const { error } = await locals.supabase.rpc('save_schedule', {
			twin_id: text(form, 'twin_id'),
			name: text(form, 'name'),
			...(rhythm === 'cron' ? { cron: text(form, 'cron') } : { every_hours: Number(rhythm) }),
			timezone: text(form, 'timezone'),
			options: { ...options, ...(confirmed === '' ? {} : { confirm_target: confirmed }) },
			is_active: text(form, 'is_active') !== 'false',
			loss_limit: Math.round(Number(text(form, 'loss_limit'))),
			...(isUuid(id) ? { schedule_id: id } : {}),
		});
		return error === null ? { saved: true } : fail(400, { problem: problemFromDatabase(error) });
	},
	switch: async ({ locals, request }) => {
		const form = await request.formData();
		const id = text(form, 'schedule_id');
		const schedule = isUuid(id) ? await readSchedule(locals.supabase, id) : null;
		if (schedule === null) return fail(404, { problem: GONE });
		const { error } = await locals.supabase.rpc('save_schedule', {
			twin_id: schedule.twin_id,
			name: schedule.name,
			...(schedule.cron === null
				? { every_hours: schedule.every_hours ?? 0 }
				: { cron: schedule.cron }),
			timezone: schedule.timezone,
			options: schedule.options ?? {},
			is_active: form.get('is_active') === 'on',
			schedule_id: schedule.schedule_id,
		});
		return error === null ? {} : fail(400, { problem: problemFromDatabase(error) });
	},
	run: async ({ locals, request }) => {
		const { data, error } = await locals.supabase.rpc('run_schedule', {
			schedule_id: text(await request.formData(), 'schedule_id'),
		});
		return error === null
			? { started: data.id }
			: fail(409, { problem: problemFromDatabase(error) });
	},
	delete: async ({ locals, request }) => {
		const { error } = await locals.supabase.rpc('delete_schedule', {
			schedule_id: text(await request.formData(), 'schedule_id'),
		});
		return error === null ? { deleted: true } : fail(400, { problem: problemFromDatabase(error) });
	},
};

const GONE = { message: 'There is no such schedule.', fix: 'It was deleted: load the page again.' };

function parseOptions(given: string): Record<string, Json> | null {
	try {
		const parsed = cloneOptionsSchema.safeParse(JSON.parse(given));
		if (!parsed.success) return null;
		// Typed anew where it is needed.
		const { confirm_target: _, arm, ...options } = parsed.data;
		return arm === undefined ? options : { ...options, arm };
	} catch {
		return null;
	}
}

function text(form: FormData, name: string): string {
	const value = form.get(name);
	return typeof value === 'string' ? value.trim() : '';
}
