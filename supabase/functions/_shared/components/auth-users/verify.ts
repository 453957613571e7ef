// Compares users, identities and (where they are copied) factors. `structure` has nothing to compare: the
// tables are the platform's. Findings name ids, never addresses.
import type { Finding, ReadContext } from '../component.ts';
import type { VerificationMode } from '../../domain/status.ts';
import type { Session } from '../../platform/session.ts';
import { AUTH_TABLES, readLayout, type TableLayout } from './columns.ts';
import { countRows, type KeyRange, print, rangeEnd, rowPrints } from './statements.ts';

const RANGE_ROWS = 5000;
const LISTED = 50;
const FIX = 'Clone the component Auth users again.';

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
		findings.push(...(await countFinding(source, target, layout)));
		if (mode === 'checksums') {
			findings.push(...(await rowFindings(source, target, layout, context.signal)));
		}
	}
	return findings;
}

async function countFinding(
	source: Session,
	target: Session,
	layout: TableLayout,
): Promise<Finding[]> {
	const expected = Number((await source.query(countRows(layout)))[0]?.['rows'] ?? 0);
	const found = Number((await target.query(countRows(layout)))[0]?.['rows'] ?? 0);
	if (expected === found) return [];
	const hasMore = found > expected;
	return [
		{
			severity: hasMore ? 'warning' : 'failed',
			object: `auth.${layout.table}`,
			expected: `${expected} rows`,
			found: `${found} rows`,
			fix: hasMore ? 'Nothing to do where the target has users of its own.' : FIX,
		},
	];
}

async function rowFindings(
	source: Session,
	target: Session,
	layout: TableLayout,
	signal: AbortSignal,
): Promise<Finding[]> {
	const findings: Finding[] = [];
	let after: string | null = null;
	while (findings.length < LISTED) {
		signal.throwIfAborted();
		const [end]: Record<string, unknown>[] = await source.query(
			rangeEnd(layout, after, RANGE_ROWS),
		);
		if (end === undefined) break;
		const range: KeyRange = { after, upTo: String(end['id']) };
		const [theirs] = await source.query(print(layout, 'source', range));
		const [ours] = await target.query(print(layout, 'target', range));
		if (theirs?.['print'] !== ours?.['print']) {
			findings.push(...(await differing(source, target, layout, range)));
		}
		after = range.upTo;
	}
	return findings.slice(0, LISTED);
}

async function differing(
	source: Session,
	target: Session,
	layout: TableLayout,
	range: KeyRange,
): Promise<Finding[]> {
	const ours = new Map(
		(await target.query(rowPrints(layout, 'target', range))).map(({ id, print: p }) => [id, p]),
	);
	const theirs = await source.query(rowPrints(layout, 'source', range));
	return theirs
		.filter((row) => ours.get(row['id']) !== row['print'])
		.slice(0, LISTED)
		.map((row) => ({
			severity: 'failed',
			object: `auth.${layout.table} ${String(row['id'])}`,
			expected: 'the row of the source',
			found: ours.has(row['id']) ? 'another content' : 'no such row',
			fix: FIX,
		}));
}
