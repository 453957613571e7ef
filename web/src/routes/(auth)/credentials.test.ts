import { describe, expect, it } from 'vitest';
import { AuthApiError } from '@supabase/supabase-js';
import { problemOfAuth, readCredentials, safeReturnPath } from './credentials.ts';

describe('signing in', () => {
	it('returns to pages of this app only', () => {
		expect(safeReturnPath('/clones/1?step=data')).toBe('/clones/1?step=data');
		expect(safeReturnPath('//evil.example')).toBe('/');
		expect(safeReturnPath('/\\evil.example')).toBe('/');
		expect(safeReturnPath('https://evil.example')).toBe('/');
		expect(safeReturnPath('/\t/evil.example')).toBe('/');
		expect(safeReturnPath('/.//evil.example')).toBe('/');
		expect(safeReturnPath('javascript:alert(1)')).toBe('/');
		expect(safeReturnPath(null)).toBe('/');
	});

	it('trims the email and never the password', () => {
		const form = new FormData();
		form.set('email', ' a@b.example ');
		form.set('password', ' secret ');
		expect(readCredentials(form)).toEqual({ email: 'a@b.example', password: ' secret ' });
	});
});

describe('signing up', () => {
	it('says what to do when it is refused for that', () => {
		const refusal = new AuthApiError('Signups not allowed', 422, 'signup_disabled');
		expect(problemOfAuth(refusal)).toMatchObject({ message: 'Sign-up is closed.' });
	});
});
