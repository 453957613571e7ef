// Columns that got another name. Where what only the target has is going to go anyhow, a column that stands in
// the place of a new one and is like it is renamed: it keeps its place, its rows and all that rests on it.
import { align } from './align.ts';
import type { Fact, Facts } from './fact.ts';
import type { FactPair } from './planning.ts';

/** What two columns must share, beside their place. */
const ALIKE = ['type', 'collation', 'generated', 'identity', 'inherited'] as const;

function columnsByTable({ byId }: Facts): Map<string, string[]> {
	const tables = new Map<string, string[]>();
	for (const { id, kind, parent } of byId.values())
		if (kind === 'column' && parent !== null)
			tables.set(parent, [...(tables.get(parent) ?? []), id]);
	return tables;
}

const isRenamed = (source: Fact, target: Fact): boolean =>
	target.drop !== null && ALIKE.every((key) => source.definition[key] === target.definition[key]);

/** A table or column of the target that gets another name. */
export interface Rename {
	/** The source's, whose name it gets. */
	readonly fact: Fact;
	/** The target's, as it is called now. */
	readonly copy: Fact;
	readonly statements: readonly string[];
	readonly differs: readonly string[];
}

/** Columns that should have the name of one of the source in their place. */
export function renamedColumns({ source, target }: FactPair): readonly Rename[] {
	const renamed: Rename[] = [];
	const onTarget = columnsByTable(target);
	for (const [table, wanted] of columnsByTable(source)) {
		for (const stretch of align(wanted, onTarget.get(table) ?? []) ?? []) {
			if (stretch.wanted.length !== stretch.existing.length) continue;
			for (const [at, id] of stretch.wanted.entries()) {
				const fact = source.byId.get(id);
				const copy = target.byId.get(stretch.existing[at] ?? '');
				if (fact && copy && isRenamed(fact, copy))
					renamed.push({ fact, copy, statements: [renameColumn(fact, copy)], differs: ['name'] });
			}
		}
	}
	return renamed;
}

/** The statement that renames it. */
export const renameColumn = (column: Fact, existing: Fact): string =>
	`alter table ${String(existing.definition['table'])} rename column ${String(existing.definition['name'])} to ${String(column.definition['name'])}`;
