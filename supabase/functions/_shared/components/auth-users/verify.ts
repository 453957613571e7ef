// Compares users, identities and (where they are copied) factors. `structure` has nothing to compare: the
// tables are the platform's. Findings name ids, never addresses.
import type { Finding, ReadContext } from '../component.ts';
import type { VerificationMode } from '../../domain/status.ts';
import type { Session } from '../../platform/session.ts';
import { AUTH_TABLES, readLayout, type TableLayout } from './columns.ts';
import { reasonsLeftOut } from './left-out.ts';
import { countRows, type KeyRange, print, rangeEnd, rowPrints } from './statements.ts';

const RANGE_ROWS = 5000;
/** Findings of each severity per table; a table that is wholly wrong needs no thousand lines. */
const LISTED = 50;
const FIX = 'Clone the component Auth users again.';
const CLASH_FIX = 'Remove the other row from the target or change its value, then clone again.';

type RowFinding = Finding & { readonly isMissing: boolean };

export async function verify(
	context: ReadContext,
	mode: VerificationMode,
): Promise<readonly Finding[]> {
	if (mode === 'structure') return [];
	const source = await context.source.database();
	const target = await context.target.database();
	const findings: Finding[] = [];
	for (const table of AUTH_TABLES) {
		if (table === 'mfa_factors' && !context.options.copy_mfa) continue;
		const layout = await readLayout(source, target, table);
		const [expected, found] = [await count(source, layout), await count(target, layout)];
		const rows =
			mode === 'checksums' || found < expected
				? await rowFindings(source, target, layout, context.signal)
				: [];
		if (expected !== found) findings.push(countFinding(layout, expected, found, rows));
		if (mode === 'checksums') findings.push(...rows.map(({ isMissing: _, ...finding }) => finding));
	}
	return findings;
}

async function count(session: Session, layout: TableLayout): Promise<number> {
	return Number((await session.query(countRows(layout)))[0]?.['rows'] ?? 0);
}

function countFinding(
	{ table }: TableLayout,
	expected: number,
	found: number,
	rows: readonly RowFinding[],
): Finding {
	const hasMore = found > expected;
	const missing = rows.filter(({ isMissing }) => isMissing);
	const isExplained = missing.every(({ severity }) => severity === 'warning');
	const fix = hasMore
		? 'Nothing to do where the target has users of its own.'
		: isExplained
			? 'The report of the clone names the rows that were left out, and why.'
			: FIX;
	return {
		severity: hasMore || isExplained ? 'warning' : 'failed',
		object: `auth.${table}`,
		expected: `${expected} rows`,
		found: `${found} rows`,
		fix,
	};
}

async function rowFindings(
	source: Session,
	target: Session,
	layout: TableLayout,
	signal: AbortSignal,
): Promise<RowFinding[]> {
	const failed: RowFinding[] = [];
	const warnings: RowFinding[] = [];
	let after: string | null = null;
	while (failed.length < LISTED) {
		signal.throwIfAborted();
		const [end]: Record<string, unknown>[] = await source.query(
			rangeEnd(layout, after, RANGE_ROWS),
		);
		if (end === undefined) break;
		const range: KeyRange = { after, upTo: String(end['id']) };
		const [theirs] = await source.query(print(layout, 'source', range));
		const [ours] = await target.query(print(layout, 'target', range));
		if (theirs?.['print'] !== ours?.['print']) {
			for (const finding of await differing(source, target, layout, range)) {
				(finding.severity === 'failed' ? failed : warnings).push(finding);
			}
		}
		after = range.upTo;
	}
	return [...failed.slice(0, LISTED), ...warnings.slice(0, LISTED)];
}

async function differing(
	source: Session,
	target: Session,
	layout: TableLayout,
	range: KeyRange,
): Promise<RowFinding[]> {
	const ours = new Map(
		(await target.query(rowPrints(layout, 'target', range))).map(({ id, print: p }) => [id, p]),
	);
	const rows = (await source.query(rowPrints(layout, 'source', range))).filter(
		(row) => ours.get(row['id']) !== row['print'],
	);
	const ids = rows.map(({ id }) => String(id));
	const reasons = await reasonsLeftOut(source, target, layout, ids);
	return ids.map((id): RowFinding => {
		const isMissing = !ours.has(id);
		const reason = reasons.get(id);
		return {
			severity: reason === undefined ? 'failed' : 'warning',
			object: `auth.${layout.table} ${id}`,
			expected: 'the row of the source',
			found: reason ?? (isMissing ? 'no such row' : 'another content'),
			fix: reason === undefined ? FIX : CLASH_FIX,
			isMissing,
		};
	});
}
