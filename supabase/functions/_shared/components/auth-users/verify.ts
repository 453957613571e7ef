// Compares users, identities and (where they are copied) factors. `structure` has nothing to compare: the
// tables are the platform's. Findings name ids, never addresses.
import { type Finding, notNamed } from '../../contract/report.ts';
import type { ReadContext } from '../../contract/context.ts';
import type { VerificationMode } from '../../domain/status.ts';
import type { Session } from '../../platform/postgres/index.ts';
import { AUTH_TABLES, readLayout, type TableLayout } from './columns.ts';
import { type Fingerprints, readFingerprints } from './fingerprints.ts';
import { reasonsLeftOut } from './left-out.ts';
import { idsOfFormerClones } from './memory.ts';
import {
	countAfter,
	countRows,
	type KeyRange,
	presentIds,
	rangeEnd,
	targetIds,
} from './statements.ts';

const RANGE_ROWS = 5000;
/** Findings of each severity per table that name a row; the others are counted. */
const LISTED = 500;
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
		const [expected, found] = [
			await count(source, countRows(layout)),
			await count(target, countRows(layout)),
		];
		const { rows, others } =
			mode === 'checksums' || found < expected
				? await rowFindings(source, target, layout, context.signal)
				: { rows: [], others: [] };
		if (expected !== found) findings.push(countFinding(layout, expected, found, rows));
		if (mode === 'checksums') {
			findings.push(...rows.map(({ isMissing: _, ...finding }) => finding), ...others);
		}
		findings.push(...(await keptThough(context, source, target, layout)));
	}
	return findings;
}

/** What a former clone brought and the source has deleted since: nobody may sign in with it any more. */
async function keptThough(
	context: ReadContext,
	source: Session,
	target: Session,
	layout: TableLayout,
): Promise<Finding[]> {
	const findings: Finding[] = [];
	if (Object.keys(context.memory).length === 0) return findings;
	let after: string | null = null;
	while (findings.length < LISTED) {
		context.signal.throwIfAborted();
		const rows: Record<string, unknown>[] = await target.query(
			targetIds(layout, after, RANGE_ROWS),
		);
		const ids = rows.map(({ id }) => String(id));
		after = ids.at(-1) ?? null;
		if (after === null) break;
		const known = await source.query(presentIds(layout), [JSON.stringify(ids)]);
		const kept = new Set(known.map(({ id }) => String(id)));
		const extra = ids.filter((id) => !kept.has(id));
		for (const id of await idsOfFormerClones(context, target, layout.table, extra)) {
			findings.push({
				severity: 'failed',
				object: `auth.${layout.table} ${id}`,
				expected: 'none: the source has deleted it',
				found: 'the row that an earlier clone brought',
				fix: `${FIX} If it stays, the report of that run says what points to it.`,
			});
		}
	}
	const left =
		findings.length -
		LISTED +
		(after === null ? 0 : await count(target, countAfter(layout, after)));
	return [
		...findings.slice(0, LISTED),
		...notNamed(Math.max(0, left), {
			severity: 'failed',
			object: `auth.${layout.table} beyond the source`,
			unit: 'rows',
			fix: FIX,
		}),
	];
}

async function count(session: Session, query: string): Promise<number> {
	return Number((await session.query(query))[0]?.['rows'] ?? 0);
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
): Promise<{ readonly rows: readonly RowFinding[]; readonly others: readonly Finding[] }> {
	const failed: RowFinding[] = [];
	const warnings: RowFinding[] = [];
	const fingerprints = await readFingerprints(source, target, layout);
	let after: string | null = null;
	while (failed.length < LISTED) {
		signal.throwIfAborted();
		const [end]: Record<string, unknown>[] = await source.query(
			rangeEnd(layout, after, RANGE_ROWS),
		);
		if (end === undefined) break;
		const range: KeyRange = { after, upTo: String(end['id']) };
		const [theirs] = await source.query(inShort(fingerprints('source', range)));
		const [ours] = await target.query(inShort(fingerprints('target', range)));
		if (theirs?.['checksum'] !== ours?.['checksum']) {
			for (const finding of await differing(source, target, layout, fingerprints, range)) {
				(finding.severity === 'failed' ? failed : warnings).push(finding);
			}
		}
		after = range.upTo;
	}
	const left =
		failed.length < LISTED || after === null
			? 0
			: failed.length - LISTED + (await count(source, countAfter(layout, after)));
	const object = `auth.${layout.table}`;
	return {
		rows: [...failed.slice(0, LISTED), ...warnings.slice(0, LISTED)],
		others: [
			...notNamed(left, { severity: 'failed', object, unit: 'rows', fix: FIX }),
			...notNamed(Math.max(0, warnings.length - LISTED), {
				severity: 'warning',
				object: `${object} left out`,
				unit: 'rows',
				fix: CLASH_FIX,
			}),
		],
	};
}

/**
 * One hash over the rows of both endpoints that the source has; rows that only the target has are counted elsewhere.
 */
const inShort = (rows: string): string =>
	`select pg_catalog.md5(pg_catalog.string_agg(r.id || r.checksum, '' order by r.id collate "C")) as checksum
    from (${rows}) r`;

async function differing(
	source: Session,
	target: Session,
	layout: TableLayout,
	fingerprints: Fingerprints,
	range: KeyRange,
): Promise<RowFinding[]> {
	const ours = new Map(
		(await target.query(fingerprints('target', range))).map(({ id, checksum }) => [id, checksum]),
	);
	const rows = (await source.query(fingerprints('source', range))).filter(
		(row) => ours.get(row['id']) !== row['checksum'],
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
