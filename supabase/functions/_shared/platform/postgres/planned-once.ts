// Long statements that a session carries out again and again, planned at the first time only. Planning the reading of
// a catalog takes longer than the reading itself, as long as a schema is small.
import type { Session } from './session.ts';

/** Names of the statements that are prepared on a session, by their text. */
const preparedOn = new WeakMap<Session, Map<string, string>>();

export interface PlannedOnce {
	/** SQL for `script`, alone or among other statements. */
	readonly run: string;
	/** To be called when `run` has succeeded. */
	remember(): void;
}

/** Whether a session has planned the select `text` already. */
export const isPlanned = (session: Session, text: string): boolean =>
	preparedOn.get(session)?.has(text) === true;

/** SQL that carries out the select `text`. `lists` are its parameters $1, $2 …: constants of type text[]. */
export function plannedOnce(
	session: Session,
	text: string,
	lists: readonly string[] = [],
): PlannedOnce {
	const names = preparedOn.get(session) ?? new Map<string, string>();
	preparedOn.set(session, names);
	const execute = (name: string): string =>
		lists.length === 0 ? `execute ${name}` : `execute ${name}(${lists.join(', ')})`;
	const known = names.get(text);
	if (known !== undefined) return { run: execute(known), remember: () => undefined };
	// One that failed may exist or not, so its name is not used again.
	const name = `once_${crypto.randomUUID().replaceAll('-', '')}`;
	const types = lists.length === 0 ? '' : ` (${lists.map(() => 'text[]').join(', ')})`;
	return {
		run: `prepare ${name}${types} as ${text};\n${execute(name)}`,
		remember: () => names.set(text, name),
	};
}
