// What to do so that the target has the source's webhooks. Pure: both endpoints in, actions out.
import { arms, type Arming } from '../../domain/arming.ts';
import { isFilledIn } from '../../platform/supabase/key-like.ts';
import {
	hostsIn,
	rewriteReferences,
	type ProjectReferences,
	type Rewritten,
} from '../../platform/supabase/references.ts';
import type { Webhook } from './inspect.ts';
import { createWebhook, dropWebhook, setState, type FiringState } from './queries.ts';

export interface WantedWebhook extends Webhook {
	/** Whether arguments are the wanted ones, perhaps with values in place of placeholders. */
	readonly isMetBy: (args: readonly string[]) => boolean;
	readonly rewritten: Pick<Rewritten, 'changes' | 'missing'>;
	/** Hosts it calls that are not the target project. */
	readonly outward: readonly string[];
}

export type WebhookAction =
	| {
			readonly how: 'create' | 'change' | 'arm';
			readonly hook: WantedWebhook;
			/** Firing state it has afterwards. */
			readonly state: FiringState;
			readonly statements: readonly string[];
	  }
	| { readonly how: 'keep'; readonly hook: WantedWebhook; readonly state: FiringState }
	| { readonly how: 'remove'; readonly hook: Webhook; readonly statements: readonly string[] };

/** The source's webhooks as the target should have them. */
export function wantedWebhooks(
	source: readonly Webhook[],
	from: ProjectReferences,
	to: ProjectReferences,
): WantedWebhook[] {
	const [ownHost] = hostsIn(to.url);
	return source.map((hook) => {
		const parts = hook.args.map((arg) => rewriteReferences(arg, from, to));
		const args = parts.map(({ text }) => text);
		return {
			...hook,
			args,
			isMetBy: (found) =>
				found.length === args.length &&
				args.every((arg, at) => isFilledIn(arg, found[at] ?? '', hook.args[at] ?? '')),
			rewritten: {
				changes: [...new Set(parts.flatMap(({ changes }) => changes))],
				missing: [...new Set(parts.flatMap(({ missing }) => missing))],
			},
			outward: hostsIn(args[0] ?? '').filter(
				(host) => host !== ownHost && !host.startsWith(`${to.ref}.`),
			),
		};
	});
}

const isSame = (wanted: WantedWebhook, found: Webhook): boolean =>
	wanted.head === found.head && wanted.isMetBy(found.args);

/** Nothing is missing any more where somebody has put values in place of the placeholders. */
const asFound = (hook: WantedWebhook, found: Webhook): WantedWebhook =>
	hook.args.every((arg, at) => arg === found.args[at])
		? hook
		: { ...hook, rewritten: { ...hook.rewritten, missing: [] } };

/** Without `only` the state reaches a partitioned table's clones. A new trigger fires, so that needs no words. */
const make = (hook: WantedWebhook, state: FiringState): string[] => [
	createWebhook(hook.head, hook.args),
	...(state === 'O' ? [] : [setState(hook, state)]),
];

/**
 * New webhooks arrive disabled and existing ones keep their state, unless they are armed: then both get the
 * source's. With `removeExtra` webhooks that only the target has go.
 */
export function planWebhooks(
	wanted: readonly WantedWebhook[],
	target: readonly Webhook[],
	options: Arming & { readonly removeExtra: boolean },
): WebhookAction[] {
	const present = new Map(target.map((hook) => [hook.object, hook]));
	const actions = wanted.map((hook): WebhookAction => {
		const found = present.get(hook.object);
		present.delete(hook.object);
		const state = arms(options, hook.object) ? hook.state : (found?.state ?? 'D');
		if (!found) return { how: 'create', hook, state, statements: make(hook, state) };
		if (!isSame(hook, found)) {
			return { how: 'change', hook, state, statements: [dropWebhook(hook), ...make(hook, state)] };
		}
		const kept = asFound(hook, found);
		return found.state === state
			? { how: 'keep', hook: kept, state }
			: { how: 'arm', hook: kept, state, statements: [setState(hook, state)] };
	});
	if (!options.removeExtra) return actions;
	const extra = [...present.values()].map((hook): WebhookAction => ({
		how: 'remove',
		hook,
		statements: [dropWebhook(hook)],
	}));
	return [...actions, ...extra];
}
