// The dice of a random walk: the same seed gives the same walk.
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export interface Random {
	/** A whole number from 0 to `below` - 1. */
	int(below: number): number;
	/** True in `percent` of all cases. */
	chance(percent: number): boolean;
	pick<T>(list: readonly [T, ...T[]]): T;
	/** Undefined where the list is empty. */
	pickAny<T>(list: readonly T[]): T | undefined;
}

export function seededRandom(seed: number): Random {
	const generator = xoroshiro128plus(seed);
	const int = (below: number): number => uniformInt(generator, 0, below - 1);
	return {
		int,
		chance: (percent) => int(100) < percent,
		pick: (list) => list[int(list.length)] ?? list[0],
		pickAny: (list) => (list.length === 0 ? undefined : list[int(list.length)]),
	};
}
