// Both ends of a slice, made ready, and the plan that follows from what they have.
import { majorOf } from '../../platform/session.ts';
import type { ReadContext } from '../component.ts';
import type { Ends } from './compare.ts';
import {
	agreeOnHash,
	type HashMethod,
	prepare,
	readSourceTables,
	readTargetTables,
	type Table,
} from './inspect.ts';
import { type Plan, planRows } from './plan.ts';
import { SIZES } from './sizes.ts';

export async function openEnds(
	context: Pick<ReadContext, 'source' | 'target'>,
	lockMs = SIZES.lockMs,
): Promise<Ends> {
	const [source, target] = await Promise.all([
		context.source.database(),
		context.target.database(),
	]);
	await Promise.all([prepare(source, 'source', lockMs), prepare(target, 'target', lockMs)]);
	return { source, target };
}

export interface ReadPlan extends Plan {
	readonly hashMethod: HashMethod;
	/** Object names of the tables that each side has now. */
	readonly onSource: ReadonlySet<string>;
	readonly onTarget: ReadonlySet<string>;
	/** The partitioned table that a partition belongs to, both as object names. */
	readonly partitionedBy: ReadonlyMap<string, string>;
}

/** `structure`: whether the target is taken as it is, or as it will be once it has the source's tables. */
export async function readPlan(
	context: Pick<ReadContext, 'options' | 'ignoreRules'>,
	ends: Ends,
	structure: 'as it is' | 'as it will be' = 'as it is',
): Promise<ReadPlan> {
	const hashMethod = await agreeOnHash(ends.source, ends.target);
	const [source, target] = await Promise.all([
		readSourceTables(ends.source),
		readTargetTables(ends.target),
	]);
	const plan = planRows({
		source,
		target: structure === 'as it is' ? target : source,
		options: context.options,
		ignoreRules: context.ignoreRules,
		hashMethod,
		sameMajor: majorOf(ends.source.serverVersion) === majorOf(ends.target.serverVersion),
	});
	const namesOf = (tables: readonly Table[]): ReadonlySet<string> =>
		new Set(tables.map(({ schema, name }) => `${schema}.${name}`));
	const partitionedBy = new Map(
		source.flatMap(({ schema, name, root }) =>
			root === null ? [] : [[`${schema}.${name}`, root.join('.')] as const],
		),
	);
	return {
		...plan,
		hashMethod,
		onSource: namesOf(source),
		onTarget: namesOf(target),
		partitionedBy,
	};
}
