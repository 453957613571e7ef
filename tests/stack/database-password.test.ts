// Projects that give no temporary login: the user's own database password opens them, and a worker whose token
// is refused says so to the account.
import { FunctionsHttpError } from '@supabase/supabase-js';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import type { AccountsRequest } from '../../supabase/functions/_shared/domain/api.ts';
import { signIn, type DemoSession } from '../../local/demo/session.ts';
import { runPreview } from '../helpers/preview.ts';

const stack = inject('stack');
const [source, target] = stack.projects;
let session: DemoSession;

beforeAll(async () => {
	session = await signIn(stack);
});
afterEach(() => faults('DELETE'));
afterAll(() => session.close());

const faults = (method: 'POST' | 'DELETE', fault?: object) =>
	fetch(`${stack.management_api_url}/__faults`, {
		method,
		headers: {
			authorization: `Bearer ${stack.access_token}`,
			'content-type': 'application/json',
		},
		...(fault ? { body: JSON.stringify(fault) } : {}),
	});

/** The function's answer, or the error in it. */
async function ask(body: AccountsRequest): Promise<unknown> {
	const { data, error } = await session.supabase.functions.invoke<unknown>('accounts', { body });
	return error instanceof FunctionsHttpError ? await error.context.json() : (data ?? error);
}

const setPassword = (project: typeof source, password: string | null) =>
	ask({
		action: 'set_database_password',
		account_id: session.accountId,
		ref: project?.ref ?? '',
		password,
	});

const passwordIn = (url = ''): string => decodeURIComponent(new URL(url).password);

test('a project without temporary logins is opened with its database password', async () => {
	const refusal = { kind: 'refused', path: '/cli/login-role', calls: 1000, message: 'denied' };
	await faults('POST', refusal);
	// Those that earlier runs were given still open the projects.
	const control = postgres(stack.control.db_url, { max: 1 });
	onTestFinished(() => control.end());
	await control`truncate private.database_logins`;
	const without = await runPreview(session, stack);
	expect(JSON.stringify(without)).toContain('enter the database password of this project');

	await ask({ action: 'list_projects', refresh: true });
	expect(await setPassword(source, 'not the password')).toMatchObject({
		error: { code: 'bad_request', message: 'The database does not accept this password' },
	});
	for (const project of [source, target]) {
		expect(await setPassword(project, passwordIn(project?.db_url))).toEqual({
			has_own_login: true,
		});
	}
	const preview = await runPreview(session, stack);
	expect(preview.status).toBe('completed');
	expect(preview.result).toMatchObject({ errors: [], tables: { counts: expect.any(Object) } });

	for (const project of [source, target]) {
		expect(await setPassword(project, null)).toEqual({ has_own_login: false });
	}
});

test('an account whose token is refused shows as expired until it works again', async () => {
	await faults('POST', { kind: 'expired_token', calls: 1000 });
	await runPreview(session, stack);
	const state = async () => {
		const { data } = await session.supabase
			.from('connected_accounts')
			.select('status')
			.eq('id', session.accountId);
		return data?.[0]?.status;
	};
	await expect.poll(state).toBe('expired');
	await faults('DELETE');
	await ask({ action: 'list_projects', refresh: true });
	expect(await state()).toBe('connected');
});
