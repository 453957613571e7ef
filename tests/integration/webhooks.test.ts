import { describe, expect, it } from 'vitest';
import { ENABLE_WEBHOOKS } from '../../local/supabase/postgres/webhooks.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { webhooks } from '../../supabase/functions/_shared/components/webhooks/index.ts';
import type { CloneOptions } from '../../supabase/functions/_shared/domain/clone.ts';
import type { ManagementApi } from '../../supabase/functions/_shared/platform/supabase/management-api.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const S = 'abcdefghijklmnopqrst';
const T = 'tsrqponmlkjihgfedcba';
const sourceKey = `sb_secret_${'s'.repeat(24)}`;
const targetKey = `sb_secret_${'t'.repeat(24)}`;

const TABLES = `create schema app; create table app."Or ders" (id int primary key, note text, kind varchar);
create table app.parted (id int primary key) partition by range (id);
create table app.part_1 partition of app.parted for values from (1) to (10);`;
const HOOKS = `create trigger "to the function ☃" after insert or update of note on app."Or ders" for each row
  when (new.id between 1 and 9 and new.note <> 'a  b' and new.kind in ('p', 'q')) execute function supabase_functions.http_request(
    'https://${S}.supabase.co/functions/v1/x', 'POST', '{"Authorization":"Bearer ${sourceKey}","X":"it''s \\ é"}', '{}', '1000');
create trigger to_slack after delete on app."Or ders" for each row execute function supabase_functions.http_request(
    'https://hooks.slack.com/services/T0/B0/hidden', 'POST', '{}', '{}', '5000');
create trigger off after insert on app.parted for each row execute function supabase_functions.http_request(
    'https://example.com/', 'GET');
alter table app.parted disable trigger off;`;

function endpointsOf(pair: Pair) {
	const calls: string[] = [];
	const refuse = () => Promise.reject(new Error('not expected'));
	const api: ManagementApi = {
		get: refuse,
		fetch: refuse,
		send: async <Answer>(method: string, route: string): Promise<Answer> => {
			calls.push(`${method} ${route}`);
			await runOn(pair.target.adminUrl, ENABLE_WEBHOOKS);
			return JSON.parse('null');
		},
	};
	return {
		calls,
		endpoints: {
			source: { ...pair.source, ref: S, keys: [{ name: 'default', value: sourceKey }] },
			target: { ...pair.target, ref: T, api, keys: [{ name: 'default', value: targetKey }] },
		},
	};
}

async function prepared(): Promise<Pair> {
	const pair = await freshPair();
	await runOn(pair.source.adminUrl, ENABLE_WEBHOOKS);
	await runOn(pair.source.dbUrl, `${TABLES}${HOOKS}`);
	await runOn(pair.target.dbUrl, TABLES);
	return pair;
}

const hooksOf = (url: string) =>
	rowsOf(
		url,
		`select tgrelid::regclass::text as table, tgname as name, tgenabled as state, pg_get_triggerdef(oid) as definition
		from pg_trigger where not tgisinternal and tgfoid = 'supabase_functions.http_request'::regproc order by 1, 2`,
	);
const clone = (pair: Pair, options: Partial<CloneOptions> = {}) =>
	cloneInProcess({ ...endpointsOf(pair).endpoints, components: [webhooks], options });

describe('webhooks', () => {
	it('arrive disabled and pointing at the target, after the platform was asked to enable them', async () => {
		const pair = await prepared();
		const { calls, endpoints } = endpointsOf(pair);
		const result = await cloneInProcess({ ...endpoints, components: [webhooks] });
		expect(calls).toEqual(['POST /database/webhooks/enable']);
		const [source, target] = [await hooksOf(pair.source.dbUrl), await hooksOf(pair.target.dbUrl)];
		expect(target.map(({ state }) => state)).toEqual(['D', 'D', 'D', 'D']);
		const wanted = source.map(({ definition }) =>
			String(definition).replaceAll(S, T).replaceAll(sourceKey, targetKey),
		);
		expect(target.map(({ definition }) => definition)).toEqual(wanted);
		expect(result.outcome('failed')).toEqual([]);
		expect(result.items.get('webhooks to_slack on app.Or ders')).toMatchObject({
			outcome: 'adapted',
			detail: 'Created, disabled, calls hooks.slack.com',
			fix: 'To arm it, run on the target: alter table "app"."Or ders" enable trigger "to_slack"',
		});
		expect(JSON.stringify([...result.items])).not.toMatch(/hidden|sb_secret_/);
		const findings = await verifyInProcess(endpoints, webhooks, 'structure');
		expect(findings.map(({ object, severity, found }) => [object, severity, found])).toEqual([
			['to the function ☃ on app.Or ders', 'note', 'disabled'],
			['to_slack on app.Or ders', 'note', 'disabled'],
		]);
	});

	it('stay armed or disabled in later clones, which change nothing else', async () => {
		const pair = await prepared();
		await clone(pair);
		await runOn(pair.target.dbUrl, `alter table app."Or ders" enable trigger to_slack`);
		const before = await hooksOf(pair.target.dbUrl);
		const second = await clone(pair);
		expect(second.outcome('unchanged')).toHaveLength(3);
		expect(await hooksOf(pair.target.dbUrl)).toEqual(before);
	});

	it('follow a change on the source and keep the state of the target', async () => {
		const pair = await prepared();
		await clone(pair);
		await runOn(pair.target.dbUrl, `alter table app."Or ders" enable always trigger to_slack`);
		await runOn(
			pair.source.dbUrl,
			`drop trigger to_slack on app."Or ders"; create trigger to_slack after update on app."Or ders" for each row
			execute function supabase_functions.http_request('https://hooks.slack.com/new', 'POST')`,
		);
		await clone(pair);
		const hook = (await hooksOf(pair.target.dbUrl)).find(({ name }) => name === 'to_slack');
		expect(hook).toMatchObject({ state: 'A' });
		expect(hook?.['definition']).toContain('AFTER UPDATE');
	});

	it('take the state of the source when the clone activates', async () => {
		const pair = await prepared();
		await clone(pair, { activate: true });
		expect((await hooksOf(pair.target.dbUrl)).map(({ name, state }) => `${name} ${state}`)).toEqual(
			['to the function ☃ O', 'to_slack O', 'off D', 'off D'],
		);
	});

	it('of a partitioned table rest on its partitions too, whatever other component runs', async () => {
		const pair = await prepared();
		await runOn(pair.source.dbUrl, `alter table app.parted enable trigger off`);
		const { endpoints } = endpointsOf(pair);
		const states = async () =>
			(await hooksOf(pair.target.dbUrl))
				.filter(({ name }) => name === 'off')
				.map(({ state }) => state);
		for (const components of [[triggers, webhooks], [triggers]]) {
			const result = await cloneInProcess({ ...endpoints, components });
			expect(result.outcome('failed')).toEqual([]);
			expect(await states()).toEqual(['D', 'D']);
			expect(await verifyInProcess(endpoints, triggers, 'structure')).toEqual([]);
		}
	});

	it('are told one by one when the platform refuses to enable them', async () => {
		const pair = await prepared();
		const { TwinsError } = await import('../../supabase/functions/_shared/domain/errors.ts');
		const { endpoints } = endpointsOf(pair);
		const send = () =>
			Promise.reject(new TwinsError('api_refused', 'no right', 'ask', { httpStatus: 403 }));
		const target = { ...endpoints.target, api: { ...endpoints.target.api, send } };
		const result = await cloneInProcess({
			source: endpoints.source,
			target,
			components: [webhooks],
		});
		expect(result.outcome('failed')).toHaveLength(3);
	});
});
