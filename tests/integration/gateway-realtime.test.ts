// The Realtime service through the real client: who may listen, what arrives, and what happens to a channel
// when its token is renewed or runs out.
import { createClient, type RealtimeChannel, type SupabaseClient } from '@supabase/supabase-js';
import { importJWK, SignJWT } from 'jose';
import postgres from 'postgres';
import { afterEach, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { createRealtime } from '../../local/supabase/gateway/realtime.ts';
import type { LocalProject } from '../../local/supabase/project.ts';
import { freshProject } from '../helpers/clusters.ts';
import { openGateway } from '../helpers/gateway.ts';

const OWNER = '11111111-1111-4111-8111-111111111111';
const STRANGER = '22222222-2222-4222-8222-222222222222';
const TOPIC = `job:${OWNER}`;

let project: LocalProject;
let sql: postgres.Sql;
const open: SupabaseClient[] = [];

beforeAll(async () => {
	const urls = await freshProject();
	sql = postgres(urls.dbUrl, { max: 1, onnotice: () => undefined });
	await sql.unsafe(`
		create policy "Users listen to their own topic" on realtime.messages for select to authenticated
			using (extension = 'broadcast' and realtime.topic() = 'job:' || (auth.jwt() ->> 'sub'))`);
	project = await openGateway(urls, { realtime: createRealtime });
	return () => sql.end();
});

afterEach(async () => {
	for (const supabase of open.splice(0)) {
		await supabase.removeAllChannels();
		await supabase.realtime.disconnect();
	}
});

async function tokenOf(sub: string, seconds = 600): Promise<string> {
	return new SignJWT({ role: 'authenticated', sub })
		.setProtectedHeader({ alg: 'ES256', kid: 'test-key' })
		.setExpirationTime(Math.floor(Date.now() / 1000) + seconds)
		.sign(await importJWK({ ...project.signingKey }, 'ES256'));
}

type Version = '1.0.0' | '2.0.0';

async function connect(
	token: () => Promise<string | null>,
	vsn: Version = '2.0.0',
): Promise<SupabaseClient> {
	const supabase = createClient(project.url, project.publishableKey, {
		accessToken: token,
		realtime: { vsn, heartbeatIntervalMs: 200 },
	});
	open.push(supabase);
	// Without this the first join may go out before the client has asked for the token.
	await supabase.realtime.setAuth();
	return supabase;
}

/** Subscribes; resolves with the first final status. */
function subscribe(channel: RealtimeChannel): Promise<{ status: string; message: string }> {
	return new Promise((resolve) => {
		channel.subscribe((status, error) => resolve({ status, message: error?.message ?? '' }));
	});
}

const broadcasts = (channel: RealtimeChannel) => {
	const received: { event: string; payload: unknown }[] = [];
	let wake = () => undefined as void;
	channel.on('broadcast', { event: '*' }, ({ event, payload }) => {
		received.push({ event, payload });
		wake();
	});
	return {
		received,
		async count(wanted: number) {
			while (received.length < wanted) await new Promise<void>((resolve) => (wake = resolve));
			return received;
		},
	};
};

const send = (payload: postgres.JSONValue, event: string, topic: string, isPrivate = true) =>
	sql`select realtime.send(${sql.json(payload)}, ${event}, ${topic}, ${isPrivate})`;

test.each<Version>(['1.0.0', '2.0.0'])(
	'delivers broadcasts from the database in order to who may listen (protocol %s)',
	async (vsn) => {
		const supabase = await connect(() => tokenOf(OWNER), vsn);
		const channel = supabase.channel(TOPIC, { config: { private: true } });
		const inbox = broadcasts(channel);
		expect((await subscribe(channel)).status).toBe('SUBSCRIBED');
		await send({ n: 1, text: 'ünï "quoted"' }, 'changed', TOPIC);
		await send({ n: 2 }, 'changed', TOPIC);
		const [first, second] = await inbox.count(2);
		expect(first).toMatchObject({ event: 'changed', payload: { n: 1, text: 'ünï "quoted"' } });
		expect(second).toMatchObject({ payload: { n: 2 } });
	},
);

test('delivers a message larger than a notification may be', async () => {
	const supabase = await connect(() => tokenOf(OWNER));
	const channel = supabase.channel(TOPIC, { config: { private: true } });
	const inbox = broadcasts(channel);
	await subscribe(channel);
	await send({ text: 'x'.repeat(100_000) }, 'changed', TOPIC);
	const [message] = await inbox.count(1);
	expect(JSON.stringify(message).length).toBeGreaterThan(100_000);
});

test('sends nothing of a transaction that is rolled back', async () => {
	const supabase = await connect(() => tokenOf(OWNER));
	const channel = supabase.channel(TOPIC, { config: { private: true } });
	const inbox = broadcasts(channel);
	await subscribe(channel);
	await sql
		.begin(async (transaction) => {
			await transaction`select realtime.send('{"n": 0}', 'changed', ${TOPIC}, true)`;
			throw new Error('changed my mind');
		})
		.catch(() => undefined);
	await send({ n: 1 }, 'changed', TOPIC);
	expect(await inbox.count(1)).toMatchObject([{ payload: { n: 1 } }]);
});

test('turns away strangers and callers without a user, by the policies of the database', async () => {
	for (const supabase of [
		await connect(() => tokenOf(STRANGER)),
		await connect(async () => null),
	]) {
		const channel = supabase.channel(TOPIC, { config: { private: true } });
		const { status, message } = await subscribe(channel);
		expect(status).toBe('CHANNEL_ERROR');
		expect(message).toContain('Unauthorized');
	}
	expect(await sql`select from realtime.messages where payload = '{}'`).toHaveLength(0);
});

test('keeps private and public messages of one name apart', async () => {
	const listener = await connect(() => tokenOf(STRANGER));
	const channel = listener.channel(TOPIC);
	const inbox = broadcasts(channel);
	expect((await subscribe(channel)).status).toBe('SUBSCRIBED');
	await send({ secret: true }, 'changed', TOPIC, true);
	await send({ open: true }, 'changed', TOPIC, false);
	expect(await inbox.count(1)).toMatchObject([{ payload: { open: true } }]);
});

test('answers heartbeats', async () => {
	const supabase = await connect(() => tokenOf(OWNER));
	const answered = new Promise<void>((resolve) => {
		supabase.realtime.onHeartbeat((status) => {
			if (status === 'ok') resolve();
		});
	});
	await subscribe(supabase.channel(TOPIC, { config: { private: true } }));
	await answered;
});

/** A bare connection, where the client library would hide or retry what is tested. */
async function bareConnection(key = project.publishableKey) {
	const socket = new WebSocket(
		`${project.url.replace('http', 'ws')}/realtime/v1/websocket?apikey=${key}&vsn=2.0.0`,
	);
	const frames: unknown[][] = [];
	let wake = () => undefined as void;
	socket.on('message', (data) => {
		frames.push(JSON.parse(String(data)));
		wake();
	});
	await new Promise<void>((resolve, reject) => {
		socket.once('open', () => resolve());
		socket.once('error', reject);
	});
	return {
		send: (event: string, payload: object, ref: string) =>
			socket.send(JSON.stringify(['1', ref, `realtime:${TOPIC}`, event, payload])),
		async frame(event: string) {
			for (;;) {
				const index = frames.findIndex((frame) => frame[3] === event);
				if (index >= 0) return frames.splice(index, 1)[0]?.[4];
				await new Promise<void>((resolve) => (wake = resolve));
			}
		},
		close: () => socket.close(),
	};
}

const join = (token: string) => ({ config: { private: true }, access_token: token });

test('closes the channel when its token runs out, unless it was renewed', async () => {
	const lasting = await bareConnection();
	lasting.send('phx_join', join(await tokenOf(OWNER, 2)), '1');
	await lasting.frame('phx_reply');
	lasting.send('access_token', { access_token: await tokenOf(OWNER) }, '2');

	const ending = await bareConnection();
	ending.send('phx_join', join(await tokenOf(OWNER, 2)), '1');
	expect(await ending.frame('phx_reply')).toMatchObject({ status: 'ok' });
	expect(await ending.frame('system')).toMatchObject({
		status: 'error',
		message: expect.stringContaining('Token has expired'),
	});
	await ending.frame('phx_close');

	await send({ n: 1 }, 'changed', TOPIC);
	expect(await lasting.frame('broadcast')).toMatchObject({ payload: { n: 1 } });
	lasting.close();
	ending.close();
});

test('refuses to join with an expired token, and closes when renewed by a stranger', async () => {
	const connection = await bareConnection();
	connection.send('phx_join', join(await tokenOf(OWNER, -5)), '1');
	expect(await connection.frame('phx_reply')).toMatchObject({
		status: 'error',
		response: { reason: expect.stringContaining('Token has expired') },
	});
	connection.send('phx_join', join(await tokenOf(OWNER)), '2');
	expect(await connection.frame('phx_reply')).toMatchObject({ status: 'ok' });
	connection.send('access_token', { access_token: await tokenOf(STRANGER) }, '3');
	expect(await connection.frame('system')).toMatchObject({
		message: expect.stringContaining('Unauthorized'),
	});
	await connection.frame('phx_close');
	connection.close();
});

test('opens no connection without an API key of the project', async () => {
	await expect(bareConnection('sb_publishable_wrong')).rejects.toThrow('401');
});

test('names what it does not do', async () => {
	const supabase = await connect(() => tokenOf(OWNER));
	const channel = supabase
		.channel('changes')
		.on('postgres_changes', { event: '*', schema: 'public' }, () => undefined);
	const { message } = await subscribe(channel);
	expect(message).toContain('postgres_changes');
});
