import { describe, expect, it } from 'vitest';
import { isSignUpOpen } from './sign-up.ts';

const open = (answer: () => Promise<Response>) =>
	isSignUpOpen(answer, { url: 'https://control.example', key: 'k' });

describe('signing up', () => {
	it('is closed where the Auth service says so, and only there', async () => {
		expect(await open(() => Promise.resolve(Response.json({ disable_signup: true })))).toBe(false);
		expect(await open(() => Promise.resolve(Response.json({ disable_signup: false })))).toBe(true);
		expect(await open(() => Promise.resolve(new Response('<html>', { status: 502 })))).toBe(true);
		expect(await open(() => Promise.reject(new Error('down')))).toBe(true);
	});
});
