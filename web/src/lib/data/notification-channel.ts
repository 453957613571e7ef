// The user's notifications as they come, over the private channel `user:<id>`. What came while the channel was down is read
// from the table when it stands again.
import * as z from 'zod/mini';
import { browserClient, type ControlClient } from './client.ts';

const notification = z.object({
	id: z.string(),
	title: z.string(),
	detail: z.nullable(z.string()),
	path: z.string().check(z.startsWith('/')),
});
export type ShownNotification = z.infer<typeof notification>;

/** Most that are caught up with: a browser that slept for a week shows no wall of them. */
const MOST_MISSED = 5;

/** Hands each notification to `show`, once, until the returned function is called. */
export async function listen(
	userId: string,
	show: (notification: ShownNotification) => void,
): Promise<() => void> {
	const supabase = await browserClient();
	const seen = new Set<string>();
	let newest = await newestMoment(supabase);

	const take = (given: unknown): void => {
		const parsed = notification.safeParse(given);
		if (!parsed.success || seen.has(parsed.data.id)) return;
		seen.add(parsed.data.id);
		show(parsed.data);
	};
	const catchUp = async (): Promise<void> => {
		const { data } = await supabase
			.from('notifications')
			.select('id, title, detail, path, created_at')
			.neq('event', 'test')
			.gt('created_at', newest)
			.order('created_at', { ascending: false })
			.limit(MOST_MISSED);
		newest = data?.[0]?.created_at ?? newest;
		data?.toReversed().forEach(take);
	};

	// Private channels are joined with the user's token.
	await supabase.realtime.setAuth();
	const channel = supabase
		.channel(`user:${userId}`, { config: { private: true } })
		.on('broadcast', { event: 'notification' }, ({ payload }) => take(payload))
		.subscribe((status) => {
			if (status === 'SUBSCRIBED') void catchUp();
		});
	return () => void supabase.removeChannel(channel);
}

/** By the clock of the database, not of this device. */
async function newestMoment(supabase: ControlClient): Promise<string> {
	const { data } = await supabase
		.from('notifications')
		.select('created_at')
		.order('created_at', { ascending: false })
		.limit(1);
	return data?.[0]?.created_at ?? '1970-01-01T00:00:00Z';
}
