import { describe, expect, it } from 'vitest';
import { importTokenKeys, openToken, sealToken } from './vault.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');
const OTHER_KEY = Buffer.alloc(32, 9).toString('base64');

describe('the vault of tokens', () => {
	it('opens what it sealed, and seals differently each time', async () => {
		const keys = await importTokenKeys('2026', KEY);
		const first = await sealToken(keys, 'account-1', 'sbp_secret');
		const second = await sealToken(keys, 'account-1', 'sbp_secret');
		expect(first.ciphertext).not.toBe(second.ciphertext);
		expect(atob(first.ciphertext)).not.toContain('sbp_secret');
		expect(await openToken(keys, 'account-1', first)).toBe('sbp_secret');
	});

	it('does not open a ciphertext that was moved to another account', async () => {
		const keys = await importTokenKeys('2026', KEY);
		const sealed = await sealToken(keys, 'account-1', 'sbp_secret');
		await expect(openToken(keys, 'account-2', sealed)).rejects.toMatchObject({
			code: 'secret_unreadable',
		});
	});

	it('opens tokens of a previous key after rotation, and says so when that key is gone', async () => {
		const sealed = await sealToken(await importTokenKeys('old', KEY), 'a', 'sbp_secret');
		const rotated = await importTokenKeys('new', OTHER_KEY, { old: KEY });
		expect(await openToken(rotated, 'a', sealed)).toBe('sbp_secret');
		await expect(openToken(await importTokenKeys('new', OTHER_KEY), 'a', sealed)).rejects.toThrow(
			'"old"',
		);
	});

	it('refuses a key of the wrong length', async () => {
		await expect(importTokenKeys('short', 'c2hvcnQ=')).rejects.toThrow('32 bytes');
	});
});
