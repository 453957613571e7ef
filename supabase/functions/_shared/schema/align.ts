// Two versions of an ordered list of names, aligned: what stands between two names that both have.

export interface Stretch {
	readonly wanted: readonly string[];
	readonly existing: readonly string[];
	/** The name of both that follows; none at the end. */
	readonly next: string | undefined;
}

/** The stretches in order, or null when names of both changed places. */
export function align(
	wanted: readonly string[],
	existing: readonly string[],
): readonly Stretch[] | null {
	const ofExisting = new Set(existing);
	const stretches: Stretch[] = [];
	let to = 0;
	let from = 0;
	for (const next of [...wanted.filter((name) => ofExisting.has(name)), undefined]) {
		const end = next === undefined ? existing.length : existing.indexOf(next);
		if (end < from) return null;
		const stop = next === undefined ? wanted.length : wanted.indexOf(next);
		stretches.push({ wanted: wanted.slice(to, stop), existing: existing.slice(from, end), next });
		to = stop + 1;
		from = end + 1;
	}
	return stretches;
}
