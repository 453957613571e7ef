// Anything that can be sent to an edge function or a function of the database, by anybody: it is refused with 4xx, in words,
// and changes nothing; a 5xx is a bug. Properties over generated requests; a failure prints its seed, and FUZZ_SEED repeats it.
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import fc from 'fast-check';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { signIn, type DemoSession } from '../../local/demo/session.ts';

const stack = inject('stack');
const { url, publishable_key, secret_key } = stack.control;
const [source] = stack.projects;
const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
/** A night of it: FUZZ_RUNS=5000. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 80);
const control = postgres(stack.control.db_url, { max: 1, onnotice: () => undefined });
const admin = createClient(url, secret_key, { auth: { persistSession: false } });
const user = { email: 'fuzz@example.com', password: 'a password of its own' };
const NOBODY = '00000000-0000-4000-8000-000000000000';

let stranger: DemoSession;
let userId: string;
let client: SupabaseClient;
let ids: { readonly own: string; readonly foreign: string };
let tokens: Readonly<Record<string, string | undefined>>;

/** Of the control database, which the tests before may have left something to do for. */
let resting: readonly number[] = [];

/** Nothing but what is sent here may change a table: cron rests, and what is at work comes to its end. */
async function becomeQuiet(): Promise<void> {
	const jobs = await control<{ jobid: number }[]>`select jobid::int from cron.job where active`;
	resting = jobs.map(({ jobid }) => jobid);
	await control`select cron.alter_job(jobid, active := false) from cron.job where active`;
	let last = '';
	const look = async (): Promise<void> => {
		const before = last;
		last = await digest();
		if (last !== before) throw new Error('Something is still at work.');
	};
	await vi.waitFor(look, { timeout: 30_000, interval: 1_000 });
}

beforeAll(async () => {
	console.info(`FUZZ_SEED=${seed}`);
	stranger = await signIn(stack);
	const created = await admin.auth.admin.createUser({ ...user, email_confirm: true });
	userId = created.data.user?.id ?? '';
	client = createClient(url, publishable_key, { auth: { persistSession: false } });
	const ended = createClient(url, publishable_key, { auth: { persistSession: false } });
	const over = await ended.auth.signInWithPassword(user);
	await ended.auth.signOut({ scope: 'local' });
	const own = await client.auth.signInWithPassword(user);
	const token = own.data.session?.access_token ?? '';
	const [head = '', claims = '', signature = ''] = token.split('.');
	const forged = (changed: object) =>
		btoa(JSON.stringify({ ...JSON.parse(atob(claims)), ...changed })).replaceAll('=', '');
	tokens = {
		owner: token,
		nobody: undefined,
		ended: over.data.session?.access_token,
		'another role': `${head}.${forged({ role: 'service_role' })}.${signature}`,
		'another user': `${head}.${forged({ sub: NOBODY })}.${signature}`,
		'no algorithm': `${btoa('{"alg":"none"}').replaceAll('=', '')}.${claims}.`,
		'no token': 'undefined',
		'the publishable key': publishable_key,
		'the secret key': secret_key,
	};
	const { data } = await client.functions.invoke<{ account: { id: string } }>('accounts', {
		body: { action: 'connect_pat', token: stack.access_token, display_name: 'Fuzz' },
	});
	ids = { own: data?.account.id ?? '', foreign: stranger.accountId };
	await becomeQuiet();
});

afterAll(async () => {
	await control`select cron.alter_job(jobid, active := true) from unnest(${resting}::bigint[]) as jobid`;
	await control`delete from auth.users where id = ${userId}`;
	await control.end();
	await stranger.close();
});

/** What all tables of ours hold. Calls of the Management API are counted also where they end in a refusal. */
async function digest(): Promise<string> {
	const [row] = await control<{ digest: string }[]>`
		select md5(string_agg(
			(xpath('/row/d/text()', query_to_xml(format(
				'select coalesce(md5(string_agg(t::text, %L order by t::text)), %L) as d from %s as t', '|', 'none', c.oid::regclass
			), false, true, '')))[1]::text, ',' order by c.oid)) as digest
		from pg_class as c
		where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind in ('r', 'p')
			and c.relname not in ('api_calls', 'waiters')`;
	return row?.digest ?? '';
}

const hostileText = fc.oneof(
	fc.string({ unit: 'binary', maxLength: 30 }),
	fc.constantFrom(
		...[
			'',
			' ',
			'\u0000',
			'a\u0000b',
			'\ud800',
			'../..',
			"'; drop table x; --",
			'%00',
			'{{7*7}}',
			'null',
		],
		...[
			'http://169.254.169.254/',
			'file:///etc/passwd',
			'javascript:1',
			'__proto__',
			'💥'.repeat(300),
		],
		'x'.repeat(5000),
	),
);
const anything = fc.oneof(
	hostileText,
	fc.constantFrom(null, true, 0, -1, 1.5, 1e308, 2 ** 53, [], {}, [[]], { a: { b: {} } }),
	fc.constantFrom(NOBODY, 'not-a-uuid', 'a'.repeat(20)),
);

/** What each action is asked rightly, but for what must not come true; fields of it are spoilt. */
const rightly = (): Readonly<Record<string, readonly object[]>> => ({
	accounts: [
		{ action: 'connect_pat', token: 'sbp_'.padEnd(44, '0'), display_name: 'x' },
		{ action: 'start_oauth', account_id: ids.foreign },
		{ action: 'finish_oauth', state: 'x'.repeat(43), code: 'x' },
		{ action: 'rename', account_id: ids.foreign, display_name: 'x' },
		{ action: 'rename', account_id: ids.own, display_name: 'x\u0000' },
		{ action: 'disconnect', account_id: ids.foreign },
		{ action: 'set_database_password', account_id: ids.foreign, ref: source?.ref, password: 'x' },
		{ action: 'set_database_password', account_id: ids.own, ref: 'z'.repeat(20), password: 'x' },
		{ action: 'connection_methods' },
	],
	backups: [
		{ action: 'own_store' },
		{ action: 'give_key', identity: 'AGE-SECRET-KEY-1' },
		{
			...{ action: 'save_destination', name: 'x', endpoint: 'http://127.0.0.1:1', region: 'x' },
			...{ bucket: 'b', prefix: '', access_key_id: 'x', secret_access_key: 'x', recipient: null },
		},
	],
	notifications: [
		{ action: 'channel_kinds' },
		{
			...{ action: 'add_channel', kind: 'webhook', name: 'x', twin_id: NOBODY },
			...{ events: ['run_failed'], url: 'http://127.0.0.1:1/' },
		},
	],
	worker: [{}],
});

/** One field is another value, is gone, or is one too many. */
const spoilt = (bodies: readonly object[]) =>
	fc
		.tuple(fc.constantFrom(...bodies), fc.nat(), fc.constantFrom('set', 'drop', 'add'), anything)
		.map(([body, at, how, value]) => {
			const names = Object.keys(body);
			const name = how === 'add' ? 'constructor' : (names[at % names.length] ?? 'action');
			if (how === 'drop')
				return Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));
			return { ...body, [name]: value };
		});

const bodyOf = (bodies: readonly object[]) =>
	fc.oneof(
		{ weight: 6, arbitrary: spoilt(bodies).map((body) => JSON.stringify(body)) },
		{ weight: 1, arbitrary: anything.map((value) => JSON.stringify(value)) },
		{ weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
		{
			weight: 1,
			arbitrary: fc.constantFrom(
				...['', '{', '{"action":', 'null', '[1,2', '\u0000', '[]'.repeat(9), '['.repeat(60_000)],
				...['{"__proto__":{"action":"own_store"}}', '{"action":"own_store","__proto__":null}'],
				...[`{"action":"${'x'.repeat(300_000)}"}`, '{"action":"own_store","action":"x"}'],
			),
		},
	);

const requestOf = (bodies: readonly object[]) =>
	fc.record({
		method: fc.oneof(
			{ weight: 6, arbitrary: fc.constant('POST') },
			{ weight: 1, arbitrary: fc.constantFrom('GET', 'PUT', 'PATCH', 'DELETE', 'HEAD') },
		),
		type: fc.constantFrom(
			...[
				'application/json',
				'text/plain',
				'multipart/form-data',
				'application/json; charset=utf-16',
			],
			...['application/x-www-form-urlencoded', '*'],
		),
		who: fc.oneof(
			{ weight: 4, arbitrary: fc.constant('owner') },
			{ weight: 1, arbitrary: fc.constantFrom(...Object.keys(tokens)) },
		),
		path: fc.constantFrom('', '/', '/..%2fworker', '?action=own_store'),
		body: bodyOf(bodies),
	});

const isBodiless = (method: string): boolean => method === 'GET' || method === 'HEAD';

test.each(['accounts', 'backups', 'notifications', 'worker'])(
	'the function %s refuses what is wrong, and changes nothing then',
	async (name) => {
		let before = await digest();
		await fc.assert(
			fc.asyncProperty(
				requestOf(rightly()[name] ?? []),
				async ({ method, type, who, path, body }) => {
					const token = tokens[who];
					const response = await fetch(`${url}/functions/v1/${name}${path}`, {
						method,
						headers: {
							...{ apikey: publishable_key, 'content-type': type },
							...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
						},
						...(isBodiless(method)
							? {}
							: { body: typeof body === 'string' ? body : new Uint8Array(body) }),
					});
					const text = await response.text();
					expect(response.status, text).toBeLessThan(500);
					if (who !== 'owner' || name === 'worker') expect(response.ok, text).toBe(false);
					const after = await digest();
					if (response.ok) before = after;
					else {
						expect(after, text).toBe(before);
						if (method !== 'HEAD') {
							const { error } = JSON.parse(text) as { error: { message: string; fix: string } };
							expect(error.message).toMatch(/\w{3}/);
							expect(error.fix).toMatch(/\w{3}/);
						}
					}
				},
			),
			{ seed, numRuns: RUNS, endOnFailure: true },
		);
	},
);

const argument = (type: string) => {
	const uuid = fc.constantFrom(ids.own, ids.foreign, NOBODY, 'x', null, '');
	// No project that there is: a run that has begun would change tables by itself.
	const text = fc.oneof(hostileText, fc.constantFrom('z'.repeat(20), 'counts', '* * * * *', null));
	const known: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
		uuid,
		text,
		'text[]': fc.oneof(fc.array(text, { maxLength: 3 }), anything),
		boolean: fc.constantFrom(true, false, null, 'x'),
		integer: fc.constantFrom(0, 1, -1, 2 ** 31, 2 ** 31 - 1, 'x', null, 1.5),
		jsonb: fc.oneof(anything, fc.dictionary(hostileText, anything, { maxKeys: 3 })),
	};
	return known[type] ?? anything;
};

test('functions of the database refuse what is wrong, and change nothing then', async () => {
	const functions = await control<{ name: string; names: string[]; types: string[] }[]>`
		select p.proname as name, coalesce(p.proargnames[1 : p.pronargs], '{}') as names,
			array(select format_type(t, null) from unnest(p.proargtypes) with ordinality as a (t, at) order by at) as types
		from pg_proc as p
		where p.pronamespace = 'public'::regnamespace and has_function_privilege('authenticated', p.oid, 'execute')
			and p.prorettype <> 'trigger'::regtype
			and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
		order by 1`;
	expect(functions.length).toBeGreaterThan(15);
	const call = fc.constantFrom(...functions).chain(({ name, names, types }) =>
		fc.record({
			name: fc.constant(name),
			given: fc.record(
				Object.fromEntries(names.map((one, at) => [one, argument(types[at] ?? '')])),
				{ requiredKeys: [] },
			),
		}),
	);
	let before = await digest();
	await fc.assert(
		fc.asyncProperty(call, async ({ name, given }) => {
			const { status, error } = await client.rpc(name, given);
			expect(status, JSON.stringify(error)).toBeLessThan(500);
			expect(JSON.stringify(error)).not.toMatch(/private\.|plpgsql|PL\//);
			const after = await digest();
			if (error) expect(after, error.message).toBe(before);
			else before = after;
		}),
		{ seed, numRuns: 3 * RUNS, endOnFailure: true },
	);
});
