import { readChannels } from '#lib/data/notifications.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, params }) => {
	const channels = await readChannels(locals.supabase);
	return {
		channels: channels.filter(({ twin_id: twin }) => twin === null || twin === params.twin),
	};
};
