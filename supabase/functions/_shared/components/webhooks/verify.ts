// Verification of webhooks: present, on the same events, calling the same but for references. Whether one is
// enabled is the user's choice after a clone and no finding.
import type { Finding, ReadContext } from '../component.ts';
import { readReferences } from '../../platform/references.ts';
import { readWebhooks } from './inspect.ts';
import { planWebhooks, wantedWebhooks } from './plan.ts';

/** Compares both ends; an empty list means equal. */
export async function verifyWebhooks(context: ReadContext): Promise<readonly Finding[]> {
	const source = await readWebhooks(await context.source.database());
	const target = await readWebhooks(await context.target.database());
	const wanted = wantedWebhooks(
		source.hooks,
		await readReferences(context.source),
		await readReferences(context.target),
	);
	const actions = planWebhooks(wanted, target.hooks, { activate: false, removeExtra: false });
	return actions.flatMap(({ how, hook }): Finding[] =>
		how === 'create' || how === 'change'
			? [
					{
						severity: 'failed',
						object: hook.object,
						expected: 'webhook as on the source',
						found: how === 'create' ? 'missing' : 'other events, address or headers',
						fix: 'Clone webhooks again. If it stays, the report of that run says why.',
					},
				]
			: [],
	);
}
