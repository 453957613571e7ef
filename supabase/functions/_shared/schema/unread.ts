// Facts that could not be read because somebody locks what they are printed from: only their names are known. They take
// no part in comparing and planning, and are reported with who holds the lock.
import { TwinsError } from '../domain/errors.ts';
import { LOCK_FIX } from '../platform/locks.ts';
import type { Fact } from './fact.ts';
import { inScope, type FactPair, type LeftFact, type Scope, type UnreadFact } from './planning.ts';

const lockOf = ({ definition }: Fact): string | undefined => {
	const { locked } = definition;
	// Definitions of kinds have no such part.
	return typeof locked === 'string' && 'lasting' in definition ? locked : undefined;
};

const onlyOnce = (texts: readonly string[]): string => [...new Set(texts)].join('; ');

/** The facts of `source` and `target` that one of them could not read, by id. */
export function unreadFacts(
	source: readonly Fact[],
	target: readonly Fact[],
): ReadonlyMap<string, UnreadFact> {
	const found = new Map<string, UnreadFact>();
	const existing = new Set(target.map(({ id }) => id));
	const wanted = new Set(source.map(({ id }) => id));
	for (const [facts, role] of [
		[source, 'source'],
		[target, 'target'],
	] as const) {
		for (const fact of facts) {
			const lock = lockOf(fact);
			if (lock === undefined) continue;
			const known = found.get(fact.id);
			const why = `it could not be read on the ${role}: ${lock}`;
			found.set(fact.id, {
				fact: known?.fact ?? fact,
				why: onlyOnce(known ? [known.why, why] : [why]),
				onSource: wanted.has(fact.id),
				onTarget: existing.has(fact.id),
				lasting: (known?.lasting ?? false) || fact.definition['lasting'] !== false,
			});
		}
	}
	return found;
}

/** The same facts, for readers that need all of them. Throws where one could not be read. */
export function allRead(facts: readonly Fact[]): readonly Fact[] {
	const unread = facts.find((fact) => lockOf(fact) !== undefined);
	if (unread === undefined) return facts;
	throw new TwinsError(
		'database_refused',
		`${unread.object} could not be read: ${lockOf(unread) ?? ''}`,
		LOCK_FIX,
		{ sqlstate: '55P03', passing: true },
	);
}

/** Without those that could not be read. */
export const readable = (facts: readonly Fact[]): Fact[] =>
	facts.filter((fact) => lockOf(fact) === undefined);

/** What of a stage is left undone for that: what the source has, and what would be removed. */
export const leftUnread = (
	{ unread }: Pick<FactPair, 'unread'>,
	scope: Pick<Scope, 'stage' | 'components' | 'removes'>,
): UnreadFact[] =>
	[...(unread?.values() ?? [])].filter(
		({ fact, onSource }) =>
			inScope(fact, scope) && (onSource || scope.removes.includes(fact.component)),
	);

export const asLeft = ({ fact, why }: UnreadFact): LeftFact => ({ fact, why, fix: LOCK_FIX });

/** Whether something of the stage may be readable in a moment. */
export const readsSoon = (
	pair: Pick<FactPair, 'unread'>,
	stage: Pick<Scope, 'stage' | 'components'>,
): boolean => leftUnread(pair, { ...stage, removes: [] }).some(({ lasting }) => !lasting);
