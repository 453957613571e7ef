// Values that are rows: of composite types, or of tables whose row type a column has. Their text says the values in
// the order of the attributes, and that order may differ between the endpoints: then the source is asked for the
// text in the target's order, so that every attribute keeps its value. Pure but for reading the types.
import { type Row, type Session, ident } from '../../platform/postgres/index.ts';
import type { Reordering } from './expressions.ts';
import { readFactsAgain } from './inspect.ts';
import { READ_ROW_TYPES } from './queries.ts';

interface Attribute {
	readonly name: string;
	readonly type: string;
}

interface RowType extends Row {
	readonly type: string;
	readonly kind: 'row' | 'array' | 'domain' | 'range';
	/** What an array, domain or range is made of. */
	readonly of: string | null;
	readonly attributes: readonly Attribute[];
}

/** By name. */
export type RowTypes = ReadonlyMap<string, RowType>;

export async function readRowTypes(session: Session): Promise<RowTypes> {
	const types = await readFactsAgain<RowType>(session, READ_ROW_TYPES);
	return new Map(types.map((type) => [type.type, type]));
}

/** Why the values of a type cannot be brought over. */
export class NoReordering extends Error {}

/** Null when both endpoints say the values of this column alike. Throws NoReordering. */
export function reorderingOf(
	column: string,
	type: string,
	source: RowTypes,
	target: RowTypes,
): Reordering | null {
	if (isAlike(type, source, target)) return null;
	const value = ident(column);
	return {
		expression: `${ordered(value, type, source, target)}::pg_catalog.text`,
		shared: hasMore(type, source, target)
			? `${ordered(value, type, source, target, true)}::pg_catalog.text`
			: null,
	};
}

const attributesIn = (types: RowTypes, type: string): readonly Attribute[] =>
	types.get(type)?.attributes ?? [];

function isAlike(type: string, source: RowTypes, target: RowTypes): boolean {
	const [from, to] = [source.get(type), target.get(type)];
	if (from?.kind !== to?.kind || from === undefined || to === undefined) return true;
	if (from.of !== null) return isAlike(from.of, source, target);
	return (
		from.attributes.length === to.attributes.length &&
		from.attributes.every(
			({ name, type: of }, at) => to.attributes[at]?.name === name && isAlike(of, source, target),
		)
	);
}

/** True when the target's rows have attributes that the source's have not. */
function hasMore(type: string, source: RowTypes, target: RowTypes): boolean {
	const to = target.get(type);
	if (to === undefined || isAlike(type, source, target)) return false;
	if (to.of !== null) return hasMore(to.of, source, target);
	const names = new Set(attributesIn(source, type).map(({ name }) => name));
	return to.attributes.some(
		({ name, type: of }) => !names.has(name) || hasMore(of, source, target),
	);
}

/** SQL: the value as an anonymous row (or array of such) in the target's order. */
function ordered(
	value: string,
	type: string,
	source: RowTypes,
	target: RowTypes,
	isOnTarget = false,
): string {
	const to = target.get(type);
	if (to === undefined || isAlike(type, source, target)) return value;
	const inner = (of: string, part: string): string => ordered(part, of, source, target, isOnTarget);
	if (to.kind === 'range') throw new NoReordering(`${type} is a range of rows`);
	if (to.kind === 'domain') return inner(to.of ?? '', `(${value})::${to.of ?? ''}`);
	if (to.kind === 'array') {
		const element = inner(to.of ?? '', `(${value})[i]`);
		// Fails for arrays of other shapes: their text cannot be put together here.
		return `(case when pg_catalog.array_ndims(${value}) > 1 or pg_catalog.array_lower(${value}, 1) <> 1
  then array[
    (pg_catalog.array_dims(${value}) || ' is not a plain list')::pg_catalog.int4::pg_catalog.text::pg_catalog.record]
  when ${value} is not null
  then array(select ${element} from pg_catalog.generate_subscripts(${value}, 1) i order by i) end)`;
	}
	const known = new Map(attributesIn(source, type).map((attribute) => [attribute.name, attribute]));
	const names = new Set(to.attributes.map(({ name }) => name));
	const lost = [...known.keys()].find((name) => !names.has(name));
	if (lost !== undefined)
		throw new NoReordering(`the target’s ${type} lacks the attribute ${lost}`);
	const parts = to.attributes.map(({ name, type: of }) =>
		known.has(name) ? inner(of, `(${value}).${ident(name)}`) : 'null',
	);
	return `(case when ${value} is distinct from null then row(${parts.join(', ')}) end)`;
}
