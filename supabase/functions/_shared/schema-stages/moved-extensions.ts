// Extensions that stand in another schema on the target than on the source. Everything that uses their types,
// functions and operators is printed with that schema, so they are moved before anything else is compared: what rests
// on them keeps its rows and only its words change.
import type { Endpoint } from '../contract/endpoint.ts';
import type { EndpointRole } from '../domain/endpoint-role.ts';
import type { ReadContext } from '../contract/context.ts';
import type { PreviewWarning } from '../domain/preview.ts';
import { both } from '../platform/both.ts';
import type { Fact } from '../schema/fact.ts';
import { extensionKind, moveStatement, schemaKind } from '../schema/kinds/schema.ts';
import { readFacts, type PrintedPath } from '../schema/read.ts';
import type { PlannedChange } from '../schema/planning.ts';

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
	if (!context.options.components.tables || !(await standElsewhere(context))) return [];
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

const PLACES = `
select e.extname as name, e.extnamespace::pg_catalog.regnamespace::pg_catalog.text as schema
from pg_catalog.pg_extension e`;

/** Whether any does: there is rarely one, and planning how to read facts takes longer than all else here. */
async function standElsewhere({
	source,
	target,
}: Pick<ReadContext, 'source' | 'target'>): Promise<boolean> {
	const read = async (endpoint: Endpoint) =>
		(await endpoint.database()).query<{ name: string; schema: string }>(PLACES);
	const [wanted, found] = await both(read(source), read(target));
	return wanted.some(({ name, schema }) =>
		found.some((extension) => extension.name === name && extension.schema !== schema),
	);
}

/**
 * How both endpoints print what uses the extensions as if they were moved, for previews, which cannot move them: without
 * the names of the schemas that they stand in and are to stand in. Undefined where there is nothing to move.
 */
export const pathAsIfMoved = (moves: readonly Move[]): PrintedPath =>
	moves.length === 0
		? undefined
		: [...new Set(moves.flatMap(({ wanted, found }) => [schemaOf(wanted), schemaOf(found)]))].join(
				', ',
			);

/** What a preview tells of the extensions that are going to be moved. */
export const moveWarnings = (moves: readonly Move[]): PreviewWarning[] =>
	moves.map(({ wanted, found }) => ({
		level: 'warning',
		object: wanted.object,
		message: `It is moved from ${schemaOf(found)} to ${schemaOf(wanted)} on the target, before anything else`,
		fix: `Where bodies of functions or your application name ${schemaOf(found)} for what it brings, let them name ${schemaOf(wanted)}.`,
	}));
