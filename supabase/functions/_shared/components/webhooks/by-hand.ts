// Webhooks that a clone leaves to a person: on tables of the platform no trigger can be disabled, and an armed one
// would tell the world about the copy. Pure: gives the SQL to run by hand or to read, without what may be a secret.
import { MANAGED_SCHEMAS } from '../../platform/supabase/managed-schemas.ts';
import type { Webhook } from './inspect.ts';
import type { WantedWebhook } from './plan.ts';
import { createWebhook, dropWebhook } from './queries.ts';

const MANAGED: ReadonlySet<string> = new Set(MANAGED_SCHEMAS);
const HIDDEN = '‹value›';
/** Headers whose values are no secrets. */
const PLAIN_HEADERS = /^(content-type|accept|accept-language|user-agent|prefer)$/i;
/** Words and versions; addresses of Slack and others carry their secret in the path. */
const PLAIN_PART = /^(?:[a-z]+(?:[-_][a-z]+)*|v\d+)?$/;

export const isOnManagedTable = ({ schema }: Pick<Webhook, 'schema'>): boolean =>
	MANAGED.has(schema);

export const CANNOT_REST =
	'the platform lets nobody disable a trigger on its table, and an armed webhook would call out for this copy';

/** How a person makes it, armed. */
export function howToMake(hook: WantedWebhook): string {
	const args = hook.args.map(shownArgument);
	const isHidden = args.some((arg) => arg.includes(HIDDEN));
	const fill = isHidden ? ` Put the source's values in place of ${HIDDEN}.` : '';
	return `To have it on the target, armed at once, run there: ${createWebhook(hook.head, args)}.${fill}`;
}

export const howToDrop = (hook: Webhook): string =>
	`To be rid of it, run on the target: ${dropWebhook(hook)}`;

/** A statement about a webhook, to be read: its address, headers and body may be secrets whatever they are called. */
export const shownStatement = (hook: Pick<Webhook, 'head' | 'args'>, statement: string): string =>
	statement === createWebhook(hook.head, hook.args)
		? createWebhook(hook.head, hook.args.map(shownArgument))
		: statement;

function shownArgument(arg: string, position: number): string {
	if (position === 0) return shownUrl(arg);
	if (position === 2) return shownObject(arg, (name) => PLAIN_HEADERS.test(name));
	return position === 3 ? shownObject(arg, () => false) : arg;
}

function shownUrl(text: string): string {
	const [, origin, path, query] = /^(https?:\/\/[\w.:-]+)([^?#]*)(.*)$/s.exec(text) ?? [];
	if (origin === undefined || path === undefined) return HIDDEN;
	const isPlain = path.split('/').every((part) => PLAIN_PART.test(part));
	return `${origin}${isPlain ? path : `/${HIDDEN}`}${query === '' ? '' : `?${HIDDEN}`}`;
}

function shownObject(text: string, isPlain: (name: string) => boolean): string {
	if (text === 'null') return text;
	try {
		const parsed: unknown = JSON.parse(text);
		if (typeof parsed !== 'object' || parsed === null) return HIDDEN;
		const shown = Object.entries(parsed).map(([name, value]) => {
			const known: unknown = isPlain(name) ? value : HIDDEN;
			return [name, known];
		});
		return JSON.stringify(Object.fromEntries(shown));
	} catch {
		return HIDDEN;
	}
}
