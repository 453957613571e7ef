// The REST service through the real client: calls of functions, keys and tokens, and what it refuses.
import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { openNotesProject, OWNER, type NotesProject } from '../helpers/notes-project.ts';

let project: NotesProject['project'];
let sql: NotesProject['sql'];
let client: NotesProject['client'];
let asUser: NotesProject['asUser'];
let tokenOf: NotesProject['tokenOf'];

beforeAll(async () => {
	({ project, sql, client, asUser, tokenOf } = await openNotesProject());
});

describe('calling functions', () => {
	beforeAll(async () => {
		await sql`truncate public.notes`;
	});

	test('passes JSON arguments and returns a composite row', async () => {
		const { data, error } = await (
			await asUser()
		).rpc('add_note', {
			id: 1,
			title: 'first',
			options: { deep: { list: [1, 'two', null] } },
		});
		expect(error).toBeNull();
		expect(data).toMatchObject({
			id: 1,
			owner_id: OWNER,
			body: { deep: { list: [1, 'two', null] } },
		});
		const second = await (await asUser()).rpc('add_note', { id: 2, title: 'second' }).single();
		expect(second.error).toBeNull();
	});

	test('returns sets of rows, sets of values, values, tables and nothing', async () => {
		const user = await asUser();
		const rows = await user.rpc('find_notes', { words: ['second', 'absent'] }).select('id');
		expect(rows.data).toEqual([{ id: 2 }]);
		expect((await user.rpc('titles')).data).toEqual(['first', 'second']);
		expect((await user.rpc('total')).data).toBe(2);
		expect((await user.rpc('total', { factor: 2.5 }, { get: true })).data).toBe(5);
		expect((await user.rpc('summary').order('title', { ascending: false }).limit(1)).data).toEqual([
			{ title: 'second', words: 1 },
		]);
		expect(await user.rpc('touch', { id: 1 })).toMatchObject({
			status: 204,
			data: null,
			error: null,
		});
		expect(await sql`select done from public.notes where id = 1`).toEqual([{ done: true }]);
	});

	test('runs as the role of the token, connected as authenticator', async () => {
		expect((await (await asUser()).rpc('who')).data).toEqual({
			current: 'authenticated',
			session: 'authenticator',
			sub: OWNER,
		});
	});

	test('passes on what a function says when it refuses', async () => {
		expect(await (await asUser()).rpc('refuse_me')).toMatchObject({
			status: 400,
			error: { code: 'P0001', message: 'not today', details: 'closed', hint: 'come back tomorrow' },
		});
	});

	test('says which function with which arguments it looked for', async () => {
		const { error, status } = await (await asUser()).rpc('total', { wrong: 1 });
		expect(status).toBe(404);
		expect(error).toMatchObject({
			code: 'PGRST202',
			message: 'Could not find the function public.total(wrong) in the schema cache',
		});
	});
});

describe('keys, tokens and what is not there', () => {
	const get = (path: string, headers: Record<string, string>) =>
		fetch(`${project.url}/rest/v1${path}`, { headers });

	test('wants an API key of the project', async () => {
		expect((await get('/notes', {})).status).toBe(401);
		const wrong = await get('/notes', { apikey: 'sb_publishable_of_another_project' });
		expect(await wrong.json()).toMatchObject({ message: 'Invalid API key' });
	});

	test('does not take a user token as API key, nor the secret key from a browser', async () => {
		expect((await get('/notes', { apikey: await tokenOf(OWNER) })).status).toBe(401);
		const browser = { apikey: project.secretKey, 'user-agent': 'Mozilla/5.0 (X11)' };
		expect((await get('/notes', browser)).status).toBe(401);
	});

	test('says when a token has expired and when another key signed it', async () => {
		const expired = await client(project.publishableKey, await tokenOf(OWNER, -10))
			.from('notes')
			.select();
		expect(expired).toMatchObject({
			status: 401,
			error: { code: 'PGRST303', message: 'JWT expired' },
		});
		const { privateKey } = await generateKeyPair('ES256', { extractable: true });
		const forged = await new SignJWT({ role: 'service_role' })
			.setProtectedHeader({ alg: 'ES256', kid: 'test-key' })
			.setExpirationTime('1h')
			.sign(await importJWK(await exportJWK(privateKey), 'ES256'));
		const refused = await client(project.publishableKey, forged).from('notes').select();
		expect(refused).toMatchObject({ status: 401, error: { code: 'PGRST301' } });
	});

	test.each([
		['/notes?select=*,comments(*)', 'embedding'],
		['/notes?or=(id.eq.1,id.eq.2)', 'logical filter "or"'],
		['/notes?tags=cs.{a}', 'filter operator "cs"'],
		['/notes?select=body->a', 'JSON paths'],
		['/notes?select=count()', 'aggregates'],
	])('answers 501 to %s and names what is missing', async (path, what) => {
		const answer = await get(path, { apikey: project.publishableKey });
		expect(answer.status).toBe(501);
		expect(await answer.json()).toMatchObject({ message: expect.stringContaining(what) });
	});

	test('refuses schemas that are not exposed', async () => {
		const { error } = await client(project.secretKey).schema('auth').from('users').select();
		expect(error).toMatchObject({ code: 'PGRST106' });
	});
});
