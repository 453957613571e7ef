// Called by a database webhook on public.orders: answers with the mail it would send.
import { reply } from './lib/reply.ts';
import { mailText } from './lib/template.ts';

Deno.serve(async (request) => {
	const { record } = await request.json();
	if (!record?.number) return reply(400, { error: 'No order in the request' });
	const logo = await Deno.readFile(new URL('./logo.png', import.meta.url));
	return reply(200, {
		from: Deno.env.get('MAIL_SENDER') ?? 'nobody@lighthouse.example',
		text: mailText(record),
		logoBytes: logo.byteLength,
	});
});
