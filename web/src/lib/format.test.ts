import { describe, expect, it } from 'vitest';
import { formatAge, formatDay, formatDuration, formatElapsed, spanBetween } from './format.ts';

describe('formatting', () => {
	it('keeps two digits in the second part of a duration', () => {
		expect(formatDuration(400)).toBe('0.4 s');
		expect(formatDuration(42_900)).toBe('42 s');
		expect(formatDuration(185_000)).toBe('3 min 05 s');
		expect(formatDuration(7_440_000)).toBe('2 h 04 min');
		expect(formatDuration(266_400_000)).toBe('3 d 2 h');
	});

	it('never says sixty seconds', () => {
		expect(formatDuration(59_999)).toBe('59 s');
		expect(formatDuration(119_999)).toBe('1 min 59 s');
	});

	it('counts a running timer in whole seconds', () => {
		expect(formatElapsed(3_900)).toBe('3 s');
		expect(formatElapsed(-50)).toBe('0 s');
		expect(formatElapsed(65_400)).toBe('1 min 05 s');
	});

	it('tells an age from seconds to months', () => {
		const now = Date.parse('2026-11-21T12:00:00Z');
		expect(formatAge('2026-11-21T11:59:50Z', now)).toBe('just now');
		expect(formatAge('2026-11-21T11:55:00Z', now)).toBe('5 minutes ago');
		expect(formatAge('2026-11-20T12:00:00Z', now)).toBe('1 day ago');
		expect(formatAge('2026-05-21T12:00:00Z', now)).toBe('6 months ago');
		expect(formatAge('nonsense', now)).toBe('unknown');
	});

	it('says a day as it was given', () => {
		expect(formatDay('2026-12-03')).toBe('3 Dec 2026');
		expect(formatDay('')).toBe('unknown');
	});

	it('measures to now while the end is missing, and nothing before the start', () => {
		const now = Date.parse('2026-11-21T12:00:10Z');
		expect(spanBetween('2026-11-21T12:00:00Z', null, now)).toBe(10_000);
		expect(spanBetween('2026-11-21T12:00:00Z', '2026-11-21T12:00:04Z', now)).toBe(4_000);
		expect(spanBetween(null, null, now)).toBeNull();
	});
});
