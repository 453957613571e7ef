// Keys of the source never travel in texts that are copied: known ones become the target's, and where the
// account may not read them, all that looks like a key becomes a placeholder.
import { describe, expect, it } from 'vitest';
import { ENABLE_WEBHOOKS } from '../../local/supabase/postgres/webhooks.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { webhooks } from '../../supabase/functions/_shared/components/webhooks/index.ts';
import { TwinsError } from '../../supabase/functions/_shared/domain/errors.ts';
import {
	cloneInProcess,
	previewInProcess,
	type TestEndpoint,
	verifyInProcess,
} from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const S = 'abcdefghijklmnopqrst';
const T = 'tsrqponmlkjihgfedcba';
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = `${part({ alg: 'HS256' })}.${part({ role: 'service_role', iss: 'supabase' })}.${'x'.repeat(30)}`;
const secret = `sb_secret_${'s'.repeat(24)}`;
const shared = `shared-${'w'.repeat(12)}`;
const targetKey = `sb_secret_${'t'.repeat(24)}`;
const components = [functions, triggers, webhooks];

const OBJECTS = `create table app.t (id int primary key);
create function app.call() returns trigger language plpgsql as $f$ begin
	perform net.http_post(url := 'https://example.test/x', headers := '{"apikey": "${secret}", "Authorization": "Bearer ${jwt}"}');
	return new; end $f$;
create function app.notify() returns trigger language plpgsql as $f$ begin return new; end $f$;
create trigger own after insert on app.t for each row execute function app.notify('https://${S}.supabase.co/functions/v1/x', 'Bearer ${secret}');
create trigger hook after insert on app.t for each row execute function supabase_functions.http_request(
	'https://${S}.supabase.co/functions/v1/x?apikey=${jwt}', 'POST', '{"Authorization":"Bearer ${shared}","X":"it''s"}', '{}', '1000');`;

async function prepared(): Promise<Pair> {
	const pair = await freshPair();
	for (const endpoint of [pair.source, pair.target]) {
		await runOn(endpoint.adminUrl, ENABLE_WEBHOOKS);
		await runOn(endpoint.dbUrl, 'create schema app');
	}
	await runOn(pair.source.dbUrl, OBJECTS);
	await runOn(pair.target.dbUrl, 'create table app.t (id int primary key)');
	return pair;
}

/** Everything of the target that could hold a text, by Postgres's own words. */
const textsOf = async (url: string): Promise<string> =>
	JSON.stringify(
		await rowsOf(
			url,
			`select prosrc as text from pg_proc where pronamespace = 'app'::regnamespace
			union all select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal and tgrelid = 'app.t'::regclass
			order by 1`,
		),
	);

const refused = () =>
	Promise.reject(new TwinsError('api_refused', 'no right', 'ask', { httpStatus: 403 }));
const endpointsOf = (pair: Pair, keys: TestEndpoint['keys']) => ({
	source: { ...pair.source, ref: S, ...(keys ? { keys } : {}) },
	target: { ...pair.target, ref: T, keys: [{ name: 'default', value: targetKey }] },
});

describe('keys of the source', () => {
	it('become placeholders where they may not be read, and are listed by hand', async () => {
		const pair = await prepared();
		const endpoints = endpointsOf(pair, refused);
		const first = await cloneInProcess({ ...endpoints, components });
		expect(first.outcome('failed')).toEqual([]);
		const texts = await textsOf(pair.target.dbUrl);
		for (const key of [jwt, secret, shared]) expect(texts).not.toContain(key);
		expect(texts).toContain('REPLACE_WITH_SECRET_KEY');
		expect(texts).toContain(`https://${T}.supabase.co/functions/v1/x?apikey=REPLACE_WITH_`);
		for (const object of [
			'functions app.call()',
			'triggers own on app.t',
			'webhooks hook on app.t',
		]) {
			expect(first.items.get(object)).toMatchObject({
				outcome: 'adapted',
				fix: expect.stringContaining('REPLACE_WITH_') as string,
			});
		}
		expect(JSON.stringify([...first.items])).not.toMatch(/sb_secret_|eyJ|shared-w/);
		for (const component of components) {
			const found = await previewInProcess(endpoints, component);
			expect(JSON.stringify(found)).not.toMatch(/sb_secret_s|eyJ|shared-w/);
			// What is left to be armed is a note.
			const findings = await verifyInProcess(endpoints, component, 'structure');
			expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
			expect(JSON.stringify(findings)).not.toMatch(/sb_secret_s|eyJ|shared-w/);
		}

		// Somebody puts the target's keys in: a later clone leaves them, and has nothing more to say.
		await runOn(
			pair.target.dbUrl,
			`do $do$ begin execute replace(replace(pg_get_functiondef('app.call()'::regprocedure), 'REPLACE_WITH_SECRET_KEY', '${targetKey}'),
				'REPLACE_WITH_SERVICE_ROLE_KEY', 'another-${'k'.repeat(20)}'); end $do$`,
		);
		const before = await textsOf(pair.target.dbUrl);
		const second = await cloneInProcess({ ...endpoints, components });
		expect(await textsOf(pair.target.dbUrl)).toBe(before);
		expect(second.outcome('failed')).toEqual([]);
		expect(second.outcome('adapted')).toEqual([]);
		expect(second.items.get('functions app.call()')?.fix).toBeUndefined();
		expect(second.items.get('triggers own on app.t')?.fix).toContain('REPLACE_WITH_');
	});

	it('become the target’s where they are known', async () => {
		const pair = await prepared();
		const endpoints = endpointsOf(pair, [{ name: 'default', value: secret }]);
		await cloneInProcess({ ...endpoints, components });
		const texts = await textsOf(pair.target.dbUrl);
		expect(texts).not.toContain(secret);
		expect(texts).toContain(targetKey);
		expect(texts).toContain(shared);
		const again = await cloneInProcess({ ...endpoints, components });
		expect([again.outcome('adapted'), again.outcome('copied')]).toEqual([[], []]);
	});

	it('stop the step, which is tried again, where the service only limits its rate', async () => {
		const pair = await prepared();
		const passing = new TwinsError('rate_limited', 'slow down', 'wait', { passing: true });
		const endpoints = endpointsOf(pair, () => Promise.reject(passing));
		for (const component of components) {
			await expect(cloneInProcess({ ...endpoints, components: [component] })).rejects.toMatchObject(
				{
					message: passing.message,
				},
			);
		}
		expect(await textsOf(pair.target.dbUrl)).toBe('[]');
	});
});
