// Verification of webhooks: present, on the same events, calling the same but for references. That one rests which works
// on the source is a note: it is left to do by hand, or meant.
import type { Finding } from '../../contract/report.ts';
import type { ReadContext } from '../../contract/context.ts';
import { readReferences } from '../../platform/supabase/references.ts';
import { CANNOT_REST, howToMake, isOnManagedTable } from './by-hand.ts';
import { armingOf } from './copy.ts';
import { readSourceWebhooks, readWebhooks } from './inspect.ts';
import { planWebhooks, wantedWebhooks } from './plan.ts';

/** Compares both endpoints; an empty list means equal. */
export async function verifyWebhooks(context: ReadContext): Promise<readonly Finding[]> {
	const source = await readSourceWebhooks(context.source);
	const target = await readWebhooks(await context.target.database());
	const wanted = wantedWebhooks(
		source.hooks,
		await readReferences(context.source),
		await readReferences(context.target),
	);
	const actions = planWebhooks(wanted, target.hooks, { activate: false, removeExtra: false });
	return actions.flatMap((action): Finding[] => {
		const { how, hook } = action;
		const isArmed = context.options.activate && how === 'create' && hook.state !== 'D';
		if (how === 'create' && isOnManagedTable(hook) && !isArmed) {
			return [
				{
					severity: 'note',
					object: hook.object,
					expected: 'webhook as on the source',
					found: `missing: ${CANNOT_REST}`,
					fix: howToMake(action.hook),
				},
			];
		}
		if (how === 'keep' && action.state === 'D' && hook.state !== 'D')
			return [
				{
					severity: 'note',
					object: hook.object,
					expected: 'enabled',
					found: 'disabled',
					fix: armingOf(hook),
				},
			];
		return how === 'create' || how === 'change'
			? [
					{
						severity: 'failed',
						object: hook.object,
						expected: 'webhook as on the source',
						found: how === 'create' ? 'missing' : 'other events, address or headers',
						fix: 'Clone webhooks again. If it stays, the report of that run says why.',
						of: `${hook.schema}.${hook.table}`,
					},
				]
			: [];
	});
}
