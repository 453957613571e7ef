import type { EndpointRole } from '../domain/endpoint-role.ts';
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../platform/environment.ts';
import { sealToken } from '../platform/vault.ts';
import type { StoredEndpoint } from './queue.ts';
import { openStoredEndpoint } from './stored-endpoint.ts';

const ACCOUNT = '11111111-1111-4111-8111-111111111111';
const CONTROL = 'cccccccccccccccccccc';
const variables: Readonly<Record<string, string>> = {
	SUPABASE_URL: `https://${CONTROL}.supabase.co`,
	SUPABASE_DB_URL: 'postgresql://unused',
	TWINS_WORKER_SECRET: 'w'.repeat(24),
	TWINS_ENCRYPTION_KEY: btoa('k'.repeat(32)),
};

async function open(role: EndpointRole, change: Partial<StoredEndpoint>) {
	const environment = await readEnvironment((name) => variables[name]);
	const sealed = await sealToken(environment.tokenKeys, ACCOUNT, 'token');
	const endpoint: StoredEndpoint = {
		...sealed,
		account_id: ACCOUNT,
		ref: 'tttttttttttttttttttt',
		expires_at: null,
		account_status: 'connected',
		database_password: null,
		...change,
	};
	const signal = new AbortController().signal;
	return openStoredEndpoint(
		environment,
		role,
		endpoint,
		{ query: () => Promise.resolve([]) },
		signal,
	);
}

describe('an endpoint of a run', () => {
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
		).rejects.toMatchObject({ code: 'secret_unreadable' });
		await expect(open('source', { key_id: 'retired' })).rejects.toMatchObject({
			code: 'secret_unreadable',
			fix: expect.stringContaining('TWINS_ENCRYPTION_KEYS_PREVIOUS') as string,
		});
	});
});
