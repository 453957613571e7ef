import { describe, expect, it } from 'vitest';
import { acceptedLosses } from './losses.ts';

const loss = (object: string, share: number) => ({ object, share });

describe('losses', () => {
	it('within the limit are accepted; of large ones the share is remembered', () => {
		expect(acceptedLosses([loss('public.a', 0.5), loss('public.b', 0.1)], 50, {})).toEqual({
			'loss of public.a': 0.5,
		});
	});

	it('beyond it are refused, with the largest by name', () => {
		expect(() =>
			acceptedLosses(
				[loss('public.a', 0.6), loss('public.b', 0.83), loss('public.c', 0.1)],
				50,
				{},
			),
		).toThrow(
			'About 83 % of the rows of public.b would be removed or overwritten, and too much of 1 table more; this schedule allows 50 %',
		);
	});

	it('that somebody accepted may come again, but not far larger ones', () => {
		const accepted = acceptedLosses([loss('public.a', 0.7)], 100, {});
		expect(acceptedLosses([loss('public.a', 0.75)], 50, accepted)).toEqual({
			'loss of public.a': 0.75,
		});
		expect(() => acceptedLosses([loss('public.a', 0.95)], 50, accepted)).toThrow('About 95 %');
	});

	it('are forgotten once a run takes little', () => {
		const accepted = acceptedLosses([loss('public.a', 0.9)], 100, {});
		expect(acceptedLosses([loss('public.a', 0)], 50, accepted)).toEqual({
			'loss of public.a': null,
		});
	});
});
