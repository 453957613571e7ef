// What a look at the source's webhooks shows and warns of: hosts and header names, never their values.
import {
	makePreview,
	type Preview,
	type PreviewObject,
	type PreviewWarning,
} from '../../domain/preview.ts';
import type { ReadContext } from '../../contract/context.ts';
import { hostsIn, readReferences } from '../../platform/supabase/references.ts';
import { CANNOT_REST, howToMake, isOnManagedTable } from './by-hand.ts';
import { readSourceWebhooks, readWebhooks, type Webhook } from './inspect.ts';
import { planWebhooks, wantedWebhooks } from './plan.ts';

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
	const source = await readSourceWebhooks(context.source);
	const target = await readWebhooks(await context.target.database());
	const from = await readReferences(context.source);
	const to = await readReferences(context.target);
	const wanted = wantedWebhooks(source.hooks, from, to);
	const { activate, remove_extra: removeExtra } = context.options;
	const actions = planWebhooks(wanted, target.hooks, { ...context.options, removeExtra });
	const warnings: PreviewWarning[] = [];
	if (wanted.length > 0 && !target.enabled) {
		warnings.push({
			level: 'note',
			object: 'database webhooks',
			message: 'They are off on the target; the clone switches them on.',
			fix: 'Nothing to do, if the access token may enable webhooks (database:write).',
		});
	}
	for (const hook of wanted) {
		if (hook.outward.length > 0) {
			warnings.push({
				level: activate ? 'warning' : 'note',
				object: hook.object,
				message: `It calls ${hook.outward.join(', ')}, which is not the target.`,
				fix: 'It arrives disabled unless "activate" is on. Check the address before you arm it.',
			});
		}
		if (isOnManagedTable(hook) && !(activate && hook.state !== 'D')) {
			warnings.push({
				level: 'warning',
				object: hook.object,
				message: `It is not made where the target has none: ${CANNOT_REST}.`,
				fix: howToMake(hook),
			});
		}
		if (hook.rewritten.missing.length > 0) {
			warnings.push({
				level: 'warning',
				object: hook.object,
				message: `It carries ${hook.rewritten.missing.join(', ')} of the source, or what may be the source's, with no counterpart on the target.`,
				fix: 'A placeholder takes its place; put a key of the target there before you arm it.',
			});
		}
	}
	return makePreview({
		counts: [{ unit: 'webhook', source: wanted.length, target: target.hooks.length }],
		objects: actions.map(({ how, hook }): PreviewObject => ({
			object: hook.object,
			kind: 'webhook',
			action: how === 'arm' ? 'change' : how,
			detail: describe(hook),
		})),
		warnings,
	});
}

/** `POST to example.com with the headers Content-Type`: never their values. */
function describe(hook: Webhook): string {
	const headers = headerNames(hook);
	return [
		`${hook.args[1] ?? 'call'} to ${hostsIn(hook.args[0] ?? '').join(', ')}`,
		...(headers.length > 0 ? [`headers ${headers.join(', ')}`] : []),
		...(hook.state === 'D' ? ['disabled'] : []),
	].join(', ');
}
