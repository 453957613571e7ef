// Tables and columns that got another name (tables: or schema) on the source since the last clone. What comes and
// what is gone look like that, too: what tells them apart are the oid and the number, which they keep, and by which
// the names at the end of a clone are remembered. The copy is renamed: it keeps its rows and all that rests on it,
// and the names of keys and sequences, which a second table could not have beside it.
import * as z from 'zod/mini';
import type { StageContext } from '../components/component.ts';
import type { Fact, Facts } from './fact.ts';
import { KIND_BY_NAME } from './kinds/index.ts';
import { movedTo, namesOf, partsOf } from './names.ts';
import { renameColumn, type Rename } from './renames.ts';
import { userTable } from './kinds/table-sql.ts';
import { childrenOf, type Sides } from './step.ts';

const namesSchema = z.record(
	z.string(),
	z.object({ name: z.string(), columns: z.record(z.string(), z.string()) }),
);
/** Tables by their oids, columns by their numbers. Names are quoted where they must be, those of tables qualified. */
type Names = z.infer<typeof namesSchema>;

/** The oids of another source say nothing of this one. */
const memoryKey = ({ source }: Pick<StageContext, 'source'>): string => `names on ${source.ref}`;

const NAMES = `
select coalesce(jsonb_object_agg(c.oid, jsonb_build_object(
    'name', format('%I.%I', n.nspname, c.relname),
    'columns', coalesce((
      select jsonb_object_agg(a.attnum, quote_ident(a.attname)) from pg_attribute a
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '{}')
  )), '{}') as names
from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${userTable()}`;

async function readNames({ source }: Pick<StageContext, 'source'>): Promise<Names> {
	const session = await source.database();
	const [row] = await session.query<{ names: unknown }>(NAMES);
	return namesSchema.parse(row?.names);
}

/** Remembers the names that the source's tables and columns have now, for the next clone. */
export async function rememberNames(
	context: Pick<StageContext, 'source' | 'memory' | 'remember'>,
): Promise<void> {
	const key = memoryKey(context);
	const names = await readNames(context);
	if (JSON.stringify(context.memory[key]) !== JSON.stringify(names))
		context.remember({ [key]: names });
}

/** The tables that are to be renamed; where there are none, the columns. Leaves out what is in `skip`. */
export async function renamesSince(
	sides: Sides,
	context: Pick<StageContext, 'source' | 'memory'>,
	skip: ReadonlySet<string> = new Set(),
): Promise<Rename[]> {
	const remembered = namesSchema.safeParse(context.memory[memoryKey(context)]);
	if (!remembered.success) return [];
	const missing = [...sides.source.byId.values()].filter(
		({ id, kind }) =>
			(kind === 'table' || kind === 'column') && !sides.target.byId.has(id) && !skip.has(id),
	);
	if (missing.length === 0) return [];
	const before = namesBefore(remembered.data, await readNames(context));
	const pairs = missing.flatMap((fact) => {
		const copy = sides.target.byId.get(before.get(fact.id) ?? '');
		return copy ? [{ fact, copy }] : [];
	});
	// What has the name on the target is seen to first: a view, a sequence.
	const taken = new Set([...sides.target.byId.keys()].flatMap((id) => namesOf(id, KIND_BY_NAME)));
	const isFree = ({ id }: Fact): boolean =>
		namesOf(id, KIND_BY_NAME).every((name) => !taken.has(name));
	const tables = pairs
		.filter(
			({ fact, copy }) => fact.kind === 'table' && isFree(fact) && areAlike(fact, copy, sides),
		)
		.map(({ fact, copy }) => following(fact, copy, renameTable(fact, copy)));
	if (tables.length > 0) return tables;
	return (
		pairs
			// What is inherited is renamed where it comes from.
			.filter(({ fact, copy }) => fact.kind === 'column' && copy.definition['inherited'] === null)
			.map(({ fact, copy }) => following(fact, copy, [renameColumn(fact, copy)]))
	);
}

const following = (fact: Fact, copy: Fact, statements: readonly string[]): Rename => ({
	fact,
	copy,
	statements,
	differs: [`name, was ${copy.object}`],
});

/** Ids of facts as they were, by the ids that they have now; those that were not there before are left out. */
function namesBefore(remembered: Names, now: Names): ReadonlyMap<string, string> {
	const before = new Map<string, string>();
	for (const [oid, { name, columns }] of Object.entries(now)) {
		const earlier = remembered[oid];
		if (!earlier) continue;
		if (earlier.name !== name) before.set(`table:${name}`, `table:${earlier.name}`);
		for (const [number, column] of Object.entries(columns)) {
			const old = earlier.columns[number];
			// Its table has its new name by then.
			if (old !== undefined && old !== column)
				before.set(`column:${name}.${column}`, `column:${name}.${old}`);
		}
	}
	return before;
}

/** After a restore an oid may stand for another table: half of the columns at least must be the same. */
function areAlike(table: Fact, copy: Fact, { source, target }: Sides): boolean {
	const columnsOf = (facts: Facts, { id }: Fact): Set<unknown> =>
		new Set(
			childrenOf(facts, id).flatMap(({ kind, definition }) =>
				kind === 'column' ? [definition['name']] : [],
			),
		);
	const [wanted, existing] = [columnsOf(source, table), columnsOf(target, copy)];
	const shared = [...wanted].filter((name) => existing.has(name)).length;
	return (
		table.definition['partition_by'] === copy.definition['partition_by'] &&
		shared * 2 >= existing.size
	);
}

function renameTable({ identity }: Fact, copy: Fact): string[] {
	const [schema] = partsOf(identity);
	return [
		...(schema === partsOf(copy.identity)[0] ? [] : [`create schema if not exists ${schema}`]),
		...movedTo('table', copy.identity, identity),
	];
}
