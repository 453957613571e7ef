// What roles that only the target has were granted on what both have. It is no difference and stays: it is read as if
// the source had it, too, so that it is also given again where something is made anew.
import type { Fact, Facts } from './fact.ts';
import { grantsOf } from './kinds/grants.ts';
import { builtIn } from './kinds/privileges.ts';
import { indexFacts } from './read.ts';

const KINDS = ['privileges', 'column_privileges', 'default_privileges'];

/** A role's name as catalogs have it. */
const plainName = (identity: string): string =>
	identity.startsWith('"') ? identity.slice(1, -1).replaceAll('""', '"') : identity;

/** The source's facts with such grants. */
export function withKeptGrants(
	source: Facts,
	target: Facts,
	isOnSource: (id: string) => boolean,
): Facts {
	const own = [...target.byId.values()].filter(
		({ id, kind }) => kind === 'role' && !isOnSource(id),
	);
	if (own.length === 0) return source;
	const names = new Set(own.map(({ identity }) => plainName(identity)));
	const merged = new Map<string, Fact>();
	for (const fact of target.byId.values()) {
		if (!KINDS.includes(fact.kind)) continue;
		const there = source.byId.get(fact.id);
		const all = grantsOf(fact.definition['grants']);
		const kept = Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)));
		const isOwn = names.has(String(fact.definition['role'] ?? ''));
		if (!isOwn && Object.keys(kept).length === 0) continue;
		if (!there && fact.parent !== null && !isOnSource(fact.parent)) continue;
		const base = there
			? grantsOf(there.definition['grants'])
			: fact.kind === 'default_privileges'
				? builtIn(fact)
				: {};
		const grants = isOwn ? all : { ...base, ...kept };
		const like = there ?? fact;
		merged.set(fact.id, { ...like, definition: { ...like.definition, grants } });
	}
	return merged.size === 0 ? source : indexFacts(new Map([...source.byId, ...merged]).values());
}
