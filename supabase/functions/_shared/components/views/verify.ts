// Verification of views: definitions by the schema engine, contents of materialized views by checksum.
import type { Finding } from '../../contract/report.ts';
import type { ReadContext, SlicedContext } from '../../contract/context.ts';
import type { VerificationMode } from '../../domain/status.ts';
import { schemaVerify } from '../../schema-stages/verify.ts';
import { checksumOf, readMaterializedViews } from './refresh.ts';

/** Compares both endpoints. Contents only in mode `checksums`, and as a warning: the source's may be out of date. */
export const verifyViews = (
	context: SlicedContext,
	mode: VerificationMode,
): Promise<readonly Finding[]> =>
	schemaVerify(context, ['views'], () => compareContents(context, mode));

async function compareContents(
	context: ReadContext,
	mode: VerificationMode,
): Promise<readonly Finding[]> {
	const findings: Finding[] = [];
	const source = await context.source.database();
	const target = await context.target.database();
	const present = new Map((await readMaterializedViews(target)).map((view) => [view.name, view]));
	for (const view of await readMaterializedViews(source)) {
		const found = present.get(view.name);
		if (!found) continue;
		const fix = `Run on the target: refresh materialized view ${view.name}${view.populated ? '' : ' with no data'}`;
		const shown = (populated: boolean): string => (populated ? 'with data' : 'with no data');
		if (view.populated !== found.populated) {
			findings.push({
				severity: 'failed',
				object: view.name,
				expected: shown(view.populated),
				found: shown(found.populated),
				fix,
			});
		} else if (mode === 'checksums' && view.populated) {
			const expected = await checksumOf(source, view);
			const here = await checksumOf(target, view);
			if (expected !== here) {
				findings.push({
					severity: 'warning',
					object: view.name,
					expected: `contents with checksum ${expected ?? 'unknown'}`,
					found: `contents with checksum ${here ?? 'unknown'}`,
					fix: `The source may be out of date, or the query gives other rows each time. ${fix}`,
				});
			}
		}
	}
	return findings;
}
