// Tables that got another name or schema on the source since the last clone. A table that comes and one that is
// gone look like that, too: what tells them apart is the oid, which a table keeps, and by which the names at the
// end of a clone are remembered. The copy is renamed: it keeps its rows and all that rests on it, and the names of
// keys and sequences, which a second table could not have beside it.
import * as z from 'zod/mini';
import type { StageContext } from '../components/component.ts';
import type { Fact, Facts } from './fact.ts';
import { movedTo, partsOf } from './names.ts';
import { userTable } from './kinds/table-sql.ts';
import type { Sides, Step } from './step.ts';

const namesSchema = z.record(z.string(), z.string());
/** Names of tables, qualified and quoted, by their oids. */
type Names = z.infer<typeof namesSchema>;

/** The oid of another source says nothing of this one. */
const memoryKey = ({ source }: Pick<StageContext, 'source'>): string => `names on ${source.ref}`;

const TABLES = `
select coalesce(jsonb_object_agg(c.oid, format('%I.%I', n.nspname, c.relname)), '{}') as names
from pg_class c join pg_namespace n on n.oid = c.relnamespace where ${userTable()}`;

async function readTableNames({ source }: Pick<StageContext, 'source'>): Promise<Names> {
	const session = await source.database();
	const [row] = await session.query<{ names: unknown }>(TABLES);
	return namesSchema.parse(row?.names);
}

/** Remembers the names that the source's tables have now, for the next clone. */
export async function rememberTableNames(
	context: Pick<StageContext, 'source' | 'memory' | 'remember'>,
): Promise<void> {
	const key = memoryKey(context);
	const names = await readTableNames(context);
	if (JSON.stringify(context.memory[key]) !== JSON.stringify(names))
		context.remember({ [key]: names });
}

/** A step for each table of the target that follows its original to another name; not those in `skip`. */
export async function moveSteps(
	sides: Sides,
	context: Pick<StageContext, 'source' | 'memory'>,
	skip: ReadonlySet<string>,
): Promise<Step[]> {
	const remembered = namesSchema.safeParse(context.memory[memoryKey(context)]);
	if (!remembered.success) return [];
	const missing = [...sides.source.byId.values()].filter(
		({ id, kind }) => kind === 'table' && !sides.target.byId.has(id) && !skip.has(id),
	);
	if (missing.length === 0) return [];
	const before = new Map(
		Object.entries(await readTableNames(context)).map(([oid, name]) => [
			name,
			remembered.data[oid],
		]),
	);
	return missing.flatMap((table) => {
		// Another table may have the old name by now.
		const name = before.get(table.identity) ?? table.identity;
		const copy = name === table.identity ? undefined : sides.target.byId.get(`table:${name}`);
		return copy && areAlike(table, copy, sides) ? [moveStep(table, copy)] : [];
	});
}

/** After a restore an oid may stand for another table: half of the columns at least must be the same. */
function areAlike(table: Fact, copy: Fact, { source, target }: Sides): boolean {
	const columnsOf = (facts: Facts, { id }: Fact): Set<unknown> =>
		new Set(
			(facts.dependents.get(id) ?? []).flatMap((child) => {
				const fact = facts.byId.get(child);
				return fact?.kind === 'column' && fact.parent === id ? [fact.definition['name']] : [];
			}),
		);
	const [wanted, existing] = [columnsOf(source, table), columnsOf(target, copy)];
	const shared = [...wanted].filter((name) => existing.has(name)).length;
	return (
		table.definition['partition_by'] === copy.definition['partition_by'] &&
		shared * 2 >= existing.size
	);
}

const moveStep = (table: Fact, copy: Fact): Step => ({
	id: table.id,
	action: 'alter',
	facts: [table],
	removed: [],
	statements: [
		`create schema if not exists ${partsOf(table.identity)[0]}`,
		...movedTo('table', copy.identity, table.identity),
	],
	fallbacks: [],
	alone: false,
	needs: [],
	differs: [`name, was ${copy.object}`],
});
