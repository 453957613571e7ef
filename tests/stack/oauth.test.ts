// A clone between projects of an account that was connected at Supabase, with the scopes that Twins asks for.
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readReport } from '../../local/demo/report.ts';
import { runClone, runVerification } from '../../local/demo/run.ts';
import { signIn, type DemoSession } from '../../local/demo/session.ts';

const stack = inject('stack');
const never = new AbortController().signal;
let session: DemoSession;

beforeAll(async () => {
	session = await signIn(stack);
});
afterAll(() => session.close());

async function ask<T>(body: object): Promise<T> {
	const { data, error } = await session.supabase.functions.invoke<T>('accounts', { body });
	if (error || data === null) throw new Error(`accounts refused ${JSON.stringify(body)}`);
	return data;
}

async function connect(): Promise<string> {
	const { url, state } = await ask<{ url: string; state: string }>({ action: 'start_oauth' });
	const page = await (await fetch(url)).text();
	const request = /name="request" value="(\w+)"/.exec(page)?.[1] ?? '';
	const back = await fetch(new URL('/__consent', url), {
		method: 'POST',
		body: new URLSearchParams({ request, decision: 'authorize' }),
		redirect: 'manual',
	});
	const code = new URL(back.headers.get('location') ?? '').searchParams.get('code');
	const { account } = await ask<{ account: { id: string } }>({
		action: 'finish_oauth',
		state,
		code,
	});
	return account.id;
}

test('copies all that scopes reach, and names what they do not', { timeout: 240_000 }, async () => {
	const accountId = await connect();
	const job = await runClone({ ...session, accountId }, stack, never, () => undefined);
	const { items } = await readReport(session, job.id);
	expect(items.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
	expect(job.status).toBe('completed');
	const closed = items.filter(({ detail }) => detail?.includes('OAuth'));
	expect(closed.map(({ component, object }) => `${component} ${object}`).sort()).toEqual([
		'project_config realtime settings',
		'project_config storage settings',
	]);
	const { findings } = await runVerification(session, job.id, never);
	expect(findings.filter(({ severity }) => severity === 'failed')).toEqual([]);
	await ask({ action: 'disconnect', account_id: accountId });
});
