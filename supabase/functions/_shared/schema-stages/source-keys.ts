// Keys of the source in what is copied as text: bodies of functions, arguments of triggers, queries, defaults. None
// may travel: the target's takes its place, or a placeholder. Addresses are rewritten in arguments of triggers, which
// are webhooks of the user's own make; bodies keep theirs, and a preview warns of them.
import type { ReadContext } from '../contract/context.ts';
import { isFilledIn, mayHoldKeys } from '../platform/supabase/key-like.ts';
import {
	readReferences,
	rewriteReferences,
	type ProjectReferences,
	type Rewritten,
} from '../platform/supabase/references.ts';
import { type Fact, withParts } from '../schema/fact.ts';
import type { FactPair } from '../schema/planning.ts';

type Rewriting = Pick<Rewritten, 'changes' | 'missing'>;

/** What a trigger hands to its function: of its parts and of its definition. */
const ARGUMENTS = 'arguments';

const argumentsOf = ({ kind, parts }: Fact): string | undefined =>
	kind === 'trigger' ? (parts?.[ARGUMENTS] ?? undefined) : undefined;

const isConcerned = (fact: Fact, ref: string): boolean =>
	mayHoldKeys(fact.create.join('\n')) || argumentsOf(fact)?.includes(ref) === true;

/** The pair with the source's facts as the target is to have them. Asks for keys only where a text may hold one. */
export async function withoutSourceKeys(
	pair: FactPair,
	context: Pick<ReadContext, 'source' | 'target'>,
): Promise<FactPair> {
	const concerned = [...pair.source.byId.values()].filter((fact) =>
		isConcerned(fact, context.source.ref),
	);
	if (concerned.length === 0) return pair;
	const from = await readReferences(context.source);
	const to = await readReferences(context.target);
	const byId = new Map(pair.source.byId);
	const rewritten = new Map<string, Rewriting>();
	for (const fact of concerned) {
		const made = rewriteFact(fact, pair.target.byId.get(fact.id), from, to);
		if (!made) continue;
		byId.set(fact.id, made.fact);
		rewritten.set(fact.id, made.rewriting);
	}
	return { ...pair, source: { ...pair.source, byId }, rewritten };
}

/** The statement that makes a trigger, from its parts. */
const triggerOf = ({ parts }: Fact, change: (text: string, name: string) => string): string =>
	['head', ARGUMENTS].map((name) => change(parts?.[name] ?? '', name)).join('') + ')';

/** Undefined when the fact holds nothing of the source. */
function rewriteFact(
	fact: Fact,
	found: Fact | undefined,
	from: ProjectReferences,
	to: ProjectReferences,
): { readonly fact: Fact; readonly rewriting: Rewriting } | undefined {
	const changes = new Set<string>();
	const missing = new Set<string>();
	const args = argumentsOf(fact);
	const rewrite = (text: string, name?: string): string => {
		const options = { keysOnly: args === undefined || name !== ARGUMENTS };
		const result = rewriteReferences(text, from, to, options);
		for (const change of result.changes) changes.add(change);
		for (const name of result.missing) missing.add(name);
		return result.text;
	};
	const made = args === undefined ? undefined : triggerOf(fact, (text) => text);
	const create = fact.create.map((text) =>
		text === made ? triggerOf(fact, rewrite) : rewrite(text),
	);
	if (changes.size === 0) return undefined;
	let isFilled = true;
	const definition = Object.fromEntries(
		Object.entries(fact.definition).map(([key, value]) => {
			if (typeof value !== 'string') return [key, value];
			const wanted = rewrite(value, key);
			const present = found?.definition[key];
			if (typeof present === 'string' && isFilledIn(wanted, present, value)) {
				if (present === wanted && wanted !== value) isFilled = false;
				return [key, present];
			}
			if (wanted !== value) isFilled = false;
			return [key, wanted];
		}),
	);
	const rewriting = { changes: [...changes], missing: isFilled ? [] : [...missing] };
	return { fact: { ...fact, ...withParts(fact, rewrite), create, definition }, rewriting };
}

/** What to say of a rewritten fact. */
export const rewritingDetail = ({ changes }: Rewriting): string =>
	`rewritten for the target: ${changes.join(', ')}`;

export const rewritingFix = ({ missing }: Rewriting): string | undefined =>
	missing.length === 0
		? undefined
		: `Put the target's ${missing.join(', ')} in place of REPLACE_WITH_… on the target.`;
