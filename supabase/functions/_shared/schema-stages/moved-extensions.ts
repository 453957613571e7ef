// Extensions that stand in another schema on the target than on the source. Everything that uses their types,
// functions and operators is printed with that schema, so they are moved before anything else is compared: what rests
// on them keeps its rows and only its words change.
import type { EndpointRole } from '../domain/endpoint-role.ts';
import type { ReadContext } from '../contract/context.ts';
import type { PreviewWarning } from '../domain/preview.ts';
import { both } from '../platform/both.ts';
import type { Session } from '../platform/postgres/index.ts';
import { type Fact, withParts } from '../schema/fact.ts';
import { extensionKind, moveStatement, schemaKind } from '../schema/kinds/schema.ts';
import { indexFacts, readFacts } from '../schema/read.ts';
import type { FactPair, PlannedChange } from '../schema/planning.ts';

/** An extension of both endpoints, and the statements that bring the target's to the source's schema. */
interface Move {
	readonly wanted: Fact;
	readonly found: Fact;
	readonly change: PlannedChange;
}

const schemaOf = ({ definition }: Fact): string => String(definition['schema']);

/** The extensions to move, except those that were tried before (`skip`). */
export async function movedExtensions(
	context: Pick<ReadContext, 'source' | 'target' | 'options'>,
	skip: ReadonlySet<string> = new Set(),
): Promise<Move[]> {
	if (!context.options.components.tables) return [];
	const kinds = [schemaKind, extensionKind];
	const read = async (role: EndpointRole) => readFacts(await context[role].database(), kinds);
	const [source, target] = await both(read('source'), read('target'));
	return [...source.byId.values()].flatMap((wanted): Move[] => {
		const found = target.byId.get(wanted.id);
		if (wanted.kind !== extensionKind.name || !found || skip.has(wanted.id)) return [];
		if (schemaOf(wanted) === schemaOf(found)) return [];
		const schema = `schema:${schemaOf(wanted)}`;
		const before = target.byId.has(schema) ? [] : (source.byId.get(schema)?.create ?? []);
		// Of those that cannot be moved. Without `cascade`: it fails where anything rests on it.
		const again = found.drop === null ? [] : [[...before, found.drop, ...wanted.create]];
		const change: PlannedChange = {
			id: wanted.id,
			action: 'alter',
			facts: [wanted],
			removed: [],
			statements: [...before, moveStatement(wanted)],
			fallbacks: again,
			alone: true,
			needs: [],
			keeps: [],
			differs: [`was in schema ${schemaOf(found)}`],
		};
		return [{ wanted, found, change }];
	});
}

/** Names of what an extension brought: types, functions, operators and operator classes. */
const MEMBERS = `
select distinct case
    when i.type in ('type', 'table', 'view') then i.name
    when i.type = 'operator' then a.names[pg_catalog.cardinality(a.names)]
    when i.type in ('operator class', 'operator family', 'function', 'aggregate')
      then pg_catalog.quote_ident(a.names[pg_catalog.cardinality(a.names)]) end as name
from pg_catalog.pg_extension e
join pg_catalog.pg_namespace n on n.oid = e.extnamespace
join pg_catalog.pg_depend d
  on d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.refobjid = e.oid and d.deptype = 'e'
cross join lateral pg_catalog.pg_identify_object(d.classid, d.objid, 0) i
cross join lateral pg_catalog.pg_identify_object_as_address(d.classid, d.objid, 0) a (type, names, args)
where pg_catalog.format('%I', e.extname) = $1 and i.schema = pg_catalog.quote_ident(n.nspname)`;

async function memberNames(target: Session, { identity }: Fact): Promise<string[]> {
	const rows = await target.query(MEMBERS, [identity]);
	return rows.flatMap(({ name }) => (typeof name === 'string' ? [name] : []));
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

/** Words of users, which do not change with the schema of what they name. */
const OWN_WORDS: ReadonlySet<string> = new Set(['body', 'text']);

/**
 * The pair as it is once the extensions are moved: for previews, which cannot move them. In what the target
 * prints, the names of what they brought get their new schema.
 */
export async function asIfMoved(
	pair: FactPair,
	moves: readonly Move[],
	context: Pick<ReadContext, 'target'>,
): Promise<FactPair> {
	if (moves.length === 0 || pair.target.byId.size === 0) return pair;
	const target = await context.target.database();
	const renames: ((text: string) => string)[] = [];
	for (const { wanted, found } of moves) {
		const names = (await memberNames(target, found)).map(escaped).join('|');
		const from = new RegExp(
			`(?<![\\w"$.])${escaped(schemaOf(found))}\\.(?=(?:${names})(?![\\w"$]))`,
			'g',
		);
		const to = `${schemaOf(wanted)}.`;
		renames.push((text) => text.replaceAll(from, () => to));
	}
	const renamed = (text: string): string => renames.reduce((now, rename) => rename(now), text);
	const inside = (value: unknown): unknown => {
		if (typeof value === 'string') return renamed(value);
		if (Array.isArray(value)) return value.map(inside);
		if (typeof value !== 'object' || value === null) return value;
		return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, inside(part)]));
	};
	const facts = [...pair.target.byId.values()].map((fact): Fact => ({
		...fact,
		id: renamed(fact.id),
		identity: renamed(fact.identity),
		object: renamed(fact.object),
		parent: fact.parent === null ? null : renamed(fact.parent),
		needs: fact.needs.map(renamed),
		drop: fact.drop === null ? null : renamed(fact.drop),
		create: fact.create.map(renamed),
		...withParts(fact, renamed),
		definition: Object.fromEntries(
			Object.entries(fact.definition).map(([key, value]) => [
				key,
				OWN_WORDS.has(key) ? value : inside(value),
			]),
		),
	}));
	return { ...pair, target: indexFacts(facts) };
}

/** What a preview tells of the extensions that are going to be moved. */
export const moveWarnings = (moves: readonly Move[]): PreviewWarning[] =>
	moves.map(({ wanted, found }) => ({
		level: 'warning',
		object: wanted.object,
		message: `It is moved from ${schemaOf(found)} to ${schemaOf(wanted)} on the target, before anything else`,
		fix: `Where bodies of functions or your application name ${schemaOf(found)} for what it brings, let them name ${schemaOf(wanted)}.`,
	}));
