// Why a row of the source may be missing on the target though nothing failed: the clone left it out and said
// so. Asked again when verifying, so that what is to be done by hand is no failure.
import type { Session } from '../../platform/postgres/index.ts';
import type { TableLayout } from './columns.ts';
import { clashHolders, orphans, recordsOf } from './statements.ts';

/** The reason for each of the missing rows that has one, by id. */
export async function reasonsLeftOut(
	source: Session,
	target: Session,
	layout: TableLayout,
	ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
	if (ids.length === 0) return new Map();
	const [found] = await source.query(recordsOf(layout), [JSON.stringify(ids)]);
	const records = JSON.stringify(found?.['records'] ?? []);
	const reasons = new Map<string, string>();
	for (const index of layout.uniqueIndexes) {
		for (const { id, holder } of await target.query(clashHolders(layout, index), [records])) {
			const value = index.columns.join(', ');
			reasons.set(String(id), `left out: ${String(holder)} of the target has the same ${value}`);
		}
	}
	if (layout.table === 'users') return reasons;
	for (const { id } of await target.query(orphans(layout), [records])) {
		reasons.set(String(id), 'left out: its user is not on the target');
	}
	return reasons;
}
