import { describe, expect, it } from 'vitest';
import { plainWords } from './plain-words.ts';

describe('the words of a message', () => {
	it.each([
		['slug is too short', 'slug is too short'],
		["the customer doesn't exist", "the customer doesn't exist"],
		['order 4711 of user 12 is closed', 'order … of user … is closed'],
		['bad value "hunter two" in row', 'bad value … in row'],
		["bad value 'O'Neil says' in row", 'bad value … in row'],
		["'a' is not allowed, 'b' is", '… is'],
		['Key (email)=(a@b.c) is taken', 'Key … is taken'],
		['mail a.b@example.com is taken', 'mail … is taken'],
		['id a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 is unknown', 'id … is unknown'],
		['no such customer: Anna Smith', 'no such customer …'],
		['name=Anna Smith', 'name …'],
		['row {"name": "Anna (old)"} refused', 'row … refused'],
		['first line\nsecret', 'first line …'],
		['token QWxhZGRpbjpvcGVu is wrong', 'token … is wrong'],
		['host db.example.com at /var/secret', 'host … at …'],
		['costs $5 more', 'costs …'],
		['half "open secret', 'half …'],
		["value 'a' secret' is bad", 'value … is bad'],
		['value (a) secret) is bad', 'value … is bad'],
		['«geheim» ist verboten, “geheim” auch', '… auch'],
		['Größe überschritten', 'Größe überschritten'],
		['', ''],
	])('%j → %j', (message, words) => {
		expect(plainWords(message)).toBe(words);
	});

	it('hold none of the row’s own words', () => {
		expect(plainWords('Top secret, is no address', '1\ttop SECRET\tx')).toBe('… is no address');
	});

	it('hold no value that stands between signs, whatever it is', () => {
		const values = [
			'secret',
			"se'cret word",
			'sec"ret word',
			'a) secret (b',
			'secret] x',
			'» secret',
		];
		for (const [open, close] of ['""', "''", '()', '[]', '«»', '``', '“”', '<>'].map((pair) => [
			...pair,
		])) {
			for (const value of values) {
				const shown = plainWords(`value ${open}${value}${close} is refused`);
				expect(shown, `${open}${value}${close}`).not.toMatch(/secret|se'cret|sec"ret/);
				expect(shown).toMatch(/^value/);
			}
		}
	});
});
