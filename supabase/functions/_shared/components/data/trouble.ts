// Trouble with one table among many: what it is, and how the others are found that have none.
import { isPassing, sqlstateOf, TwinsError } from '../../domain/errors.ts';
import { isLocked } from '../../platform/locks.ts';
import { hasRaced } from '../../platform/schema-changes.ts';

/** A table or something of it was changed or dropped since the plan was made: the next slice makes another. */
export function isOutdated(error: unknown): boolean {
	return hasRaced(error) || ['42P01', '42703', '42704', '3F000'].includes(sqlstateOf(error) ?? '');
}

/** The statement was cancelled because it took too long. */
export const isTooSlow = (error: unknown): boolean => sqlstateOf(error) === '57014';

/** True for trouble with one table: others can still be copied. */
export function isOfOneTable(error: unknown): error is TwinsError {
	if (!(error instanceof TwinsError)) return false;
	return isLocked(error) || !isPassing(error);
}

/**
 * Asks about all of them at once; where that fails about each half, down to single ones: `refuse` is called with
 * those that fail alone. Throws what concerns more than one (a lost connection).
 */
export async function byHalves<T>(
	all: readonly T[],
	ask: (some: readonly T[]) => Promise<void>,
	refuse: (one: T, error: TwinsError) => void,
): Promise<void> {
	if (all.length === 0) return;
	try {
		await ask(all);
	} catch (error) {
		if (!isOfOneTable(error)) throw error;
		const [only] = all;
		if (all.length === 1 && only !== undefined) return refuse(only, error);
		for (const half of inPieces(all, all.length / 2 + 0.5)) await byHalves(half, ask, refuse);
	}
}

/** Consecutive pieces of at most `size` entries, at least one each. */
export function inPieces<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
	// Sizes follow from estimates: one of 0 bytes must not make pieces without end.
	const length = Math.min(Math.max(1, Math.floor(size)), Math.max(1, all.length));
	return Array.from({ length: Math.ceil(all.length / length) }, (_, index) =>
		all.slice(index * length, (index + 1) * length),
	);
}
