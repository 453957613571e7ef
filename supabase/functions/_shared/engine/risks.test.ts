import { describe, expect, it } from 'vitest';
import { errorBody } from '../domain/errors.ts';
import { openRisks, readGuardCursor, refuseOpenRisks } from './risks.ts';

const off = { risk: 'rls_off', object: 'public.a' } as const;
const removed = { risk: 'removed', object: 'public.b' } as const;
const work = [{ risks: [off] }, {}, { risks: [removed, off] }];

describe('risks of a run without anyone there', () => {
	it('are open until each was agreed to by name, or all of its kind', () => {
		expect(openRisks(work, [])).toEqual([off, removed]);
		expect(openRisks(work, ['rls_off public.a'])).toEqual([removed]);
		expect(openRisks(work, ['rls_off public.a', 'removed *'])).toEqual([]);
		expect(openRisks(work, ['rls_off public.ab', 'removed public'])).toEqual([off, removed]);
	});

	it('stop it with all of their names', () => {
		expect(() => refuseOpenRisks([])).not.toThrow();
		let thrown: unknown;
		try {
			refuseOpenRisks([off, removed]);
		} catch (error) {
			thrown = error;
		}
		expect(errorBody(thrown)).toMatchObject({
			code: 'limit_exceeded',
			message:
				'Nobody has agreed to this: Row level security is switched off or no longer forced: public.a and 1 more. Nothing was written',
			risks: ['rls_off public.a', 'removed public.b'],
		});
	});

	it('are kept from slice to slice', () => {
		expect(readGuardCursor(null)).toEqual({ planner: null, open: [] });
		const left: unknown = JSON.parse(JSON.stringify({ planner: { at: 3 }, open: [off] }));
		expect(readGuardCursor(left)).toEqual({ planner: { at: 3 }, open: [off] });
	});
});
