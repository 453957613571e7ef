// Numbers in words, the same for the web app, the command line and what the engine writes. English.
import { nameOfMany, nameOfOne, type Thing } from './thing.ts';

const COUNT = new Intl.NumberFormat('en');
const ESTIMATE = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** A number, and how much it says. */
export interface Amount {
	/** Null where only counting would tell. */
	readonly count: number | null;
	readonly is_estimate?: boolean | undefined;
	/** There may be more. */
	readonly is_minimum?: boolean | undefined;
}

/** `1234567` → `1,234,567`. */
export const formatCount = (count: number): string => COUNT.format(count);

/** Counts that are estimates: three digits say all they know. `≈ 3,010,000` */
export const formatEstimate = (count: number): string => `≈ ${ESTIMATE.format(count)}`;

/** `1 table`, `2 tables`. */
export const formatQuantity = (count: number, thing: Thing): string =>
	`${formatCount(count)} ${count === 1 ? nameOfOne(thing) : nameOfMany(thing)}`;

/** `12 tables`, `≈ 3,010,000 rows`, `at least ≈ 20 rows`, `5.2 MB`; `an unknown number of rows`. */
export function formatAmount({ count, is_estimate, is_minimum }: Amount, thing: Thing): string {
	if (count === null) return `an unknown number of ${nameOfMany(thing)}`;
	const noun = count === 1 ? nameOfOne(thing) : nameOfMany(thing);
	const exact =
		thing === 'byte'
			? `${is_estimate === true ? '≈ ' : ''}${formatBytes(count)}`
			: `${is_estimate === true ? formatEstimate(count) : formatCount(count)} ${noun}`;
	return is_minimum === true ? `at least ${exact}` : exact;
}

/** Bytes in the units people know from file managers: `0 B`, `12.4 MB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
	const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
	let value = bytes;
	let unit = 0;
	while (value >= 999.5 && unit < units.length - 1) {
		value /= 1000;
		unit += 1;
	}
	const digits = unit === 0 || value >= 99.95 ? 0 : 1;
	return `${Number(value.toFixed(digits))} ${units[unit] ?? ''}`;
}
