// Verifies rows, then the foreign keys that a clone cannot vouch for: those into schemas of the platform, and those
// between tables that were not both copied in full. Postgres calls them valid whatever the rows are.
import * as z from 'zod/mini';
import type { VerificationMode } from '../../domain/status.ts';
import type { Finding } from '../../contract/report.ts';
import type { VerifyContext } from '../../contract/context.ts';
import { completeness } from './dangling.ts';
import { openSessions, readPlan } from './sessions.ts';
import { danglingDetail, danglingKeys, fixForDangling } from './foreign-keys.ts';
import type { Sizes } from './sizes.ts';
import { readGenerated, STALE_FIX, staleIn } from './generated.ts';
import { verify } from './verify.ts';

/** Keys, and tables with generated columns, that were looked at; with this cursor the rows are through. */
const cursorSchema = z.object({ keys: z.array(z.string()), generated: z.array(z.string()) });

export async function verifyWithKeys(
	context: VerifyContext,
	mode: VerificationMode,
	sizes: Sizes,
): Promise<readonly Finding[]> {
	const left = z.safeParse(cursorSchema, context.cursor);
	const findings: Finding[] = [];
	if (!left.success) {
		let isOver = true;
		const continueFrom = (cursor: unknown): void => {
			isOver = false;
			context.continueFrom(cursor);
		};
		findings.push(...(await verify({ ...context, continueFrom }, mode, sizes)));
		if (!isOver) return findings;
	}
	const seen = left.success ? left.data.keys : [];
	let looks = 0;
	const isEnough = (): boolean => {
		looks += 1;
		return context.signal.aborted || (looks > 1 && context.spent());
	};
	const sessions = await openSessions(context, sizes);
	const plan = await readPlan(context, sessions);
	const isComplete = completeness(context, plan, []);
	const keys = await danglingKeys(
		sessions,
		({ isManaged, tables }) => isManaged || !tables.every(isComplete),
		seen,
		isEnough,
	);
	for (const dangling of keys.found) {
		const { object, trouble } = dangling;
		if (trouble) {
			const { message: found, fix } = trouble;
			findings.push({ severity: 'failed', object, expected: 'rows that can be read', found, fix });
			continue;
		}
		findings.push({
			severity: dangling.isAsOnSource ? 'warning' : 'failed',
			object: dangling.object,
			expected: 'foreign key that all rows keep',
			found: `${danglingDetail(dangling)}${dangling.isAsOnSource ? ', as on the source' : ''}`,
			fix: dangling.isAsOnSource
				? 'Correct those rows on the source, then clone again.'
				: fixForDangling(dangling.references),
		});
	}
	const generated = new Set(left.success ? left.data.generated : []);
	const open = mode === 'checksums' && keys.all ? await readGenerated(sessions, plan) : [];
	let all = keys.all;
	for (const computed of open.filter(({ tableJob }) => !generated.has(tableJob.key))) {
		if (isEnough()) {
			all = false;
			break;
		}
		for (const { object, detail: found } of await staleIn(sessions, computed, false)) {
			const expected = 'generated values that source and target have';
			findings.push({ severity: 'warning', object, expected, found, fix: STALE_FIX });
		}
		generated.add(computed.tableJob.key);
	}
	if (!all) context.continueFrom({ keys: [...keys.seen], generated: [...generated] });
	return findings;
}
