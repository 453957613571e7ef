// Channels of notifications and the log of their deliveries. What needs a secret is done by the edge function
// `notifications`, which only the server calls.
import * as z from 'zod/mini';
import {
	CHANNEL_KINDS,
	type ChannelKind,
	type NotificationEvent,
	type NotificationsRequest,
} from '#shared/domain/notification.ts';
import { allRows } from './all-rows.ts';
import type { ControlClient } from './client.ts';
import { problemFromFunction, type Problem } from './problem.ts';
import { rowsOf } from './rejected.ts';
import type { ChannelRow, DeliveryRow } from './rows.ts';

/** How each event is said. */
export const EVENT_WORDS: Readonly<Record<NotificationEvent, string>> = {
	run_failed: 'A clone fails, or ends with failures',
	run_recovered: 'A clone succeeds again after that',
	verification_failed: 'A verification fails',
	schedule_paused: 'A schedule stops by itself',
	account_expires: 'The access of an account has expired, or does within a week',
};

export const KIND_WORDS: Readonly<Record<ChannelKind, string>> = {
	mail: 'Mail',
	webhook: 'Webhook',
	slack: 'Slack',
};

export const DELIVERIES_PER_PAGE = 20;

/** Channels of the user, oldest first. */
export async function readChannels(supabase: ControlClient): Promise<ChannelRow[]> {
	return allRows((from, to) =>
		supabase
			.from('notification_channels')
			.select('*', { count: 'exact' })
			.order('created_at')
			.order('id')
			.range(from, to),
	);
}

/** One page of the log, newest first. */
export async function readDeliveries(
	supabase: ControlClient,
	page: number,
): Promise<{ deliveries: DeliveryRow[]; hasMore: boolean }> {
	const first = (page - 1) * DELIVERIES_PER_PAGE;
	const rows = rowsOf(
		await supabase
			.from('delivery_log')
			.select('*')
			.order('queued_at', { ascending: false })
			.order('id')
			.range(first, first + DELIVERIES_PER_PAGE),
	);
	return {
		deliveries: rows.slice(0, DELIVERIES_PER_PAGE),
		hasMore: rows.length > DELIVERIES_PER_PAGE,
	};
}

type Answer = { data: unknown; problem: null } | { data: null; problem: Problem };

async function call(supabase: ControlClient, request: NotificationsRequest): Promise<Answer> {
	const { data, error } = await supabase.functions.invoke<unknown>('notifications', {
		body: request,
	});
	if (error === null) return { data, problem: null };
	return { data: null, problem: await problemFromFunction(error, 'notifications') };
}

const kinds = z.object({ kinds: z.array(z.enum(CHANNEL_KINDS)) });

/** Kinds of channels that this installation has; those that need no setting when it cannot be asked. */
export async function readChannelKinds(supabase: ControlClient): Promise<ChannelKind[]> {
	const { data } = await call(supabase, { action: 'channel_kinds' });
	const parsed = z.safeParse(kinds, data);
	return parsed.success ? parsed.data.kinds : ['webhook', 'slack'];
}

const added = z.object({ signing_secret: z.nullable(z.string()) });

/** Adds a channel; answers the signing secret of a webhook, which is shown once. */
export async function addChannel(
	supabase: ControlClient,
	request: NotificationsRequest,
): Promise<{ signingSecret: string | null; problem: null } | { problem: Problem }> {
	const { data, problem } = await call(supabase, request);
	if (problem !== null) return { problem };
	return { signingSecret: z.parse(added, data).signing_secret, problem: null };
}
