// Who may call what of the edge functions: each function and action × a visitor, the owner of what is named, another
// user, the service role. Tables, functions and channels are in tests/db/85-authorization-matrix.sql.
import * as fs from 'node:fs';
import { createClient } from '@supabase/supabase-js';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { signIn, type DemoSession } from '../../local/demo/session.ts';
import {
	accountsRequestSchema,
	type AccountsRequest,
} from '../../supabase/functions/_shared/domain/api.ts';
import {
	backupsRequestSchema,
	type BackupsRequest,
} from '../../supabase/functions/_shared/domain/destination.ts';
import {
	addChannelSchema,
	notificationsRequestSchema,
	type NotificationsRequest,
} from '../../supabase/functions/_shared/domain/notification.ts';

const stack = inject('stack');
const { url, publishable_key, secret_key } = stack.control;
const admin = createClient(url, secret_key, { auth: { persistSession: false } });
const other = createClient(url, publishable_key, { auth: { persistSession: false } });
const otherUser = { email: 'another@example.com', password: 'a password of another' };

let owner: DemoSession;
let otherId: string;
let accountId: string;
let tokens: Readonly<Record<'visitor' | 'owner' | 'another' | 'service', string | undefined>>;

beforeAll(async () => {
	owner = await signIn(stack);
	const created = await admin.auth.admin.createUser({ ...otherUser, email_confirm: true });
	otherId = created.data.user?.id ?? '';
	const { data } = await other.auth.signInWithPassword(otherUser);
	const { data: own } = await owner.supabase.auth.getSession();
	tokens = {
		visitor: undefined,
		owner: own.session?.access_token,
		another: data.session?.access_token,
		service: secret_key,
	};
	expect([tokens.owner, tokens.another]).toEqual([expect.any(String), expect.any(String)]);
	const { account } = await call('accounts', 'owner', {
		action: 'connect_pat',
		token: stack.access_token,
		display_name: 'Matrix',
	}).then(({ body }) => body as { account: { id: string } });
	accountId = account.id;
});

afterAll(async () => {
	await admin.auth.admin.deleteUser(otherId);
	await owner.close();
});

async function call(name: string, who: keyof typeof tokens, body: object) {
	const token = tokens[who];
	const response = await fetch(`${url}/functions/v1/${name}`, {
		method: 'POST',
		headers: {
			apikey: publishable_key,
			'content-type': 'application/json',
			...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
		},
		body: JSON.stringify(body),
	});
	return { status: response.status, body: (await response.json()) as unknown };
}

/** The owner's agreement at Supabase, as the browser comes back with it. */
async function agreement() {
	const { body } = await call('accounts', 'owner', {
		action: 'start_oauth',
		account_id: accountId,
	});
	const started = body as { url: string; state: string };
	const page = await (await fetch(started.url)).text();
	const back = await fetch(new URL('/__consent', started.url), {
		method: 'POST',
		body: new URLSearchParams({
			request: /name="request" value="(\w+)"/.exec(page)?.[1] ?? '',
			decision: 'authorize',
		}),
		redirect: 'manual',
	});
	const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? '';
	return { state: started.state, code };
}

type Action = AccountsRequest['action'];

/** What each action is asked about the owner's account, and what another user is answered; the last one ends it. */
const actions: Record<Action, { another: number; body: () => object | Promise<object> }> = {
	connection_methods: { another: 200, body: () => ({}) },
	// Each lists projects of their own accounts only: see the test below.
	list_projects: { another: 200, body: () => ({}) },
	connect_pat: {
		another: 404,
		body: () => ({ account_id: accountId, token: stack.access_token, display_name: 'Matrix' }),
	},
	start_oauth: { another: 404, body: () => ({ account_id: accountId }) },
	// A state of another user is as unknown as one that has expired.
	finish_oauth: { another: 400, body: agreement },
	rename: { another: 404, body: () => ({ account_id: accountId, display_name: 'Renamed' }) },
	set_database_password: {
		another: 404,
		body: () => ({ account_id: accountId, ref: stack.projects[0]?.ref, password: null }),
	},
	disconnect: { another: 404, body: () => ({ account_id: accountId }) },
};

const allActions = accountsRequestSchema.def.options.flatMap((option) => [
	...option.def.shape.action.def.values,
]);

/** What each is asked; all of it is about whoever asks. */
const ofNotifications: Record<NotificationsRequest['action'], object> = {
	channel_kinds: {},
	add_channel: {
		kind: 'webhook',
		name: 'Matrix',
		twin_id: null,
		events: ['run_failed'],
		url: 'http://127.0.0.1:1/',
	},
};

/** The same of `backups`. */
const ofBackups: Record<BackupsRequest['action'], object> = {
	give_key: {
		identity: 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX',
	},
	own_store: {},
	save_destination: {
		name: 'Matrix',
		endpoint: stack.s3.endpoint,
		region: stack.s3.region,
		bucket: stack.s3.bucket,
		prefix: 'matrix',
		access_key_id: stack.s3.access_key_id,
		secret_access_key: stack.s3.secret_access_key,
	},
};

const actionsOfNotifications = [
	...addChannelSchema.def.options.flatMap((option) => [...option.def.shape.action.def.values]),
	...notificationsRequestSchema.def.options.flatMap((option) =>
		'shape' in option.def ? [...option.def.shape.action.def.values] : [],
	),
];

test('every function and every action has its line', () => {
	const folders = fs
		.readdirSync(new URL('../../supabase/functions', import.meta.url), { withFileTypes: true })
		.filter((entry) => entry.isDirectory() && entry.name !== '_shared')
		.map(({ name }) => name);
	expect(folders.sort()).toEqual(['accounts', 'backups', 'notifications', 'worker']);
	expect(Object.keys(actions).sort()).toEqual(allActions.sort());
	expect(Object.keys(ofBackups).sort()).toEqual(
		backupsRequestSchema.def.options
			.flatMap((option) => [...option.def.shape.action.def.values])
			.sort(),
	);
	expect(Object.keys(ofNotifications).sort()).toEqual([...new Set(actionsOfNotifications)].sort());
});

test.each(['visitor', 'owner', 'another', 'service'] as const)(
	'worker: %s is refused',
	async (who) => {
		expect((await call('worker', who, {})).status).toBe(401);
	},
);

describe.each(Object.entries(actions))('accounts: %s', (action, { another, body }) => {
	test(`is refused to visitors and to the service role, another gets ${another}, the owner 200`, async () => {
		const asked = { action, ...(await body()) };
		const state = async () =>
			(
				await owner.supabase
					.from('connected_accounts')
					.select('id, display_name, status, method')
					.eq('id', accountId)
			).data;
		const before = await state();
		const statusFor = async (who: keyof typeof tokens) =>
			(await call('accounts', who, asked)).status;
		expect({
			visitor: await statusFor('visitor'),
			service: await statusFor('service'),
			another: await statusFor('another'),
		}).toEqual({ visitor: 401, service: 401, another });
		expect(await state()).toEqual(before);
		expect((await other.from('connected_accounts').select('id')).data).toEqual([]);
		expect(await statusFor('owner')).toBe(200);
	});
});

test('accounts: list_projects lists nothing of another user', async () => {
	const listed = await call('accounts', 'another', { action: 'list_projects', refresh: true });
	expect(listed.body).toEqual({ projects: [], errors: [] });
});

describe.each(Object.entries(ofNotifications))('notifications: %s', (action, body) => {
	test('is for whoever is signed in, and about nobody else', async () => {
		const statusFor = async (who: keyof typeof tokens) =>
			(await call('notifications', who, { action, ...body })).status;
		expect({
			visitor: await statusFor('visitor'),
			service: await statusFor('service'),
			another: await statusFor('another'),
		}).toEqual({ visitor: 401, service: 401, another: 200 });
		const { data } = await owner.supabase.from('notification_channels').select('id');
		expect(data).toEqual([]);
	});
});

describe.each(Object.entries(ofBackups))('backups: %s', (action, body) => {
	test('is for whoever is signed in, and about nobody else', async () => {
		const statusFor = async (who: keyof typeof tokens) =>
			(await call('backups', who, { action, ...body })).status;
		expect({
			visitor: await statusFor('visitor'),
			service: await statusFor('service'),
			another: await statusFor('another'),
		}).toEqual({ visitor: 401, service: 401, another: 200 });
		const { data } = await owner.supabase.from('backup_destinations').select('id');
		expect(data).toEqual([]);
	});
});

test('backups: another user cannot save the owner’s destination anew', async () => {
	const asked = { action: 'save_destination', ...ofBackups.save_destination };
	const { body } = await call('backups', 'owner', asked);
	const { id } = (body as { destination: { id: string } }).destination;
	const stolen = await call('backups', 'another', { ...asked, destination_id: id });
	expect(stolen.status).toBe(404);
	await owner.supabase.rpc('delete_destination', { destination_id: id });
});

test('notifications: only the database has them delivered', async () => {
	const statuses = await Promise.all(
		(['visitor', 'owner', 'another', 'service'] as const).map(
			async (who) => (await call('notifications', who, { action: 'deliver' })).status,
		),
	);
	expect(statuses).toEqual([401, 400, 400, 401]);
});
