// What users are notified of and how, and what the function `notifications` is asked.
import * as z from 'zod/mini';

export const NOTIFICATION_EVENTS = [
	'run_failed',
	'run_recovered',
	'verification_failed',
	'schedule_paused',
	'account_expires',
] as const;
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number];

export const CHANNEL_KINDS = ['mail', 'webhook', 'slack'] as const;
export type ChannelKind = (typeof CHANNEL_KINDS)[number];

export const DELIVERY_STATUSES = ['waiting', 'delivered', 'dead'] as const;
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];

const channel = {
	action: z.literal('add_channel'),
	name: z.string().check(z.trim(), z.minLength(1), z.maxLength(100)),
	/** Null: of all twins. */
	twin_id: z.nullable(z.uuid()),
	events: z.array(z.enum(NOTIFICATION_EVENTS)).check(z.minLength(1)),
};

export const addChannelSchema = z.discriminatedUnion('kind', [
	/** Goes to the user's own address. */
	z.strictObject({ ...channel, kind: z.literal('mail') }),
	z.strictObject({
		...channel,
		kind: z.enum(['webhook', 'slack']),
		/** Tested before it is saved, never shown again: addresses of Slack are secrets. */
		url: z.string().check(z.trim(), z.minLength(1), z.maxLength(2000)),
	}),
]);
export type AddChannel = z.infer<typeof addChannelSchema>;

export const notificationsRequestSchema = z.union([
	addChannelSchema,
	/** Which kinds of channels this installation has. */
	z.strictObject({ action: z.literal('channel_kinds') }),
]);
export type NotificationsRequest = z.infer<typeof notificationsRequestSchema>;
