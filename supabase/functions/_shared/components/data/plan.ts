// Decides, from what both endpoints have, which tables' rows are copied, how, and which are not and why. Pure.
import type { CloneOptions } from '../../domain/clone.ts';
import { ruleMatches } from '../../domain/ignore-rule.ts';
import { ident, qualified } from '../../platform/postgres/index.ts';
import type { Item } from '../../contract/report.ts';
import { columnList, rowDigest, rowHash, shareColumn, type SharedColumn } from './expressions.ts';
import type { Column, Guard, HashMethod, Table } from './table.ts';
import { NoReordering, reorderingOf, type RowTypes } from './row-types.ts';
import {
	onlyOnTarget,
	type Spared,
	sparedAttributes,
	sparedColumns,
	sparedPartitions,
} from './spared.ts';

/** One table whose rows are copied: an ordinary one, a partition, or a partitioned one as a whole. */
export interface TableJob {
	/** Quoted, qualified name: unique. */
	readonly key: string;
	/** What people read: `schema.table`. */
	readonly object: string;
	readonly strategy: 'mirror' | 'upsert';
	/** From-items on each endpoint; the source's holds the row limit. */
	readonly sourceFrom: string;
	readonly targetFrom: string;
	/** `only "s"."t"`, or without `only` when its partitions go with it. */
	readonly targetTable: string;
	readonly columns: readonly SharedColumn[];
	/** Names of columns that identify a row on both endpoints; null when none do. */
	readonly identity: readonly string[] | null;
	/** SQL expression: 64 bits of a row that are equal on both endpoints for equal rows. */
	readonly hash: string;
	/** The same, made another way: for verification. */
	readonly digest: string;
	readonly isBinary: boolean;
	/** A partitioned table that is copied with all its partitions. Without a row limit: its partitions differ. */
	readonly isTree: boolean;
	/** On the source only the first rows count: the row limit. */
	readonly isLimited: boolean;
	/** Reading the relation as such lets COPY skip the query executor. */
	readonly isPlain: boolean;
	readonly canTruncate: boolean;
	/** False for partitioned tables, where COPY does not allow it. */
	readonly canFreeze: boolean;
	readonly guards: readonly Guard[];
	/** Columns that only the target has: their values stay in rows that keep their key. */
	readonly keeps: readonly string[];
	/** Rows of the target that meet one of these would lose values that nothing brings back: nothing is loaded then. */
	readonly spares: readonly Spared[];
	/** Size on the endpoint where it is larger. */
	readonly bytes: number;
	/** What there is to copy. */
	readonly sourceBytes: number;
	/** The target's table is the larger one. */
	readonly isLargerOnTarget: boolean;
	/** As the planner of each endpoint estimates them. */
	readonly rows: number | null;
	readonly targetRows: number | null;
}

export interface Plan {
	readonly tableJobs: readonly TableJob[];
	/** Tables whose rows are not copied, as items to report. */
	readonly others: readonly Item[];
	/**
	 * Partitions whose rows come with their tree, because the endpoints divide it otherwise: to be compared one by
	 * one.
	 */
	readonly leaves: readonly TableJob[];
	/** Of those, the ones that the target has not. */
	readonly missingLeaves: readonly TableJob[];
}

export interface PlanInput {
	readonly source: readonly Table[];
	readonly target: readonly Table[];
	readonly options: Pick<CloneOptions, 'row_limit' | 'strategies'>;
	readonly ignoreRules: readonly string[];
	readonly hashMethod: HashMethod;
	/** Both servers have the same major version. */
	readonly sameMajor: boolean;
	readonly rowTypes?: { readonly source: RowTypes; readonly target: RowTypes };
}

const nameOf = (table: Table): string => `${table.schema}.${table.name}`;
const keyOf = (table: Table): string => qualified(table.schema, table.name);

export function planRows(input: PlanInput): Plan {
	const targets = new Map(input.target.map((table) => [keyOf(table), table]));
	const roots = new Map(input.source.map((table) => [keyOf(table), table]));
	const tableJobs: TableJob[] = [];
	const others: Item[] = [];
	const leaves: TableJob[] = [];
	const missingLeaves: TableJob[] = [];
	for (const table of input.source) {
		const root = table.root === null ? undefined : roots.get(qualified(...table.root));
		const wholeTree = isCopiedAsWhole(root ?? table, targets, input.options.row_limit);
		const target = targets.get(keyOf(table));
		if (table.kind === 'p') {
			if (!wholeTree || table.root !== null) continue;
		} else if (root && wholeTree) {
			if (input.options.row_limit > 0 || targets.get(keyOf(root))?.kind !== 'p') continue;
			const isThere = target?.kind === 'r' && target.root?.join('\0') === table.root?.join('\0');
			const leaf = tableJobOf(table, root, isThere ? target : table, input);
			if (!('outcome' in leaf)) (isThere ? leaves : missingLeaves).push(leaf);
			continue;
		}
		const made = tableJobOf(table, root, target, input);
		if ('outcome' in made) others.push(made);
		else tableJobs.push(made);
	}
	return {
		tableJobs,
		others: [...others, ...leftPartitions(input, roots, targets)],
		leaves,
		missingLeaves,
	};
}

/** Partitions that only the target has, of tables that are copied partition by partition. */
function leftPartitions(
	{ target, options }: PlanInput,
	roots: ReadonlyMap<string, Table>,
	targets: ReadonlyMap<string, Table>,
): Item[] {
	return target.flatMap((table) => {
		const root = table.root === null ? undefined : roots.get(qualified(...table.root));
		const isLeft =
			root !== undefined &&
			table.kind === 'r' &&
			!roots.has(keyOf(table)) &&
			!isCopiedAsWhole(root, targets, options.row_limit);
		return isLeft
			? [skipped(nameOf(table), 'only the target has this partition: its rows stay as they are')]
			: [];
	});
}

/**
 * Partitions that the target lacks or has otherwise, and a limit of rows per table, make one table job of the tree.
 * Those that only the target has are left alone.
 */
function isCopiedAsWhole(
	root: Table,
	targets: ReadonlyMap<string, Table>,
	rowLimit: number,
): boolean {
	if (root.kind !== 'p') return false;
	const target = targets.get(keyOf(root));
	if (rowLimit > 0 || target?.kind !== 'p') return true;
	const existing = new Set(target.tree?.split('\n'));
	return root.tree?.split('\n').some((partition) => !existing.has(partition)) === true;
}

function tableJobOf(
	table: Table,
	root: Table | undefined,
	target: Table | undefined,
	input: PlanInput,
): TableJob | Item {
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
	const columns = sharedColumns(own, byName, input);
	if ('why' in columns) {
		return {
			object,
			outcome: 'failed',
			detail: columns.why,
			fix: 'Make the type alike on source and target: look in the report of Tables why it was not, then clone again.',
		};
	}
	const identity = sharedIdentity(table, target, columns);
	if (strategy === 'upsert' && identity === null) {
		return {
			object,
			outcome: 'failed',
			detail: 'rows cannot be added and updated without a key that source and target have',
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
	const name = `${table.kind === 'p' ? '' : 'only '}${keyOf(table)}`;
	const isReordered = columns.some(({ reordering }) => reordering !== null);
	const from = isReordered ? reordered(name, columns) : name;
	const more = strategy === 'mirror' ? onlyOnTarget(table, target) : [];
	const extras = strategy === 'mirror' ? addedPartitions(table, input) : [];
	const isKept = identity !== null && !more.some(({ isAlwaysIdentity }) => isAlwaysIdentity);
	const targetTable = `${target.kind === 'p' ? '' : 'only '}${keyOf(target)}`;
	const isWhole = table.kind === 'p' || target.kind === 'p';
	const hash = rowHash(columns, input.hashMethod);
	const sourceBytes = Math.round(table.bytes * limitedShare(table, input.options.row_limit));
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
		digest: rowDigest(columns),
		isBinary: input.sameMajor && columns.every(({ isBinarySafe }) => isBinarySafe),
		isTree: table.kind === 'p',
		isLimited: input.options.row_limit > 0,
		isPlain: !isWhole && !isReordered && input.options.row_limit === 0,
		canTruncate: !target.isReferenced,
		canFreeze: target.kind !== 'p',
		guards: target.guards,
		keeps: isKept ? more.map(({ name }) => name) : [],
		spares: [
			...(isKept ? [] : sparedColumns(more)),
			...sparedAttributes(columns),
			...sparedPartitions(extras),
		],
		bytes: Math.max(sourceBytes, target.bytes),
		sourceBytes,
		isLargerOnTarget: target.bytes > sourceBytes,
		rows: table.rows,
		targetRows: target.rows,
	};
}

/** Partitions of a table that only the target has: a load of the whole tree would make their rows the source's. */
function addedPartitions(table: Table, { source, target }: PlanInput): string[] {
	if (table.kind !== 'p') return [];
	const known = new Set(source.map(keyOf));
	return target
		.filter(
			({ root, kind }) =>
				kind === 'r' && root?.join('\0') === [table.schema, table.name].join('\0'),
		)
		.map(keyOf)
		.filter((name) => !known.has(name));
}

/** The columns as both endpoints have them, or why the values of one cannot be brought over. */
function sharedColumns(
	own: readonly Column[],
	counterparts: ReadonlyMap<string, Column>,
	{ rowTypes }: PlanInput,
): readonly SharedColumn[] | { readonly why: string } {
	try {
		return own.flatMap((column) => {
			const counterpart = counterparts.get(column.name);
			if (!counterpart) return [];
			const reordering =
				rowTypes && column.type === counterpart.type
					? reorderingOf(column.name, column.type, rowTypes.source, rowTypes.target)
					: null;
			return [shareColumn(column, counterpart, reordering)];
		});
	} catch (error) {
		if (error instanceof NoReordering) return { why: error.message };
		throw error;
	}
}

/** The relation with its values as the target says them; with `ctid`, by which a verification cuts it. */
function reordered(from: string, columns: readonly SharedColumn[]): string {
	const list = columns.map(({ name, reordering }) =>
		reordering === null ? ident(name) : `${reordering.expression} as ${ident(name)}`,
	);
	return `(select ${list.join(', ')}, ctid from ${from}) as ordered`;
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
