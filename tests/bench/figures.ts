// Ratios of medians, and how they are told.

export function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const middle = sorted.length / 2;
	const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
	return ((low ?? NaN) + (high ?? NaN)) / 2;
}

/** Smallest and largest in brackets: `0.81 (0.74–0.93)`. */
export const spread = (values: readonly number[]): string =>
	`${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)})`;

/** A line of a Markdown table. */
export const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
