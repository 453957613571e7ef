// A message from the database to a receiver, through pg_net and the edge function.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { expect, inject, onTestFinished, test } from 'vitest';
import { signIn } from '../../local/demo/session.ts';

const stack = inject('stack');

test('a test message arrives, signed', async () => {
	const arrived = Promise.withResolvers<{ headers: IncomingHttpHeaders; body: string }>();
	const server = createServer((request, response) => {
		let body = '';
		request.on('data', (part: Buffer) => (body += part.toString('utf8')));
		request.on('end', () => {
			response.writeHead(204).end();
			arrived.resolve({ headers: request.headers, body });
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => void server.close());
	const { supabase, close } = await signIn(stack);
	onTestFinished(close);

	const { data, error } = await supabase.functions.invoke<{
		channel: { id: string };
		signing_secret: string;
	}>('notifications', {
		body: {
			action: 'add_channel',
			kind: 'webhook',
			name: 'Stack',
			twin_id: null,
			events: ['run_failed'],
			url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
		},
	});
	expect(error).toBeNull();
	const channelId = data?.channel.id;
	onTestFinished(async () => {
		await supabase.rpc('delete_channel', { channel_id: channelId });
	});
	const test = await supabase.rpc('test_channel', { channel_id: channelId });
	expect(test.error).toBeNull();

	const { headers, body } = await arrived.promise;
	expect(
		new Webhook(data?.signing_secret ?? '').verify(body, headers as Record<string, string>),
	).toMatchObject({ type: 'test', data: { url: `${stack.web_url}/settings/notifications` } });
	await expect
		.poll(async () => (await supabase.from('notification_deliveries').select('status')).data, {
			timeout: 20_000,
		})
		.toEqual([{ status: 'delivered' }]);
});
