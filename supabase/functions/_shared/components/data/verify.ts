// Compares rows of both sides: by number, or by the sum of their hashes. Changes nothing.
import { TwinsError } from '../../domain/errors.ts';
import type { VerificationMode } from '../../domain/status.ts';
import type { Finding, ReadContext } from '../component.ts';
import { countsOf, type Ends, sumsOf } from './compare.ts';
import { openEnds, readPlan } from './ends.ts';
import type { Unit } from './plan.ts';
import { compareSequences } from './sequences.ts';

const GROUP_TABLES = 200;
const GROUP_BYTES = 256 * 1024 * 1024;

const AGAIN = 'Clone again. If the source is in use, its rows may have changed since the clone.';

/** Findings for tables whose rows differ, and for sequences; `structure` looks at no rows. */
export async function verify(
	context: ReadContext,
	mode: VerificationMode,
): Promise<readonly Finding[]> {
	if (mode === 'structure') return [];
	const ends = await openEnds(context);
	const plan = await readPlan(context, ends);
	const findings: Finding[] = plan.others
		.filter(({ outcome }) => outcome === 'failed')
		.map(({ object, detail, fix }) => ({
			severity: 'failed',
			object,
			expected: 'rows as on the source',
			found: detail ?? 'nothing',
			fix: fix ?? AGAIN,
		}));
	const snapshot = 'begin isolation level repeatable read read only';
	await Promise.all([ends.source.query(snapshot), ends.target.query(snapshot)]);
	for (const units of groups(plan.units)) {
		if (context.signal.aborted) break;
		findings.push(...(await compareGroup(ends, units, mode)));
	}
	await Promise.all([ends.source.query('commit'), ends.target.query('commit')]);
	const { different } = await compareSequences(ends.source, ends.target);
	for (const { object, source, target } of different) {
		findings.push({
			severity: 'warning',
			object,
			expected: `position ${source.last}`,
			found: target ? `position ${target.last}` : 'no such sequence',
			fix: AGAIN,
		});
	}
	return findings;
}

function groups(units: readonly Unit[]): readonly (readonly Unit[])[] {
	const made: Unit[][] = [];
	let bytes = 0;
	for (const unit of units) {
		const last = made.at(-1);
		if (last && last.length < GROUP_TABLES && bytes + unit.bytes <= GROUP_BYTES) {
			last.push(unit);
			bytes += unit.bytes;
		} else {
			made.push([unit]);
			bytes = unit.bytes;
		}
	}
	return made;
}

/** One by one when one of the tables cannot be read. */
async function compareGroup(
	ends: Ends,
	units: readonly Unit[],
	mode: VerificationMode,
): Promise<readonly Finding[]> {
	const both = [ends.source, ends.target];
	try {
		await Promise.all(both.map((session) => session.query('savepoint twins')));
		return await compare(ends, units, mode);
	} catch (error) {
		if (!(error instanceof TwinsError) || error.details.passing === true) throw error;
		await Promise.all(both.map((session) => session.query('rollback to savepoint twins')));
		if (units.length === 1) {
			const object = units[0]?.object ?? '';
			const { message: found, fix } = error;
			return [{ severity: 'failed', object, expected: 'rows that can be read', found, fix }];
		}
		const findings: Finding[] = [];
		for (const unit of units) findings.push(...(await compareGroup(ends, [unit], mode)));
		return findings;
	}
}

async function compare(
	ends: Ends,
	units: readonly Unit[],
	mode: VerificationMode,
): Promise<readonly Finding[]> {
	if (mode === 'counts') {
		const [source, target] = await Promise.all([
			countsOf(ends.source, units, 'source'),
			countsOf(ends.target, units, 'target'),
		]);
		return units.flatMap((unit, index) =>
			finding(unit, source.get(index) ?? 0, target.get(index) ?? 0, true),
		);
	}
	const [source, target] = await Promise.all([
		sumsOf(ends.source, units, 'source'),
		sumsOf(ends.target, units, 'target'),
	]);
	return units.flatMap((unit, index) => {
		const one = source.get(index);
		const other = target.get(index);
		return finding(unit, one?.rows ?? 0, other?.rows ?? 0, one?.hash === other?.hash);
	});
}

function finding(unit: Unit, expected: number, found: number, sameHash: boolean): Finding[] {
	const { object } = unit;
	const rows = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'row' : 'rows'}`;
	// Rows that only the target has are meant to stay.
	if (unit.strategy === 'upsert' && found >= expected) return [];
	if (expected !== found) {
		return [
			{ severity: 'failed', object, expected: rows(expected), found: rows(found), fix: AGAIN },
		];
	}
	if (sameHash) return [];
	return [
		{
			severity: 'failed',
			object,
			expected: `${rows(expected)} equal to the source’s`,
			found: `${rows(found)}, not all of them equal`,
			fix: AGAIN,
		},
	];
}
