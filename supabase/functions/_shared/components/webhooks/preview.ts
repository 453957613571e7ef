// What a look at the source's webhooks shows and warns of: hosts and header names, never their values.
import type { Preview, PreviewWarning, ReadContext } from '../component.ts';
import { hostsIn, readReferences } from '../../platform/references.ts';
import { readWebhooks, type Webhook } from './inspect.ts';
import { planWebhooks, wantedWebhooks } from './plan.ts';

const MAX_OBJECTS = 500;

function headerNames(hook: Webhook): readonly string[] {
	try {
		const headers: unknown = JSON.parse(hook.args[2] ?? '{}');
		return typeof headers === 'object' && headers !== null ? Object.keys(headers) : [];
	} catch {
		return [];
	}
}

/** Counts, list, plan and warnings. Changes nothing. */
export async function previewWebhooks(context: ReadContext): Promise<Preview> {
	const source = await readWebhooks(await context.source.database());
	const target = await readWebhooks(await context.target.database());
	const from = await readReferences(context.source);
	const to = await readReferences(context.target);
	const wanted = wantedWebhooks(source.hooks, from, to);
	const { activate, remove_extra: removeExtra } = context.options;
	const actions = planWebhooks(wanted, target.hooks, { activate, removeExtra });
	const warnings: PreviewWarning[] = [];
	if (wanted.length > 0 && !target.enabled) {
		warnings.push({
			object: 'database webhooks',
			message: 'They are off on the target; the clone switches them on.',
			fix: 'Nothing to do, if the access token may enable webhooks (database:write).',
		});
	}
	for (const hook of wanted) {
		if (hook.outward.length > 0) {
			warnings.push({
				object: hook.object,
				message: `It calls ${hook.outward.join(', ')}, which is not the target.`,
				fix: 'It arrives disabled unless "activate" is on. Check the address before you arm it.',
			});
		}
		if (hook.rewritten.missing.length > 0) {
			warnings.push({
				object: hook.object,
				message: `Its headers carry the source's ${hook.rewritten.missing.join(', ')}, of which the target has none.`,
				fix: 'A placeholder takes its place; put a key of the target there before you arm it.',
			});
		}
	}
	const count = (how: string): number => actions.filter((action) => action.how === how).length;
	return {
		counts: {
			webhooks: wanted.length,
			plan_create: count('create'),
			plan_change: count('change') + count('arm'),
			plan_keep: count('keep'),
			plan_remove: count('remove'),
		},
		objects: actions.slice(0, MAX_OBJECTS).map(({ how, hook }) => ({
			object: hook.object,
			calls: hostsIn(hook.args[0] ?? '').join(', '),
			method: hook.args[1] ?? '',
			headers: headerNames(hook),
			enabled: hook.state !== 'D',
			action: how,
		})),
		warnings,
	};
}
