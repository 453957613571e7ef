// The only place that turns times into words; numbers: domain/amount.ts. English, the reader's own time zone.

const DATE_TIME = new Intl.DateTimeFormat('en-GB', {
	day: 'numeric',
	month: 'short',
	year: 'numeric',
	hour: '2-digit',
	minute: '2-digit',
	second: '2-digit',
});
const DAY_OF_YEAR = new Intl.DateTimeFormat('en-GB', {
	day: 'numeric',
	month: 'short',
	year: 'numeric',
	timeZone: 'UTC',
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

/** `21 Nov 2026`, of a day: the same wherever the reader is. */
export function formatDay(isoDay: string): string {
	const time = Date.parse(isoDay);
	return Number.isNaN(time) ? 'unknown' : DAY_OF_YEAR.format(time);
}

/** A part of a whole: `12 %`, `0.4 %`, `< 0.1 %`. */
export function formatShare(share: number): string {
	const percent = share * 100;
	if (percent > 0 && percent < 0.1) return '< 0.1 %';
	return `${percent < 10 ? Number(percent.toFixed(1)) : Math.round(percent)} %`;
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
