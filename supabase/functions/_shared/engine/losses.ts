// The limit of a run without anyone there: how much of a table it may remove or overwrite. What one run was allowed to take, by
// its limit or by somebody who said so, the next one may take as well: a table that changes as a whole each time asks once.
import { formatQuantity } from '../domain/amount.ts';
import { TwinsError } from '../domain/errors.ts';
import type { Loss } from '../contract/report.ts';

/** Shares are measured by samples: so much more than last time is not more. */
const TOLERANCE = 0.1;

const keyOf = (object: string): string => `loss of ${object}`;

/**
 * What to remember of losses that are within the limit (percent), or about as large as last time. Throws
 * `limit_exceeded`, with the largest, when one is neither.
 */
export function acceptedLosses(
	losses: readonly Loss[],
	limit: number,
	memory: Readonly<Record<string, unknown>>,
): Readonly<Record<string, number | null>> {
	const lastShare = (object: string): number => {
		const last = memory[keyOf(object)];
		return typeof last === 'number' ? last + TOLERANCE : 0;
	};
	const beyond = losses
		.filter(({ object, share }) => share > limit / 100 && share > lastShare(object))
		.toSorted((one, other) => other.share - one.share);
	const [worst] = beyond;
	if (worst) {
		const others = beyond.length - 1;
		throw new TwinsError(
			'limit_exceeded',
			`About ${Math.round(100 * worst.share)} % of the rows of ${worst.object} would be removed or overwritten` +
				`${others === 0 ? '' : `, and too much of ${formatQuantity(others, 'table')} more`}` +
				`; this schedule allows ${limit} %. Nothing was written`,
			'See whether the source is as it should be. If so, run the schedule anyway: it then goes on by itself.',
		);
	}
	return Object.fromEntries(
		losses
			.filter(({ object, share }) => share > TOLERANCE || keyOf(object) in memory)
			.map(({ object, share }) => [keyOf(object), share > TOLERANCE ? share : null]),
	);
}
