// Verification of publications: options, members, column lists, row filters.
import type { Finding } from '../../contract/report.ts';
import type { ReadContext } from '../../contract/context.ts';
import { readPublications } from './inspect.ts';
import { planPublications } from './plan.ts';
import { readWanted } from './wanted.ts';

const FIX = 'Clone realtime again. If it stays, the report of that run says why.';

/** Compares both endpoints; an empty list means equal. */
export async function verifyRealtime(context: ReadContext): Promise<readonly Finding[]> {
	const wanted = await readWanted(context.source);
	const target = await readPublications(await context.target.database());
	return planPublications(wanted, target, { removeExtra: false }).flatMap(
		({ object, kind, how, fix }): Finding[] => {
			if (how === 'create') {
				return [
					{
						severity: 'failed',
						object,
						expected: 'published',
						found: 'not published',
						fix: FIX,
						...(kind === 'table' ? { of: object } : {}),
					},
				];
			}
			if (how === 'change') {
				return [
					{
						severity: 'failed',
						object,
						expected: "the source's columns, filter and options",
						found: 'others',
						fix: FIX,
					},
				];
			}
			return how === 'leave'
				? [
						{
							severity: 'warning',
							object,
							expected: 'a list of tables',
							found: 'all tables',
							fix: fix ?? FIX,
						},
					]
				: [];
		},
	);
}
