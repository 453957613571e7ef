// Compares rows of both sides: by number, or by the sum of their hashes. Changes nothing. Small tables go in
// groups; of a large one the pieces are added up, so that tables of any size fit a worker's slices.
import * as z from 'zod/mini';
import { TwinsError } from '../../domain/errors.ts';
import type { VerificationMode } from '../../domain/status.ts';
import type { Finding, Item, VerifyContext } from '../component.ts';
import { type Ends, type Sum, sumOfPiece, sumsOf } from './compare.ts';
import { openEnds, readPlan } from './ends.ts';
import type { Unit } from './plan.ts';
import { compareSequences } from './sequences.ts';
import type { Sizes } from './sizes.ts';

const AGAIN = 'Clone again. If the source is in use, its rows may have changed since the clone.';

const NOTHING: Sum = { rows: 0, hash: '0' };

const sumSchema = z.object({ rows: z.number(), hash: z.string() });

const cursorSchema = z.object({
	/** Tables that are through. */
	done: z.array(z.string()),
	/** The large table that is not: what its first pieces add up to. */
	begun: z.nullable(
		z.object({
			unit: z.string(),
			piece: z.int(),
			pieces: z.int(),
			source: sumSchema,
			target: sumSchema,
		}),
	),
});

type Begun = NonNullable<z.infer<typeof cursorSchema>['begun']>;

/** Findings for tables whose rows differ, and for sequences; `structure` looks at no rows. */
export async function verify(
	context: VerifyContext,
	mode: VerificationMode,
	sizes: Sizes,
): Promise<readonly Finding[]> {
	if (mode === 'structure') return [];
	const content = mode === 'checksums';
	const left = context.cursor === null ? null : cursorSchema.parse(context.cursor);
	const done = new Set(left?.done);
	let steps = 0;
	const isEnough = (): boolean => {
		steps += 1;
		// A slice that did nothing would be followed by another such.
		return context.signal.aborted || (steps > 1 && context.spent());
	};

	const ends = await openEnds(context, sizes.lockMs);
	const plan = await readPlan(context, ends);
	const findings: Finding[] = left === null ? plan.others.flatMap(notCompared) : [];
	await onBoth(ends, 'begin isolation level repeatable read read only');
	const open = plan.units.filter(({ key }) => !done.has(key));
	for (const units of groups(open, sizes)) {
		const [first] = units;
		let begun = first && isLarge(first, sizes) ? begin(first, left?.begun, sizes) : null;
		let found: readonly Finding[] | null = null;
		while (found === null) {
			if (isEnough()) {
				context.continueFrom({ done: [...done], begun });
				return findings;
			}
			found = await readable(ends, units, async (some) => {
				if (begun === null || first === undefined) return compareSmall(ends, some, content);
				begun = await addPiece(ends, first, begun, content);
				return begun.piece < begun.pieces ? null : finding(first, begun.source, begun.target);
			});
		}
		findings.push(...found);
		for (const { key } of units) done.add(key);
	}
	await onBoth(ends, 'commit');
	return [...findings, ...(await sequenceFindings(ends))];
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

async function sequenceFindings(ends: Ends): Promise<Finding[]> {
	const { different } = await compareSequences(ends.source, ends.target);
	return different.map(({ object, source, target }) => ({
		severity: 'warning',
		object,
		expected: `position ${source.last}`,
		found: target ? `position ${target.last}` : 'no such sequence',
		fix: AGAIN,
	}));
}

function isLarge(unit: Unit, sizes: Sizes): boolean {
	return unit.bytes > sizes.compareBytes && !unit.isLimited;
}

/** Consecutive small tables together, large ones alone. */
function groups(units: readonly Unit[], sizes: Sizes): readonly (readonly Unit[])[] {
	const made: Unit[][] = [];
	let bytes = 0;
	for (const unit of units) {
		const last = made.at(-1);
		if (last && last.length < sizes.groupTables && bytes + unit.bytes <= sizes.compareGroupBytes) {
			last.push(unit);
			bytes += unit.bytes;
		} else {
			made.push([unit]);
			bytes = unit.bytes;
		}
	}
	return made;
}

function begin(unit: Unit, left: Begun | null | undefined, sizes: Sizes): Begun {
	if (left?.unit === unit.key) return left;
	const pieces = Math.ceil(unit.bytes / sizes.compareBytes);
	return { unit: unit.key, piece: 0, pieces, source: NOTHING, target: NOTHING };
}

async function addPiece(ends: Ends, unit: Unit, begun: Begun, content: boolean): Promise<Begun> {
	const [source, target] = await Promise.all([
		sumOfPiece(ends.source, unit, 'source', begun, content),
		sumOfPiece(ends.target, unit, 'target', begun, content),
	]);
	return {
		...begun,
		piece: begun.piece + 1,
		source: added(begun.source, source),
		target: added(begun.target, target),
	};
}

function added(one: Sum, other: Sum): Sum {
	return { rows: one.rows + other.rows, hash: String(BigInt(one.hash) + BigInt(other.hash)) };
}

async function compareSmall(
	ends: Ends,
	units: readonly Unit[],
	content: boolean,
): Promise<readonly Finding[]> {
	const [source, target] = await Promise.all([
		sumsOf(ends.source, units, 'source', content),
		sumsOf(ends.target, units, 'target', content),
	]);
	return units.flatMap((unit, index) =>
		finding(unit, source.get(index) ?? NOTHING, target.get(index) ?? NOTHING),
	);
}

/** Compares tables together, or one by one when one of them cannot be read. */
async function readable(
	ends: Ends,
	units: readonly Unit[],
	compare: (units: readonly Unit[]) => Promise<readonly Finding[] | null>,
): Promise<readonly Finding[] | null> {
	try {
		await onBoth(ends, 'savepoint twins');
		return await compare(units);
	} catch (error) {
		if (!(error instanceof TwinsError) || error.details.passing === true) throw error;
		await onBoth(ends, 'rollback to savepoint twins');
		if (units.length === 1) {
			const object = units[0]?.object ?? '';
			const { message: found, fix } = error;
			return [{ severity: 'failed', object, expected: 'rows that can be read', found, fix }];
		}
		const findings: Finding[] = [];
		for (const unit of units) findings.push(...((await readable(ends, [unit], compare)) ?? []));
		return findings;
	}
}

async function onBoth({ source, target }: Ends, statement: string): Promise<void> {
	await Promise.all([source.query(statement), target.query(statement)]);
}

function finding(unit: Unit, source: Sum, target: Sum): Finding[] {
	const { object } = unit;
	const rows = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'row' : 'rows'}`;
	// Rows that only the target has are meant to stay.
	if (unit.strategy === 'upsert' && target.rows >= source.rows) return [];
	if (source.rows !== target.rows) {
		return [
			{
				severity: 'failed',
				object,
				expected: rows(source.rows),
				found: rows(target.rows),
				fix: AGAIN,
			},
		];
	}
	if (source.hash === target.hash) return [];
	return [
		{
			severity: 'failed',
			object,
			expected: `${rows(source.rows)} equal to the source’s`,
			found: `${rows(target.rows)}, not all of them equal`,
			fix: AGAIN,
		},
	];
}
