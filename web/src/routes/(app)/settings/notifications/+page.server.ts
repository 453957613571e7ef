import { fail } from '@sveltejs/kit';
import { addChannelSchema, NOTIFICATION_EVENTS } from '#shared/domain/notification.ts';
import { parsePage } from '#lib/data/clones.ts';
import {
	addChannel,
	readChannelKinds,
	readChannels,
	readDeliveries,
} from '#lib/data/notifications.ts';
import { problemFromDatabase } from '#lib/data/problem.ts';
import { readTwins } from '#lib/data/twins.ts';
import { isUuid } from '#lib/data/uuid.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, url }) => {
	const page = parsePage(url.searchParams.get('page'));
	const [channels, log, twins] = await Promise.all([
		readChannels(locals.supabase),
		readDeliveries(locals.supabase, page),
		readTwins(locals.supabase),
	]);
	return {
		channels,
		...log,
		page,
		twins,
		// Not awaited: asking the function takes longer than the page, and only the sheet needs it.
		kinds: readChannelKinds(locals.supabase),
	};
};

export const actions: Actions = {
	add: async ({ locals, request }) => {
		const form = await request.formData();
		const kind = text(form, 'kind');
		const wanted = addChannelSchema.safeParse({
			action: 'add_channel',
			kind,
			name: text(form, 'name'),
			twin_id: twinOf(form),
			events: form.getAll('events'),
			...(kind === 'mail' ? {} : { url: text(form, 'url') }),
		});
		if (!wanted.success) {
			const isWrong = (field: string) => wanted.error.issues.some(({ path }) => path[0] === field);
			return fail(400, { problem: isWrong('events') ? NO_EVENT : INCOMPLETE });
		}
		// The address itself is never sent back to the page.
		const answer = await addChannel(locals.supabase, wanted.data);
		if (answer.problem !== null) return fail(400, { problem: answer.problem });
		return { signingSecret: answer.signingSecret };
	},
	change: async ({ locals, request }) => {
		const form = await request.formData();
		const twinId = twinOf(form);
		const { error } = await locals.supabase.rpc('change_channel', {
			channel_id: text(form, 'channel_id'),
			...(twinId === null ? {} : { twin_id: twinId }),
			name: text(form, 'name'),
			events: eventsOf(form),
			is_enabled: form.get('is_enabled') === 'on',
		});
		return error === null ? {} : fail(400, { problem: problemFromDatabase(error) });
	},
	test: async ({ locals, request }) => {
		const { error } = await locals.supabase.rpc('test_channel', {
			channel_id: text(await request.formData(), 'channel_id'),
		});
		return error === null ? {} : fail(409, { problem: problemFromDatabase(error) });
	},
	delete: async ({ locals, request }) => {
		const { error } = await locals.supabase.rpc('delete_channel', {
			channel_id: text(await request.formData(), 'channel_id'),
		});
		return error === null ? {} : fail(400, { problem: problemFromDatabase(error) });
	},
	replay: async ({ locals, request }) => {
		const { error } = await locals.supabase.rpc('replay_delivery', {
			delivery_id: text(await request.formData(), 'delivery_id'),
		});
		return error === null ? {} : fail(409, { problem: problemFromDatabase(error) });
	},
};

const NO_EVENT = { message: 'The channel has no event.', fix: 'Choose at least one of them.' };
const INCOMPLETE = {
	message: 'The channel is not complete.',
	fix: 'Give it a name, and the address of the receiver.',
};

const eventsOf = (form: FormData) =>
	NOTIFICATION_EVENTS.filter((event) => form.getAll('events').includes(event));

function twinOf(form: FormData): string | null {
	const id = text(form, 'twin_id');
	return isUuid(id) ? id : null;
}

function text(form: FormData, name: string): string {
	const value = form.get(name);
	return typeof value === 'string' ? value.trim() : '';
}
