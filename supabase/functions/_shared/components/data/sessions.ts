// Both endpoints of a slice, made ready, and the plan that follows from what they have.
import { both } from '../../platform/both.ts';
import { majorOf, type Session } from '../../platform/postgres/index.ts';
import type { ReadContext } from '../../contract/context.ts';
import { agreeOnHash, prepare, readSizedTables } from './inspect.ts';
import type { HashMethod, Table } from './table.ts';
import { type Plan, planRows } from './plan.ts';
import { readRowTypes } from './row-types.ts';
import { SIZES, type Sizes } from './sizes.ts';

export interface Sessions {
	readonly source: Session;
	readonly target: Session;
}

export async function openSessions(
	context: Pick<ReadContext, 'source' | 'target'>,
	sizes: Pick<Sizes, 'lockMs' | 'statementMs'> = SIZES,
): Promise<Sessions> {
	const [source, target] = await both(context.source.database(), context.target.database());
	await both(prepare(source, 'source', sizes), prepare(target, 'target', sizes));
	return { source, target };
}

export interface ReadPlan extends Plan {
	readonly hashMethod: HashMethod;
	/** The tables that each endpoint has now, by object name. */
	readonly onSource: ReadonlyMap<string, Table>;
	readonly onTarget: ReadonlyMap<string, Table>;
	/** Oids of the source's tables, by object name. */
	readonly oids: ReadonlyMap<string, number>;
	/** The partitioned table that a partition belongs to, both as object names. */
	readonly partitionedBy: ReadonlyMap<string, string>;
}

/**
 * `structure`: whether the target is taken as it is, or as it will be once it has the source's tables, or whether of
 * both only the columns count that the other has, too.
 */
export async function readPlan(
	context: Pick<ReadContext, 'options' | 'ignoreRules'>,
	sessions: Sessions,
	structure: 'as it is' | 'as it will be' | 'what both have' = 'as it is',
): Promise<ReadPlan> {
	const hashMethod = await agreeOnHash(sessions.source, sessions.target);
	const [source, target] = await both(
		readSizedTables(sessions.source),
		readSizedTables(sessions.target),
	);
	const [sourceTypes, targetTypes] = await both(
		readRowTypes(sessions.source),
		readRowTypes(sessions.target),
	);
	const asIs = structure !== 'as it will be';
	const plan = planRows({
		source: structure === 'what both have' ? narrowed(source, target) : source,
		target: asIs ? target : source,
		rowTypes: { source: sourceTypes, target: asIs ? targetTypes : sourceTypes },
		options: context.options,
		ignoreRules: context.ignoreRules,
		hashMethod,
		sameMajor: majorOf(sessions.source.serverVersion) === majorOf(sessions.target.serverVersion),
	});
	const byName = (tables: readonly Table[]): ReadonlyMap<string, Table> =>
		new Map(tables.map((table) => [`${table.schema}.${table.name}`, table]));
	const partitionedBy = new Map(
		source.flatMap(({ schema, name, root }) =>
			root === null ? [] : [[`${schema}.${name}`, root.join('.')] as const],
		),
	);
	return {
		...plan,
		hashMethod,
		onSource: byName(source),
		onTarget: byName(target),
		oids: new Map(source.map(({ schema, name, oid }) => [`${schema}.${name}`, oid])),
		partitionedBy,
	};
}

/** The source's tables without the columns that the target lacks, as long as a clone has not added them. */
function narrowed(source: readonly Table[], target: readonly Table[]): readonly Table[] {
	const nameOf = ({ schema, name }: Table): string => `${schema}.${name}`;
	const known = new Map(
		target.map((table) => [nameOf(table), new Set(table.columns.map(({ name }) => name))]),
	);
	return source.map((table) => ({
		...table,
		columns: table.columns.filter(({ name }) => known.get(nameOf(table))?.has(name) === true),
	}));
}
