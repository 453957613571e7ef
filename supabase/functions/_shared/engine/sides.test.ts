import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../platform/environment.ts';
import { sealToken } from '../platform/vault.ts';
import type { RunEnd } from './queue.ts';
import { openSide } from './sides.ts';

const ACCOUNT = '11111111-1111-4111-8111-111111111111';
const CONTROL = 'cccccccccccccccccccc';
const variables: Readonly<Record<string, string>> = {
	SUPABASE_URL: `https://${CONTROL}.supabase.co`,
	SUPABASE_DB_URL: 'postgresql://unused',
	TWINS_WORKER_SECRET: 'w'.repeat(24),
	TWINS_ENCRYPTION_KEY: btoa('k'.repeat(32)),
};

async function open(role: 'source' | 'target', change: Partial<RunEnd>) {
	const environment = await readEnvironment((name) => variables[name]);
	const sealed = await sealToken(environment.tokenKeys, ACCOUNT, 'token');
	const end: RunEnd = {
		...sealed,
		account_id: ACCOUNT,
		ref: 'tttttttttttttttttttt',
		account_status: 'connected',
		database_password: null,
		...change,
	};
	const signal = new AbortController().signal;
	return openSide(environment, role, end, (_, run) => run(), signal);
}

describe('an end of a run', () => {
	it('is not opened as a target when Twins itself runs on it', async () => {
		await expect(open('target', { ref: CONTROL })).rejects.toMatchObject({ code: 'forbidden' });
		expect((await open('source', { ref: CONTROL })).ref).toBe(CONTROL);
		expect((await open('target', {})).url).toBe('https://tttttttttttttttttttt.supabase.co');
	});

	it('needs a token that still works and that was sealed for this account', async () => {
		const expired = { code: 'account_expired' };
		await expect(open('source', { account_status: 'expired' })).rejects.toMatchObject(expired);
		await expect(
			open('source', { account_id: ACCOUNT.replaceAll('1', '2') }),
		).rejects.toMatchObject(expired);
		await expect(open('source', { key_id: 'retired' })).rejects.toMatchObject({
			...expired,
			fix: expect.stringContaining('TWINS_ENCRYPTION_KEYS_PREVIOUS') as string,
		});
	});
});
