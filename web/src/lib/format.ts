// The only place that turns numbers and times into words. English, the reader's own time zone.

const COUNT = new Intl.NumberFormat('en');
const ESTIMATE = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const DATE_TIME = new Intl.DateTimeFormat('en-GB', {
	day: 'numeric',
	month: 'short',
	year: 'numeric',
	hour: '2-digit',
	minute: '2-digit',
	second: '2-digit',
});
const CLOCK = new Intl.DateTimeFormat('en-GB', {
	hour: '2-digit',
	minute: '2-digit',
	second: '2-digit',
});
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'long' });

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `1234567` → `1,234,567`. */
export function formatCount(count: number): string {
	return COUNT.format(count);
}

/** Counts that are estimates: three digits say all they know. `about 3,010,000` */
export function formatEstimate(count: number): string {
	return `about ${ESTIMATE.format(count)}`;
}

/** `1 table`, `2 tables`; `plural` is given because the catalogue counts in plurals. */
export function formatQuantity(count: number, plural: string): string {
	return `${formatCount(count)} ${count === 1 ? singular(plural) : plural}`;
}

/** The singular of the few plurals this product counts in. */
export function singular(plural: string): string {
	if (plural.endsWith('ies')) return `${plural.slice(0, -3)}y`;
	if (plural.endsWith('xes')) return plural.slice(0, -2);
	return plural.endsWith('s') ? plural.slice(0, -1) : plural;
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
	return `${value.toFixed(digits)} ${units[unit] ?? ''}`;
}

/** Milliseconds as `0.4 s`, `42 s`, `3 min 05 s`, `2 h 04 min`, `3 d 2 h`. */
export function formatDuration(milliseconds: number): string {
	const span = Math.max(0, milliseconds);
	if (span < 9.95 * SECOND) return `${(span / SECOND).toFixed(1)} s`;
	if (span < MINUTE) return `${Math.floor(span / SECOND)} s`;
	if (span < HOUR) return `${Math.floor(span / MINUTE)} min ${padded((span % MINUTE) / SECOND)} s`;
	if (span < DAY) return `${Math.floor(span / HOUR)} h ${padded((span % HOUR) / MINUTE)} min`;
	return `${Math.floor(span / DAY)} d ${Math.floor((span % DAY) / HOUR)} h`;
}

/** A running timer: whole seconds, so that it does not flicker. `0 s`, `42 s`, `3 min 05 s`. */
export function formatElapsed(milliseconds: number): string {
	const whole = Math.floor(Math.max(0, milliseconds) / SECOND) * SECOND;
	return whole < 10 * SECOND ? `${whole / SECOND} s` : formatDuration(whole);
}

/** How long ago, seen from `now` (epoch milliseconds): `just now`, `5 minutes ago`, `3 days ago`. */
export function formatAge(isoTime: string, now: number): string {
	const span = now - Date.parse(isoTime);
	if (Number.isNaN(span)) return 'unknown';
	const distance = Math.abs(span);
	const sign = span >= 0 ? -1 : 1;
	if (distance < 45 * SECOND) return 'just now';
	if (distance < HOUR)
		return RELATIVE.format(sign * Math.max(1, Math.round(distance / MINUTE)), 'minute');
	if (distance < DAY) return RELATIVE.format(sign * Math.round(distance / HOUR), 'hour');
	if (distance < 45 * DAY) return RELATIVE.format(sign * Math.round(distance / DAY), 'day');
	return RELATIVE.format(sign * Math.round(distance / (30.4 * DAY)), 'month');
}

/** `21 Nov 2026, 14:02:10` */
export function formatDateTime(isoTime: string): string {
	const time = Date.parse(isoTime);
	return Number.isNaN(time) ? 'unknown' : DATE_TIME.format(time);
}

/** `14:02:10` */
export function formatClock(epochMilliseconds: number): string {
	return CLOCK.format(epochMilliseconds);
}

/** Milliseconds between two times; the second may be missing (still going on): then `now` counts. */
export function spanBetween(start: string | null, end: string | null, now: number): number | null {
	if (start === null) return null;
	return Math.max(0, (end === null ? now : Date.parse(end)) - Date.parse(start));
}

function padded(value: number): string {
	return String(Math.floor(value)).padStart(2, '0');
}

/** A remark of the engine (`the target lacks this secret`) as a sentence; names at its start stay as they are. */
export function asSentence(remark: string): string {
	return remark.replace(
		/^[a-z]+(?=[ ,:]|$)/,
		(word) => word.charAt(0).toUpperCase() + word.slice(1),
	);
}
