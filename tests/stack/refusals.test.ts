// What a user may ask wrongly: answered with a 4xx, what is wrong and what to do; nothing is changed, and nothing of
// how we are made is shown.
import { FunctionsHttpError } from '@supabase/supabase-js';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { signIn, type DemoSession } from '../../local/demo/session.ts';

const stack = inject('stack');
const [source, target] = stack.projects;
const NOBODY = '00000000-0000-4000-8000-000000000000';
let session: DemoSession;

beforeAll(async () => {
	session = await signIn(stack);
});
afterAll(() => session.close());

const pair = () => ({
	source_account_id: session.accountId,
	source_ref: source?.ref,
	target_account_id: session.accountId,
	target_ref: target?.ref,
});

const jobs = async () => (await session.supabase.from('jobs').select('id')).data;

test.each([
	['start_clone', 'an account of nobody', () => ({ ...pair(), source_account_id: NOBODY }), 404],
	['start_clone', 'no account', () => ({ ...pair(), target_account_id: null }), 404],
	['start_clone', 'an id that is none', () => ({ ...pair(), source_account_id: 'x' }), 400],
	['start_clone', 'a ref with a NUL byte', () => ({ ...pair(), source_ref: 'a\u0000b' }), 400],
	[
		'start_clone',
		'options of another type',
		() => ({ ...pair(), options: { components: 'all' } }),
		400,
	],
	[
		'start_clone',
		'a project cloned into itself',
		() => ({ ...pair(), target_ref: source?.ref }),
		400,
	],
	['start_preview', 'an account of nobody', () => ({ ...pair(), source_account_id: NOBODY }), 404],
	['start_verification', 'a clone of nobody', () => ({ job_id: NOBODY }), 404],
	['cancel_job', 'a clone of nobody', () => ({ job_id: NOBODY }), 404],
	['cancel_job', 'no clone', () => ({ job_id: null }), 404],
])('%s refuses %s', async (name, _what, given, expected) => {
	const before = await jobs();
	const { error, status } = await session.supabase.rpc(name, given());
	expect({ status, error }).toMatchObject({
		status: expected,
		error: { message: expect.stringMatching(/\w{3}/) },
	});
	expect(JSON.stringify(error)).not.toMatch(/private|plpgsql|PL\//);
	expect(await jobs()).toEqual(before);
});

test('a target that another clone writes is refused with 409', async () => {
	const options = { components: { tables: true } };
	const first = await session.supabase.rpc('start_clone', {
		...pair(),
		options,
		without_preview: true,
	});
	expect(first.error).toBeNull();
	const second = await session.supabase.rpc('start_clone', {
		...pair(),
		options,
		without_preview: true,
	});
	expect(second).toMatchObject({
		status: 409,
		error: {
			message: expect.stringContaining('still running'),
			hint: 'Wait until it ends, or cancel it.',
		},
	});
	await session.supabase.rpc('cancel_job', { job_id: first.data.id });
	await expect
		.poll(
			async () =>
				(await session.supabase.from('jobs').select('status').eq('id', first.data.id).single()).data
					?.status,
			{ timeout: 60_000, interval: 300 },
		)
		.not.toMatch(/pending|in_progress/);
	const again = await session.supabase.rpc('cancel_job', { job_id: first.data.id });
	expect(again.status).toBe(409);
});

test('the function accounts says what the database refused in its own words', async () => {
	const { error } = await session.supabase.functions.invoke<unknown>('accounts', {
		body: { action: 'disconnect', account_id: NOBODY },
	});
	if (!(error instanceof FunctionsHttpError)) throw new Error('it was not refused');
	expect(error.context.status).toBe(404);
	expect(await error.context.json()).toEqual({
		error: {
			code: 'not_found',
			message: 'There is no such account',
			fix: 'Pick one of your connected accounts.',
		},
	});
});
