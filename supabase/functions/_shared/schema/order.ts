// Puts things that need each other in an order in which they can be made.

/**
 * The ids such that each comes after those of its needs that are among them; where nothing decides, the
 * given order stays. In a cycle the need found last is ignored: retry rounds deal with the rest.
 */
export function sortByNeeds(
	ids: Iterable<string>,
	needsOf: (id: string) => Iterable<string>,
): string[] {
	const wanted = new Set(ids);
	const seen = new Set<string>();
	const sorted: string[] = [];
	const visit = (id: string): void => {
		if (!wanted.has(id) || seen.has(id)) return;
		seen.add(id);
		for (const need of needsOf(id)) visit(need);
		sorted.push(id);
	};
	for (const id of wanted) visit(id);
	return sorted;
}

/** The given ids and all that rest on them, directly or through others. */
export function closure(
	seeds: Iterable<string>,
	dependents: ReadonlyMap<string, readonly string[]>,
): Set<string> {
	const found = new Set<string>();
	const open = [...seeds];
	for (let id = open.pop(); id !== undefined; id = open.pop()) {
		if (found.has(id)) continue;
		found.add(id);
		open.push(...(dependents.get(id) ?? []));
	}
	return found;
}
