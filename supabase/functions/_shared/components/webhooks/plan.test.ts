import { describe, expect, it } from 'vitest';
import type { Webhook } from './inspect.ts';
import { planWebhooks, wantedWebhooks } from './plan.ts';

const sourceKey = `sb_secret_${'s'.repeat(20)}`;
const targetKey = `sb_secret_${'t'.repeat(20)}`;
const from = {
	ref: 'a'.repeat(20),
	url: `https://${'a'.repeat(20)}.supabase.co`,
	keys: [{ name: 'default', value: sourceKey }],
};
const to = {
	ref: 'b'.repeat(20),
	url: `https://${'b'.repeat(20)}.supabase.co`,
	keys: [{ name: 'default', value: targetKey }],
};
const hook = (given: Partial<Webhook> = {}): Webhook => ({
	name: 'notify',
	schema: 'public',
	table: 'orders',
	object: 'notify on public.orders',
	state: 'O',
	head: 'CREATE TRIGGER notify AFTER INSERT ON public.orders FOR EACH ROW',
	args: [`${from.url}/functions/v1/x`, 'POST', `{"apikey":"${sourceKey}"}`, '{}', '1000'],
	...given,
});
const plan = (source: readonly Webhook[], target: readonly Webhook[], activate = false) =>
	planWebhooks(wantedWebhooks(source, from, to), target, { activate, removeExtra: false });
const arrived = (given: Partial<Webhook> = {}): Webhook => ({
	...hook(),
	state: 'D',
	args: [`${to.url}/functions/v1/x`, 'POST', `{"apikey":"${targetKey}"}`, '{}', '1000'],
	...given,
});

describe('planning webhooks', () => {
	it('creates a webhook disabled, pointing at the target with the target key', () => {
		const [action] = plan([hook()], []);
		expect(action).toMatchObject({
			how: 'create',
			state: 'D',
			hook: { outward: [], rewritten: { changes: ['project URL', 'secret key "default"'] } },
		});
		const text = JSON.stringify(action);
		expect(text).not.toContain(sourceKey);
		expect(text).not.toContain(from.ref);
		expect(text).toContain('disable trigger');
	});

	it('names hosts that are not the target', () => {
		const outward = hook({ args: ['https://hooks.slack.com/T0/secret', 'POST'] });
		expect(plan([outward], [])).toMatchObject([{ hook: { outward: ['hooks.slack.com'] } }]);
	});

	it('leaves a copied webhook alone, disabled or armed', () => {
		expect(plan([hook()], [arrived()])).toMatchObject([{ how: 'keep', state: 'D' }]);
		expect(plan([hook()], [arrived({ state: 'O' })])).toMatchObject([{ how: 'keep', state: 'O' }]);
	});

	it('makes a changed webhook anew with the state the target had', () => {
		const head = 'CREATE TRIGGER notify AFTER UPDATE ON public.orders FOR EACH ROW';
		expect(plan([hook()], [arrived({ head, state: 'O' })])).toMatchObject([
			{ how: 'change', state: 'O' },
		]);
		expect(plan([hook()], [arrived({ head })])).toMatchObject([{ how: 'change', state: 'D' }]);
	});

	it('gives the state of the source when asked to activate', () => {
		expect(plan([hook()], [], true)).toMatchObject([{ how: 'create', state: 'O' }]);
		expect(plan([hook()], [arrived()], true)).toMatchObject([{ how: 'arm', state: 'O' }]);
		expect(plan([hook({ state: 'D' })], [], true)).toMatchObject([{ how: 'create', state: 'D' }]);
	});
});
