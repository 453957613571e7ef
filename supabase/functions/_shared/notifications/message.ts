// What a notification says over each kind of channel.

/** A row of public.notifications. */
export interface Notification {
	readonly id: string;
	readonly event: string;
	readonly title: string;
	readonly detail: string | null;
	readonly path: string;
	readonly twin_id: string | null;
	readonly account_id: string | null;
	readonly created_at: string;
}

/** The body of a webhook, in the shape of Standard Webhooks: `run.failed`, and what happened. */
export function webhookBody(notification: Notification, webUrl: string | null): string {
	const { id, event, title, detail, twin_id, account_id, created_at } = notification;
	return JSON.stringify({
		type: event.replaceAll('_', '.'),
		timestamp: created_at,
		data: { id, title, detail, twin_id, account_id, url: linkOf(notification, webUrl) },
	});
}

/** What Slack takes at an incoming webhook, and others that imitate it. */
export function slackBody(notification: Notification, webUrl: string | null): string {
	const link = linkOf(notification, webUrl);
	return JSON.stringify({
		text: [
			`*${escapeSlack(notification.title)}*`,
			...(notification.detail === null ? [] : [escapeSlack(notification.detail)]),
			...(link === null ? [] : [`<${link}|Open in Twins>`]),
		].join('\n'),
	});
}

/** Plain text: a mail has nothing to show that words do not say. */
export function mailText(notification: Notification, webUrl: string | null): string {
	const link = linkOf(notification, webUrl);
	return [
		notification.title,
		...(notification.detail === null ? [] : [notification.detail]),
		...(link === null ? [] : [link]),
		...(webUrl === null ? [] : [`What you are notified of: ${webUrl}/settings/notifications`]),
	].join('\n\n');
}

const linkOf = ({ path }: Notification, webUrl: string | null): string | null =>
	webUrl === null ? null : webUrl + path;

/** Names of projects are other people's: they must not make links or address everybody. */
const escapeSlack = (text: string): string =>
	text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
