import { fail } from '@sveltejs/kit';
import { saveDestinationSchema } from '#shared/domain/destination.ts';
import { hasOwnStore, readDestinations, saveDestination } from '#lib/data/backups.ts';
import { problemFromDatabase } from '#lib/data/problem.ts';
import { isUuid } from '#lib/data/uuid.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals }) => ({
	destinations: await readDestinations(locals.supabase),
	// Not awaited: asking the function takes longer than the page.
	ownStore: hasOwnStore(locals.supabase),
});

export const actions: Actions = {
	save: async ({ locals, request }) => {
		const form = await request.formData();
		const id = text(form, 'destination_id');
		const endpoint = text(form, 'endpoint');
		const wanted = saveDestinationSchema.safeParse({
			action: 'save_destination',
			...(isUuid(id) ? { destination_id: id } : {}),
			name: text(form, 'name'),
			endpoint: endpoint === '' ? null : endpoint,
			region: text(form, 'region'),
			bucket: text(form, 'bucket'),
			prefix: text(form, 'prefix'),
			access_key_id: text(form, 'access_key_id'),
			secret_access_key: text(form, 'secret_access_key'),
			recipient: text(form, 'recipient') || null,
		});
		if (!wanted.success) {
			const fields = [...new Set(wanted.error.issues.map(({ path }) => String(path[0])))];
			return fail(400, {
				problem: {
					message: `The destination is not complete: ${fields.join(', ').replaceAll('_', ' ')}.`,
					fix: 'Fill in what is named. Buckets have letters, digits, dots, hyphens and underscores.',
				},
			});
		}
		// The key itself is never sent back to the page.
		const problem = await saveDestination(locals.supabase, wanted.data);
		return problem === null ? {} : fail(400, { problem });
	},
	delete: async ({ locals, request }) => {
		const { error } = await locals.supabase.rpc('delete_destination', {
			destination_id: text(await request.formData(), 'destination_id'),
		});
		return error === null ? {} : fail(409, { problem: problemFromDatabase(error) });
	},
};

function text(form: FormData, name: string): string {
	const value = form.get(name);
	return typeof value === 'string' ? value.trim() : '';
}
