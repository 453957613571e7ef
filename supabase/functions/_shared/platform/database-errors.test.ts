import { describe, expect, it } from 'vitest';
import { controlError, databaseError } from './database-errors.ts';
import { PostgresError } from './postgres/index.ts';

describe('errors of the server', () => {
	const error = ({ C = '', M = '', ...more }: Record<string, string>) =>
		databaseError(
			new PostgresError('server', M, {
				sqlstate: C,
				message: M,
				detail: more['D'],
				hint: more['H'],
				context: more['W'],
				routine: more['R'],
				schema: more['s'],
				table: more['t'],
				constraint: more['n'],
			}),
		);

	it('keep the state, the hint and the line, and leave values of rows out', () => {
		const refused = error({
			C: '22P02',
			M: 'invalid input syntax for type integer: "top\nsecret"',
			D: 'top secret',
			H: 'a hint',
			W: 'COPY orders, line 3, column total: "top secret"',
		});
		expect(refused.message).toBe('invalid input syntax for type integer (line 3, column total)');
		expect(refused.details).toMatchObject({ sqlstate: '22P02', hint: 'a hint', passing: false });
		expect(
			error({ C: '23505', M: 'duplicate key value', D: 'Key (email)=(top secret)' }).message,
		).toBe('duplicate key value');
	});

	it('leave out values wherever a message puts them, and keep names', () => {
		const inRow = { W: 'COPY orders, line 3, column at: "top secret"' };
		for (const [C, M, message] of [
			['22007', 'invalid value "top secret" for "YYYY"', 'invalid value'],
			[
				'22003',
				'value "top secret" is out of range for type int',
				'value is out of range for type int',
			],
			['22023', 'time zone "top secret" not recognized', 'time zone not recognized'],
			['22P04', 'missing data for column "at"', 'missing data for column "at"'],
		] as const) {
			expect(error({ C, M, ...inRow }).message).toBe(`${message} (line 3, column at)`);
		}
		expect(error({ C: '22023', M: 'unrecognized parameter "x"' }).message).toContain('"x"');
		const raised = error({
			C: 'P0001',
			M: 'top secret is no address',
			H: 'mend top secret',
			W: 'PL/pgSQL function is_address(text) line 3 at RAISE\nCOPY orders, line 3: "top secret"',
		});
		expect(raised.message).toBe('… is no address (function is_address(text), line 3)');
		expect(JSON.stringify([raised.fix, raised.details])).not.toContain('secret');
	});

	it('name the function and the constraint, never what a function quotes of a row', () => {
		const inFunction = { W: 'PL/pgSQL function public.slug(text) line 4 at RAISE' };
		const of = (C: string, M: string, more: Record<string, string> = {}) =>
			error({ C, M, ...inFunction, ...more });
		expect(of('P0001', 'slug is too short: hunter two').message).toBe(
			'slug is too short … (function public.slug(text))',
		);
		// Whatever state and names a function gives its error.
		const forged = of('42883', 'function "top secret" missing', {
			R: 'exec_stmt_raise',
			H: 'secret',
			n: 'secret',
			t: 'secret',
			D: 'Key (email)=(secret@example.com)',
		});
		expect(JSON.stringify([forged.message, forged.fix, forged.details])).not.toContain('secret');
		// The server's own words name what is missing; in a statement made of values these may be values.
		const missing = 'function unaccent(text) does not exist';
		expect(of('42883', missing, { R: 'ParseFuncOrColumn' }).message).toContain(missing);
		const made = of('42703', 'column "secret" does not exist', {
			R: 'errorMissingColumn',
			W: 'PL/pgSQL function f() line 4 at EXECUTE',
		});
		expect(made.message).toBe('column … does not exist (function f())');
		expect(
			error({ C: '23514', M: 'a check is broken', s: 'app', t: 'orders', n: 'orders_check' })
				.message,
		).toBe('a check is broken (constraint orders_check of app.orders)');
		// A value that looks like a context.
		const value =
			'COPY orders, line 3, column a: "x\nPL/pgSQL function secret() line 1\nCOPY a, line 1, column secret';
		expect(error({ C: '22P02', M: 'invalid input', W: value }).message).not.toContain('secret');
		for (const C of ['P0001', '0A000', '39000', 'XX001', '55000']) {
			expect(error({ C, M: 'x' }).fix).not.toMatch(/SQLSTATE/);
		}
	});

	it('tell passing trouble from lasting', () => {
		for (const state of ['08006', '57P01', '53300', '40001', '40P01', '55P03']) {
			expect(error({ C: state, M: 'x' }).details.passing, state).toBe(true);
		}
		for (const state of ['42501', '23505', '57014', '28P01', '25006']) {
			expect(error({ C: state, M: 'x' }).details.passing, state).toBe(false);
		}
		expect(error({ C: '22023', M: 'invalid snapshot identifier: "0-1"' }).code).toBe(
			'snapshot_lost',
		);
		const breaker = error({ C: 'XX000', M: 'ECIRCUITBREAKER too many authentication errors' });
		expect([breaker.code, breaker.details.passing]).toEqual(['database_unreachable', true]);
		expect(breaker.details.retryAfter).toBe(150);
		expect(breaker.fix).toContain('10 minutes');
	});
});

it('other failures keep their words and say what to do', () => {
	const lost = databaseError(new PostgresError('lost', 'The connection to the source was lost: x'));
	expect([lost.code, lost.message, lost.details.passing]).toEqual([
		'connection_lost',
		'The connection to the source was lost: x',
		true,
	]);
	const plain = databaseError(new PostgresError('no_tls', 'x does not offer encryption'));
	expect([plain.code, plain.details.passing, plain.fix]).toEqual([
		'database_refused',
		undefined,
		'Turn TLS on for this database; connections without it are not made.',
	]);
});

it('refusals of the control database keep the words that its functions say', () => {
	const refusal = { sqlstate: 'PT404', message: 'There is no such clone', hint: 'Pick one.' };
	const said = controlError(
		new PostgresError('server', refusal.message, { ...refusal, routine: 'exec_stmt_raise' }),
	);
	expect([said.code, said.message, said.fix]).toEqual([
		'not_found',
		'There is no such clone',
		'Pick one.',
	]);
	// Of the server itself, with a value in it.
	const other = controlError(
		new PostgresError('server', 'x', { sqlstate: '22023', message: 'invalid value: "secret"' }),
	);
	expect([other.code, other.message]).toEqual(['database_refused', 'invalid value']);
});
