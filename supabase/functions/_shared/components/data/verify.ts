// Compares rows of both endpoints: by number, or by the sum of their hashes. Changes nothing. Small tables go in
// groups; of a large one the pieces are added up, so that tables of any size fit a worker's slices.
import * as z from 'zod/mini';
import { both } from '../../platform/both.ts';
import type { VerificationMode } from '../../domain/status.ts';
import { inOwnPath } from '../../schema/own-path.ts';
import type { Finding, Item, RowCount } from '../../contract/report.ts';
import type { VerifyContext } from '../../contract/context.ts';
import { type RowFinding, watchActivity } from './activity.ts';
import { countOf, type Sum, type Summed, sumOfPiece, sumsOf, sumsOfContained } from './compare.ts';
import { type Sessions, openSessions, readPlan } from './sessions.ts';
import { literal } from '../../platform/postgres/index.ts';
import { exampleRows } from './example-rows.ts';
import { missingPartitions, severityOfPartitions } from './partitions.ts';
import type { TableJob } from './plan.ts';
import { compareSequences } from './sequences.ts';
import type { Sizes } from './sizes.ts';
import { isOfOneTable, isTooSlow } from './trouble.ts';

const AGAIN = 'Clone again. If the source is in use, its rows may have changed since the clone.';

/** A part that still takes too long is reported. */
const MOST_PIECES = 4096;

const NOTHING: Sum = { rows: 0, hash: '0' };

const sumSchema = z.object({ rows: z.number(), hash: z.string() });

const cursorSchema = z.object({
	/** Tables that are through. */
	done: z.array(z.string()),
	/** The large table that is not: what its first pieces add up to. */
	begun: z.nullable(
		z.object({
			tableJob: z.string(),
			piece: z.int(),
			pieces: z.int(),
			source: sumSchema,
			target: sumSchema,
		}),
	),
});

/** What the sums of a table job say. */
type Compared = (tableJob: TableJob, source: Sum, target: Sum) => readonly RowFinding[];

type Begun = NonNullable<z.infer<typeof cursorSchema>['begun']>;

/** Findings for tables whose rows differ, and for sequences; `structure` looks at no rows. */
export async function verify(
	context: VerifyContext,
	mode: VerificationMode,
	sizes: Sizes,
): Promise<readonly Finding[]> {
	if (mode === 'structure') return [];
	const summed: Summed = mode === 'checksums' ? 'digest' : 'nothing';
	const left = context.cursor === null ? null : cursorSchema.parse(context.cursor);
	const done = new Set(left?.done);
	let steps = 0;
	const isEnough = (): boolean => {
		steps += 1;
		// A slice that did nothing would be followed by another such.
		return context.signal.aborted || (steps > 1 && context.spent());
	};

	const sessions = await openSessions(context, sizes);
	const plan = await readPlan(context, sessions);
	const activity = await watchActivity(context, sessions);
	const findings: RowFinding[] = left === null ? plan.others.flatMap(notCompared) : [];
	if (left === null)
		findings.push(...(await missingPartitions(context, sessions, plan.missingLeaves)));
	await onBoth(sessions, 'begin isolation level repeatable read read only');
	const severity = severityOfPartitions(context);
	const leaves = new Set(plan.leaves.map(({ object }) => object));
	const open = [...plan.tableJobs, ...plan.leaves].filter(({ key }) => !done.has(key));
	const queue = [...groups(open, summed, sizes)];
	const slow = new Set<string>();
	for (let tableJobs = queue.shift(); tableJobs !== undefined; tableJobs = queue.shift()) {
		const [first] = tableJobs;
		const isDivided =
			first &&
			(isAlone(first, summed, sizes) || slow.has(first.key) || left?.begun?.tableJob === first.key);
		let begun = first && isDivided ? begin(first, left?.begun, summed, sizes) : null;
		const later = new Set<string>();
		/** Whether a table that took too long is compared in more parts. */
		const divides = (tableJob: TableJob): boolean => {
			if (
				(tableJob.isLimited && !isContained(tableJob, summed)) ||
				(begun !== null && begun.pieces >= MOST_PIECES)
			)
				return false;
			if (begun !== null) begun = { ...begun, piece: begun.piece * 2, pieces: begun.pieces * 2 };
			else {
				slow.add(tableJob.key);
				later.add(tableJob.key);
				queue.unshift([tableJob]);
			}
			return true;
		};
		let found: readonly RowFinding[] | null = null;
		const counts: RowCount[] = [];
		const compared: Compared = (tableJob, source, target) => {
			// Of those the target's own rows are not counted.
			if (!isContained(tableJob, summed))
				counts.push({ object: tableJob.object, source: source.rows, target: target.rows });
			return finding(tableJob, source, target, summed);
		};
		while (found === null) {
			if (isEnough()) {
				context.continueFrom({ done: [...done], begun });
				await onBoth(sessions, 'commit');
				return activity.judge(findings);
			}
			const comparing = async (
				some: readonly TableJob[],
			): Promise<readonly RowFinding[] | null> => {
				if (begun === null || first === undefined)
					return compareSmall(sessions, some, summed, compared);
				begun = await addPiece(sessions, first, begun, summed);
				return begun.piece < begun.pieces ? null : compared(first, begun.source, begun.target);
			};
			found = await readable(sessions, tableJobs, comparing, divides);
			if (begun === null) found ??= [];
		}
		// Partitions are counted with their table.
		context.counted(...counts.filter(({ object }) => !leaves.has(object)));
		found = await withExamples(sessions, tableJobs, found, summed, sizes);
		findings.push(...found.map((each) => (leaves.has(each.object) ? { ...each, severity } : each)));
		for (const { key } of tableJobs) if (!later.has(key)) done.add(key);
	}
	await onBoth(sessions, 'commit');
	return [...(await activity.judge(findings)), ...(await sequenceFindings(sessions))];
}

function notCompared({ object, outcome, detail, fix }: Item): Finding[] {
	if (outcome !== 'failed') return [];
	return [
		{
			severity: 'failed',
			object,
			expected: 'rows as on the source',
			found: detail ?? 'nothing',
			fix: fix ?? AGAIN,
		},
	];
}

async function sequenceFindings(sessions: Sessions): Promise<Finding[]> {
	const { different, unreadable } = await compareSequences(sessions.source, sessions.target);
	return [
		...different.map(({ object, source, target }): Finding => ({
			severity: 'warning',
			object,
			expected: `position ${source.last}`,
			found: target ? `position ${target.last}` : 'no such sequence',
			fix: AGAIN,
		})),
		...unreadable.map(({ object, error: { message, fix } }): Finding => ({
			severity: 'failed',
			object,
			expected: 'a position that can be read',
			found: message,
			fix,
		})),
	];
}

function isLarge(tableJob: TableJob, sizes: Sizes): boolean {
	return tableJob.bytes > sizes.compareBytes && !tableJob.isLimited;
}

/** Whether rows are looked for one by one, because the target may have more of them. */
function isContained({ strategy }: TableJob, summed: Summed): boolean {
	return strategy === 'upsert' && summed !== 'nothing';
}

function isAlone(tableJob: TableJob, summed: Summed, sizes: Sizes): boolean {
	return isContained(tableJob, summed) || isLarge(tableJob, sizes);
}

/** Consecutive small tables together, the others alone. */
function groups(
	tableJobs: readonly TableJob[],
	summed: Summed,
	sizes: Sizes,
): readonly (readonly TableJob[])[] {
	const made: TableJob[][] = [];
	let bytes = 0;
	for (const tableJob of tableJobs) {
		const last = made.at(-1);
		const fits =
			bytes + tableJob.bytes <= sizes.compareGroupBytes && !isAlone(tableJob, summed, sizes);
		const isOpen = last?.[0] && !isAlone(last[0], summed, sizes);
		if (last && isOpen && last.length < sizes.groupTables && fits) {
			last.push(tableJob);
			bytes += tableJob.bytes;
		} else {
			made.push([tableJob]);
			bytes = tableJob.bytes;
		}
	}
	return made;
}

function begin(
	tableJob: TableJob,
	left: Begun | null | undefined,
	summed: Summed,
	sizes: Sizes,
): Begun {
	if (left?.tableJob === tableJob.key) return left;
	const least = isContained(tableJob, summed) ? 1 : 2;
	const pieces = Math.max(least, Math.ceil(tableJob.bytes / sizes.compareBytes));
	return { tableJob: tableJob.key, piece: 0, pieces, source: NOTHING, target: NOTHING };
}

async function addPiece(
	sessions: Sessions,
	tableJob: TableJob,
	begun: Begun,
	summed: Summed,
): Promise<Begun> {
	const { source, target } = isContained(tableJob, summed)
		? await sumsOfContained(sessions, tableJob, begun)
		: await sumsOfPiece(sessions, tableJob, begun, summed);
	return {
		...begun,
		piece: begun.piece + 1,
		source: added(begun.source, source),
		target: added(begun.target, target),
	};
}

async function sumsOfPiece(
	sessions: Sessions,
	tableJob: TableJob,
	begun: Begun,
	summed: Summed,
): Promise<{ readonly source: Sum; readonly target: Sum }> {
	const [source, target] = await both(
		sumOfPiece(sessions.source, tableJob, 'source', begun, summed),
		sumOfPiece(sessions.target, tableJob, 'target', begun, summed),
	);
	return { source, target };
}

function added(one: Sum, other: Sum): Sum {
	return { rows: one.rows + other.rows, hash: String(BigInt(one.hash) + BigInt(other.hash)) };
}

async function compareSmall(
	sessions: Sessions,
	tableJobs: readonly TableJob[],
	summed: Summed,
	compared: Compared,
): Promise<readonly RowFinding[]> {
	const [source, target] = await both(
		sumsOf(sessions.source, tableJobs, 'source', summed),
		sumsOf(sessions.target, tableJobs, 'target', summed),
	);
	return tableJobs.flatMap((tableJob, index) =>
		compared(tableJob, source.get(index) ?? NOTHING, target.get(index) ?? NOTHING),
	);
}

/** Compares tables together, or one by one when one of them cannot be read. */
async function readable(
	sessions: Sessions,
	tableJobs: readonly TableJob[],
	compare: (tableJobs: readonly TableJob[]) => Promise<readonly RowFinding[] | null>,
	divides: (tableJob: TableJob) => boolean,
): Promise<readonly RowFinding[] | null> {
	const [only] = tableJobs;
	const recover = (): Promise<void> => onBoth(sessions, 'rollback to savepoint twins');
	const work = (): Promise<readonly RowFinding[] | null> => compare(tableJobs);
	try {
		await onBoth(sessions, 'savepoint twins');
		if (!only || tableJobs.length > 1) return await work();
		return await inOwnPath(
			{ sessions: [sessions.source, sessions.target], recover },
			[only.key],
			work,
		);
	} catch (error) {
		if (!isOfOneTable(error)) throw error;
		await recover();
		if (only && tableJobs.length === 1) {
			if (isTooSlow(error) && divides(only)) return null;
			const [row] = await sessions.source.query<{ isGone: boolean }>(
				`select pg_catalog.to_regclass(${literal(only.key)}) is null as "isGone"`,
			);
			// Dropped since the plan was made.
			if (row?.isGone) return [];
			const { message: found, fix } = error;
			const { object } = only;
			return [{ severity: 'failed', object, expected: 'rows that can be read', found, fix }];
		}
		const findings: RowFinding[] = [];
		for (const tableJob of tableJobs)
			findings.push(...((await readable(sessions, [tableJob], compare, divides)) ?? []));
		return findings;
	}
}

/** Tables of a statement whose rows are looked for: each costs two more scans on both endpoints. */
const MOST_EXAMPLED = 20;

/** The findings with the keys of some rows that differ, where rows have a key and the table is read at once. */
async function withExamples(
	sessions: Sessions,
	tableJobs: readonly TableJob[],
	findings: readonly RowFinding[],
	summed: Summed,
	sizes: Sizes,
): Promise<readonly RowFinding[]> {
	const told: RowFinding[] = [];
	for (const [index, found] of findings.entries()) {
		const tableJob = tableJobs.find(({ object }) => object === found.object);
		const isRead = tableJob && index < MOST_EXAMPLED && !isLarge(tableJob, sizes);
		const examples = isRead ? await exampleRows(sessions, tableJob, summed) : [];
		told.push(examples.length === 0 ? found : { ...found, examples });
	}
	return told;
}

async function onBoth({ source, target }: Sessions, statement: string): Promise<void> {
	await both(source.query(statement), target.query(statement));
}

function finding(tableJob: TableJob, source: Sum, target: Sum, summed: Summed): RowFinding[] {
	const apart = Math.abs(source.rows - target.rows);
	const differs = (expected: string, found: string): RowFinding[] => [
		{ severity: 'failed', object: tableJob.object, expected, found, fix: AGAIN, apart },
	];
	if (isContained(tableJob, summed)) {
		if (source.rows === target.rows) return [];
		return differs(
			`${countOf(source.rows)} of the source`,
			`${countOf(target.rows)} of them, the others are missing or differ`,
		);
	}
	// Rows that only the target has are meant to stay.
	if (tableJob.strategy === 'upsert' && target.rows >= source.rows) return [];
	if (source.rows !== target.rows) return differs(countOf(source.rows), countOf(target.rows));
	if (source.hash === target.hash) return [];
	return differs(
		`${countOf(source.rows)} equal to the source’s`,
		`${countOf(target.rows)}, not all of them equal`,
	);
}
