// Decides, from what both sides have, which tables' rows are copied, how, and which are not and why. Pure.
import type { CloneOptions } from '../../domain/clone.ts';
import { ruleMatches } from '../../domain/ignore-rule.ts';
import { ident, qualified } from '../../platform/sql.ts';
import type { Item } from '../component.ts';
import { columnList, rowHash, shareColumn, type SharedColumn } from './expressions.ts';
import type { Guard, HashMethod, Table } from './inspect.ts';

/** One table whose rows are copied: an ordinary one, a partition, or a partitioned one as a whole. */
export interface Unit {
	/** Quoted, qualified name: unique. */
	readonly key: string;
	/** What people read: `schema.table`. */
	readonly object: string;
	readonly strategy: 'mirror' | 'upsert';
	/** From-items on each side; the source's holds the row limit. */
	readonly sourceFrom: string;
	readonly targetFrom: string;
	/** `only "s"."t"`, or without `only` when its partitions go with it. */
	readonly targetTable: string;
	readonly columns: readonly SharedColumn[];
	/** Names of columns that identify a row on both sides; null when none do. */
	readonly identity: readonly string[] | null;
	readonly hash: string;
	readonly isBinary: boolean;
	/** A partitioned table that is copied with all its partitions. */
	readonly isTree: boolean;
	/** On the source only the first rows count: the row limit. */
	readonly isLimited: boolean;
	/** Reading the relation as such lets COPY skip the query executor. */
	readonly isPlain: boolean;
	readonly canTruncate: boolean;
	/** False for partitioned tables, where COPY does not allow it. */
	readonly canFreeze: boolean;
	readonly guards: readonly Guard[];
	/** Size on the source. */
	readonly bytes: number;
	readonly rows: number | null;
}

export interface Plan {
	readonly units: readonly Unit[];
	/** Tables whose rows are not copied, as items to report. */
	readonly others: readonly Item[];
}

export interface PlanInput {
	readonly source: readonly Table[];
	readonly target: readonly Table[];
	readonly options: Pick<CloneOptions, 'row_limit' | 'strategies'>;
	readonly ignoreRules: readonly string[];
	readonly hashMethod: HashMethod;
	/** Both servers have the same major version. */
	readonly sameMajor: boolean;
}

const nameOf = (table: Table): string => `${table.schema}.${table.name}`;
const keyOf = (table: Table): string => qualified(table.schema, table.name);

export function planRows(input: PlanInput): Plan {
	const targets = new Map(input.target.map((table) => [keyOf(table), table]));
	const roots = new Map(input.source.map((table) => [keyOf(table), table]));
	const units: Unit[] = [];
	const others: Item[] = [];
	for (const table of input.source) {
		const root = table.root === null ? undefined : roots.get(qualified(...table.root));
		const wholeTree = isCopiedAsWhole(root ?? table, targets, input.options.row_limit);
		if (table.kind === 'p' ? !wholeTree || table.root !== null : table.root !== null && wholeTree) {
			continue;
		}
		const made = unitOf(table, root, targets.get(keyOf(table)), input);
		if ('outcome' in made) others.push(made);
		else units.push(made);
	}
	return { units, others };
}

/** Partitions that differ between the sides, and a limit of rows per table, make one unit of the tree. */
function isCopiedAsWhole(
	root: Table,
	targets: ReadonlyMap<string, Table>,
	rowLimit: number,
): boolean {
	if (root.kind !== 'p') return false;
	return rowLimit > 0 || targets.get(keyOf(root))?.tree !== root.tree;
}

function unitOf(
	table: Table,
	root: Table | undefined,
	target: Table | undefined,
	input: PlanInput,
): Unit | Item {
	const object = nameOf(table);
	const names = [object, ...(root ? [nameOf(root)] : [])];
	const rule = input.ignoreRules.find((pattern) =>
		names.some((name) => ruleMatches(pattern, name)),
	);
	if (rule !== undefined) return skipped(object, `ignore rule ${rule}`);
	const strategy = names.map((name) => input.options.strategies[name]).find(Boolean) ?? 'mirror';
	if (strategy === 'skip') return skipped(object, 'strategy skip');
	if (table.kind === 'f') return skipped(object, 'a foreign table: its rows are elsewhere');
	if (!target || target.kind === 'f') {
		return {
			object,
			outcome: 'failed',
			detail: target ? 'it is a foreign table on the target' : 'the target has no such table',
			fix: 'Include the component Tables, and look there why the table was not made.',
			sqlstate: '42P01',
		};
	}
	const byName = new Map(target.columns.map((column) => [column.name, column]));
	const own = table.columns.filter(
		(column) => !column.isGenerated && byName.get(column.name)?.isGenerated !== true,
	);
	const missing = own.filter((column) => !byName.has(column.name)).map(({ name }) => name);
	if (missing.length > 0) {
		return {
			object,
			outcome: 'failed',
			detail: `the target lacks the column ${missing.join(', ')}`,
			fix: 'Include the component Tables, and look there why the column was not added.',
			sqlstate: '42703',
		};
	}
	const columns = own.flatMap((column) => {
		const counterpart = byName.get(column.name);
		return counterpart ? [shareColumn(column, counterpart)] : [];
	});
	const identity = sharedIdentity(table, target, columns);
	if (strategy === 'upsert' && identity === null) {
		return {
			object,
			outcome: 'failed',
			detail: 'rows cannot be added and updated without a key that both sides have',
			fix: 'Give the table a primary key, or choose the strategy mirror or skip.',
		};
	}
	if (columns.length === 0 && target.columns.some(({ isGenerated }) => !isGenerated)) {
		return {
			object,
			outcome: 'failed',
			detail: 'the source’s table has no columns, the target’s has some',
			fix: 'Drop the target’s columns, or leave this table out with an ignore rule.',
		};
	}
	const from = `${table.kind === 'p' ? '' : 'only '}${keyOf(table)}`;
	const targetTable = `${target.kind === 'p' ? '' : 'only '}${keyOf(target)}`;
	const isWhole = table.kind === 'p' || target.kind === 'p';
	const hash = rowHash(columns, input.hashMethod);
	return {
		key: keyOf(table),
		object,
		strategy,
		sourceFrom: limited(from, columns, identity, hash, input.options.row_limit),
		targetFrom: targetTable,
		targetTable,
		columns,
		identity,
		hash,
		isBinary: input.sameMajor && columns.every(({ isBinarySafe }) => isBinarySafe),
		isTree: table.kind === 'p',
		isLimited: input.options.row_limit > 0,
		isPlain: !isWhole && input.options.row_limit === 0,
		canTruncate: !target.isReferenced,
		canFreeze: target.kind !== 'p',
		guards: target.guards,
		bytes: Math.round(table.bytes * limitedShare(table, input.options.row_limit)),
		rows: table.rows,
	};
}

/** The key of the source where the target's is over the same columns; otherwise rows have no identity. */
function sharedIdentity(
	source: Table,
	target: Table,
	columns: readonly SharedColumn[],
): readonly string[] | null {
	const shared = new Set(columns.map(({ name }) => name));
	const { key } = source;
	if (key === null || target.key === null || !key.every((name) => shared.has(name))) return null;
	return [...key].sort().join('\0') === [...target.key].sort().join('\0') ? key : null;
}

/** The first rows by key; by their hash, which is as good an order as any, where there is none. */
function limited(
	from: string,
	columns: readonly SharedColumn[],
	identity: readonly string[] | null,
	hash: string,
	limit: number,
): string {
	if (limit === 0) return from;
	const order = identity === null ? hash : identity.map(ident).join(', ');
	return `(select ${columnList(columns)} from ${from} order by ${order} limit ${limit}) as limited`;
}

function limitedShare({ rows }: Table, limit: number): number {
	return limit === 0 || !rows ? 1 : Math.min(1, limit / rows);
}

function skipped(object: string, detail: string): Item {
	return { object, outcome: 'skipped', detail };
}
