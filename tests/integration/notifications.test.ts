// Notifications from the event to the receiver: a real control database, receivers that fail, hang, answer late and
// redirect, a real SMTP server. What receivers get is judged by the library that they use.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { Webhook } from 'standardwebhooks';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AddChannel } from '../../supabase/functions/_shared/domain/notification.ts';
import { act } from '../../supabase/functions/_shared/notifications/channels.ts';
import { deliverDue } from '../../supabase/functions/_shared/notifications/deliver.ts';
import { connectControl } from '../../supabase/functions/_shared/platform/database.ts';
import {
	type Environment,
	readEnvironment,
} from '../../supabase/functions/_shared/platform/environment.ts';
import type { Reach } from '../../supabase/functions/_shared/platform/outgoing-post.ts';
import type { Session } from '../../supabase/functions/_shared/platform/postgres/index.ts';
import { atEnd } from '../helpers/at-end.ts';
import { type Control, freshControl } from '../helpers/control.ts';

const WEB = 'https://twins.example.com';
const LOCAL = { allowsPrivate: true, timeoutMs: 400 } as const;

interface Received {
	readonly path: string;
	readonly headers: IncomingHttpHeaders;
	readonly body: string;
}

type Answer = (response: ServerResponse, nth: number) => void;

let control: Control;
let session: Session;
let environment: Environment;

beforeAll(async () => {
	control = await freshControl();
	session = await connectControl(control.dbUrl);
	atEnd(() => session.close());
	environment = await environmentWith({});
});

beforeEach(async () => {
	await control.sql`delete from public.notification_channels`;
	await control.sql`delete from public.notifications`;
});

const encryptionKey = randomBytes(32).toString('base64');

const environmentWith = (more: Readonly<Record<string, string>>): Promise<Environment> =>
	readEnvironment(
		(name) =>
			({
				SUPABASE_URL: 'https://cccccccccccccccccccc.supabase.co',
				SUPABASE_DB_URL: control.dbUrl,
				TWINS_WORKER_SECRET: 'w'.repeat(24),
				TWINS_ENCRYPTION_KEY: encryptionKey,
				TWINS_WEB_URL: WEB,
				...more,
			})[name],
	);

/** A server that keeps what it gets, and answers as told. */
async function receiver(answer: Answer): Promise<{ url: string; received: Received[] }> {
	const received: Received[] = [];
	const server = createServer((request, response) => {
		let body = '';
		request.setEncoding('utf8');
		request.on('data', (text: string) => (body += text));
		request.on('end', () => {
			received.push({ path: request.url ?? '', headers: request.headers, body });
			answer(response, received.length);
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	atEnd(() => {
		server.closeAllConnections();
		server.close();
		return Promise.resolve();
	});
	return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, received };
}

interface Added {
	readonly channel: { readonly id: string; readonly destination: string };
	readonly signing_secret: string | null;
}

const add = (
	channel: { kind: 'mail' } | { kind: 'webhook' | 'slack'; url: string },
	reach: Reach = LOCAL,
): Promise<Added> =>
	act(
		{
			action: 'add_channel',
			name: 'On call',
			twin_id: null,
			events: ['run_failed'],
			...channel,
		} satisfies AddChannel,
		{ control: session, environment, reach, userId: control.userId },
	) as Promise<Added>;

/** A clone that fails, by which users are notified. */
async function failClone(): Promise<void> {
	const id = await control.startClone();
	await control.sql`update public.jobs set status = 'failed', started_at = now(), finished_at = now(),
		error = ${control.sql.json({ code: 'conflict', message: 'duplicate key (email)=(ada@secret.example)' })}
		where id = ${id}`;
	await control.sql`delete from private.steps where job_id = ${id}`;
}

const deliver = (reach: Reach = LOCAL, settings = environment): Promise<number> =>
	deliverDue({ control: session, environment: settings, reach });

async function log() {
	return control.sql<
		{ status: string; attempts: number; http_status: number | null; detail: string | null }[]
	>`select status, attempts, http_status, detail from public.notification_deliveries order by queued_at`;
}

/** As if the time of the next attempt had come. */
const waitOver = () =>
	control.sql`update public.notification_deliveries set next_attempt_at = now() where status = 'waiting'`;

const ok: Answer = (response) => response.writeHead(200).end();

describe('webhooks', () => {
	it('are signed, so that receivers can tell whom they are from', async () => {
		const { url, received } = await receiver(ok);
		const { channel, signing_secret } = await add({ kind: 'webhook', url });
		await failClone();
		expect(await deliver()).toBe(1);
		const [{ headers, body } = { headers: {}, body: '' }] = received;
		const webhook = new Webhook(signing_secret ?? '');
		expect(webhook.verify(body, headers as Record<string, string>)).toMatchObject({
			type: 'run.failed',
			data: {
				title: 'Clone failed: Source → Target',
				url: expect.stringMatching(new RegExp(`^${WEB}/clones/[0-9a-f-]{36}$`)),
			},
		});
		expect(() =>
			webhook.verify(body.replace('failed', 'passed'), headers as Record<string, string>),
		).toThrow();
		expect(body).not.toContain('secret.example');
		expect(await log()).toEqual([
			{ status: 'delivered', attempts: 1, http_status: 200, detail: 'Answered 200.' },
		]);
		expect(await deliver()).toBe(0);

		const stored = JSON.stringify([
			await control.sql`select * from public.notification_channels`,
			await control.sql`select encode(ciphertext, 'escape') from private.channel_addresses`,
		]);
		expect(channel.destination).toBe(new URL(url).host);
		expect(stored).not.toContain('/hook');
		expect(stored).not.toContain(signing_secret);
	});

	it('are tried again after a failure, with the same id', async () => {
		const { url, received } = await receiver((response, nth) =>
			response.writeHead(nth === 1 ? 503 : 200).end('the receiver quotes a secret'),
		);
		await add({ kind: 'webhook', url });
		await failClone();
		await deliver();
		expect(await log()).toMatchObject([
			{ status: 'waiting', attempts: 1, http_status: 503, detail: 'Answered 503.' },
		]);
		expect(await deliver()).toBe(0);
		await waitOver();
		expect(await deliver()).toBe(1);
		expect(await log()).toMatchObject([{ status: 'delivered', attempts: 2, http_status: 200 }]);
		expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
		expect(received.length).toBe(2);
	});

	it('are not followed elsewhere', async () => {
		const elsewhere = await receiver(ok);
		const { url } = await receiver((response) =>
			response.writeHead(302, { location: elsewhere.url }).end(),
		);
		await add({ kind: 'webhook', url });
		await failClone();
		await deliver();
		expect(await log()).toMatchObject([
			{ status: 'waiting', http_status: 302, detail: 'Answered 302: redirects are not followed.' },
		]);
		expect(elsewhere.received).toEqual([]);
	});

	it('end when the receiver says that it is gone', async () => {
		const { url } = await receiver((response) => response.writeHead(410).end());
		await add({ kind: 'webhook', url });
		await failClone();
		await deliver();
		expect(await log()).toMatchObject([{ status: 'dead', http_status: 410 }]);
		expect(
			await control.sql`select is_enabled, stopped_reason from public.notification_channels`,
		).toMatchObject([
			{ is_enabled: false, stopped_reason: 'The receiver answered 410: it is gone.' },
		]);
	});

	it('wait neither for a receiver that hangs nor for one that answers late, and hold up no others', async () => {
		const late: ServerResponse[] = [];
		const hanging = await receiver((response) => late.push(response));
		const prompt = await receiver(ok);
		for (let nth = 0; nth < 5; nth += 1) await add({ kind: 'webhook', url: hanging.url });
		await add({ kind: 'webhook', url: prompt.url });
		await failClone();
		const start = performance.now();
		expect(await deliver()).toBe(6);
		expect(performance.now() - start).toBeLessThan(5 * LOCAL.timeoutMs);
		late.forEach((response) => response.writeHead(200).end());
		const statuses = (await log()).map(({ status, detail }) => `${status}: ${detail}`).sort();
		expect(statuses).toEqual([
			'delivered: Answered 200.',
			...Array.from({ length: 5 }, () => 'waiting: No answer within 0.4 seconds.'),
		]);
	});

	it('are not lost with whoever was about to send them', async () => {
		const { url, received } = await receiver(ok);
		await add({ kind: 'webhook', url });
		await failClone();
		// Claimed by a worker that dies.
		await control.sql`select private.claim_deliveries(20)`;
		expect(await deliver()).toBe(0);
		await waitOver();
		expect(await deliver()).toBe(1);
		expect(received.length).toBe(1);
	});

	it('never reach a private network, also when the address was let in once', async () => {
		const { url, received } = await receiver(ok);
		const outside = { ...LOCAL, allowsPrivate: false };
		await expect(add({ kind: 'webhook', url: 'https://localhost/hook' }, outside)).rejects.toThrow(
			'private network',
		);
		expect(await control.sql`select from public.notification_channels`).toHaveLength(0);
		await add({ kind: 'webhook', url: url.replace('http://127.0.0.1', 'https://2130706433') });
		await failClone();
		await deliver(outside);
		expect(received).toEqual([]);
		expect(await log()).toMatchObject([
			{ status: 'waiting', detail: '"127.0.0.1" is an address of a private network.' },
		]);
	});
});

describe('Slack', () => {
	it('gets a text with a link, in which names address nobody', async () => {
		const { url, received } = await receiver(ok);
		const { signing_secret } = await add({ kind: 'slack', url });
		expect(signing_secret).toBeNull();
		await control.sql`update public.projects set name = '<!channel> & co' where ref = ${control.sourceRef}`;
		await failClone();
		await control.sql`update public.projects set name = 'Source' where ref = ${control.sourceRef}`;
		await deliver();
		const { text } = JSON.parse(received[0]?.body ?? '{}') as { text: string };
		expect(text.split('\n')).toEqual([
			'*Clone failed: &lt;!channel&gt; &amp; co → Target*',
			'It was started by hand.',
			expect.stringMatching(new RegExp(`^<${WEB}/clones/.*\\|Open in Twins>$`)),
		]);
	});
});

describe('mail', () => {
	it('goes to the confirmed address of the user, over the server of the installation', async () => {
		const mails: { to: string[]; text: string }[] = [];
		let refuses = true;
		const server = new SMTPServer({
			authOptional: true,
			disabledCommands: ['STARTTLS'],
			onAuth: ({ username, password }, _, done) =>
				done(null, username === 'twins' && password === 'word' ? { user: 'twins' } : undefined),
			onData: (stream, { envelope }, done) => {
				let text = '';
				stream.on('data', (part: Buffer) => (text += part.toString('utf8')));
				stream.on('end', () => {
					if (refuses) return done(new Error('mailbox of ada@secret.example is full'));
					mails.push({ to: envelope.rcptTo.map(({ address }) => address), text });
					done();
				});
			},
		});
		await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
		atEnd(() => new Promise<void>((resolve) => void server.close(() => resolve())));
		const { port } = server.server.address() as AddressInfo;
		const settings = await environmentWith({
			TWINS_SMTP_URL: `smtp://twins:word@127.0.0.1:${port}`,
			TWINS_MAIL_FROM: 'Twins <twins@example.com>',
		});

		await add({ kind: 'mail' });
		await failClone();
		await deliver(LOCAL, settings);
		expect(await log()).toMatchObject([
			{ status: 'waiting', detail: 'Your email address is not confirmed.' },
		]);

		await control.sql`update auth.users set email_confirmed_at = now()`;
		await waitOver();
		await deliver(LOCAL, settings);
		expect(await log()).toMatchObject([
			{
				status: 'waiting',
				detail: expect.stringMatching(/^The mail server did not take it \(\w+ 450\)\.$/),
			},
		]);

		refuses = false;
		await waitOver();
		await deliver(LOCAL, settings);
		expect(await log()).toMatchObject([
			{ status: 'delivered', detail: 'The mail server took it.' },
		]);
		expect(mails.map(({ to }) => to)).toEqual([['owner@example.com']]);
		expect(mails[0]?.text).toMatch(/^Auto-Submitted: auto-generated/im);
		// Soft line breaks of quoted-printable.
		expect(mails[0]?.text.replaceAll('=\r\n', '')).toContain(`${WEB}/settings/notifications`);
	});

	it('is offered only where the installation can send it', async () => {
		const kinds = (settings: Environment) =>
			act(
				{ action: 'channel_kinds' },
				{ control: session, environment: settings, reach: LOCAL, userId: control.userId },
			);
		expect(await kinds(environment)).toEqual({ kinds: ['webhook', 'slack'] });
		const settings = await environmentWith({
			TWINS_SMTP_URL: 'smtp://mail.example.com',
			TWINS_MAIL_FROM: 't@example.com',
		});
		expect(await kinds(settings)).toEqual({ kinds: ['mail', 'webhook', 'slack'] });
		await add({ kind: 'mail' });
		await failClone();
		await deliver();
		expect(await log()).toMatchObject([{ detail: 'This installation sends no mail.' }]);
	});
});
