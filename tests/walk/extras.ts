// What only the target has, and whether a clone that removes nothing left it there. It is known by its oid: a clone renames
// what it finds under another name on the source, and with it the names in what rests on that.
import { INHERITED, type Described } from './describe.ts';

/** By address. */
export type Extras = ReadonlyMap<string, Described>;

type Description = ReadonlyMap<string, Described>;

const byAddress = (described: Description): Map<string, Described> =>
	new Map([...described.values()].map((line) => [line.address, line]));

/** What only the target has: of former rounds (`known`), or made there since `before`. */
export function extrasOf(
	{ before, now, source }: Readonly<Record<'before' | 'now' | 'source', Description>>,
	known: Extras,
): Extras {
	const old = byAddress(before);
	return new Map(
		[...byAddress(now)].filter(
			([address, { id, body }]) =>
				(known.has(address) || !old.has(address)) && !source.has(id) && body !== INHERITED,
		),
	);
}

export interface Followed {
	/** What is still there, as it is called now. */
	readonly kept: Extras;
	readonly lost: readonly { readonly extra: Described; readonly there: Described | undefined }[];
}

/** Where the extras are after a clone. `before` is the target right before it, `now` after it. */
export function followExtras(
	extras: Extras,
	{ before, now, source }: Readonly<Record<'before' | 'now' | 'source', Description>>,
): Followed {
	const [old, places] = [byAddress(before), byAddress(now)];
	const kind = ({ id }: Described): string => id.slice(0, id.indexOf(' '));
	const isSame = (extra: Described, other: Described | undefined): boolean =>
		other !== undefined &&
		kind(other) === kind(extra) &&
		(other.body === extra.body || (other.id === extra.id && other.definition === extra.definition));
	const made = [...now.values()].filter(({ id, address }) => !old.has(address) && !source.has(id));
	const kept = new Map<string, Described>();
	const lost: { extra: Described; there: Described | undefined }[] = [];
	for (const extra of extras.values()) {
		const there = places.get(extra.address) ?? now.get(extra.id);
		// Made anew it has another oid, and on something that was renamed perhaps another name.
		const found = isSame(extra, there)
			? there
			: made.find((line) => !kept.has(line.address) && isSame(extra, line));
		if (found) kept.set(found.address, found);
		else lost.push({ extra, there });
	}
	return { kept, lost };
}
