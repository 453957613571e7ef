// Names that only one thing of a database can bear: a view and a table, a composite type and a table, a function
// and an aggregate. What the source has become something else must give up its name on the target.
import type { Fact, Facts, Kind } from './fact.ts';

type Kinds = ReadonlyMap<string, Kind>;

/** `schema.name(` without the arguments, both parts quoted where they must be. */
const ROUTINE = /^(?:"(?:[^"]|"")*"|[^".]+)\.(?:"(?:[^"]|"")*"|[^"(]+)/;

/** Schema and name of a qualified name, both quoted where Postgres quotes them. */
export function partsOf(name: string): readonly [schema: string, name: string] {
	const parts = /^("(?:[^"]|"")*"|[^."]+)\.("(?:[^"]|"")*"|[^."]+)$/.exec(name);
	return [parts?.[1] ?? '', parts?.[2] ?? ''];
}

const IN_SCHEMA = /^(?:schema:("(?:[^"]|"")*"|[^".]+)$|[a-z_]+:("(?:[^"]|"")*"|[^". (]+)\.)/;

/** Schema of the fact of this id, quoted where it must be; a schema is its own. */
export function schemaOf(id: string): string | undefined {
	const found = IN_SCHEMA.exec(id);
	return found?.[1] ?? found?.[2];
}

/** Statements that give a table or sequence another qualified name. */
export function movedTo(kind: 'table' | 'sequence', from: string, to: string): string[] {
	const [fromSchema, fromName] = partsOf(from);
	const [toSchema, toName] = partsOf(to);
	return [
		...(fromName === toName ? [] : [`alter ${kind} ${from} rename to ${toName}`]),
		...(fromSchema === toSchema
			? []
			: [`alter ${kind} ${fromSchema}.${toName} set schema ${toSchema}`]),
	];
}

/** The names that the fact of this id bears, each with its namespace; routines without their arguments. */
export function namesOf(id: string, kinds: Kinds): string[] {
	const colon = id.indexOf(':');
	const identity = id.slice(colon + 1);
	return (kinds.get(id.slice(0, colon))?.names ?? []).map(
		(space) => `${space} ${space === 'routine' ? (ROUTINE.exec(identity)?.[0] ?? '') : identity}`,
	);
}

/** The types of a routine's arguments. */
const typesOf = ({ parts }: Fact): readonly unknown[] => {
	const types: unknown = JSON.parse(parts?.['types'] ?? '[]');
	return Array.isArray(types) ? types : [];
};

const beginsLike = (long: readonly unknown[], short: readonly unknown[]): boolean =>
	short.every((type, at) => type === long[at]);

const hasSameArguments = (one: Fact, other: Fact): boolean =>
	typesOf(one).length === typesOf(other).length && beginsLike(typesOf(one), typesOf(other));

/** Whether a call may mean either: the arguments of one begin like those of the other, whose further ones have defaults. */
function mayBeConfused(one: Fact, other: Fact): boolean {
	const [short = [], long = []] = [typesOf(one), typesOf(other)].toSorted(
		(a, b) => a.length - b.length,
	);
	const hasDefaults = [one, other].some(
		({ definition }) => Number(definition['defaults'] ?? 0) > 0,
	);
	return hasDefaults && beginsLike(long, short);
}

/**
 * Ids of what only the target has and what has the name of a fact the target lacks, by the id of that fact.
 * Routines may share a name: one is taken for another with new arguments where neither endpoint has any more of them and
 * it may go (`mayGo`) or calls could mean either.
 */
export function namesakes(
	{ source, target }: { readonly source: Facts; readonly target: Facts },
	kinds: Kinds,
	mayGo: (fact: Fact) => boolean,
): ReadonlyMap<string, readonly string[]> {
	const only = (facts: Facts, others: Facts): Map<string, Fact[]> => {
		const found = new Map<string, Fact[]>();
		for (const fact of facts.byId.values()) {
			if (others.byId.has(fact.id)) continue;
			for (const name of namesOf(fact.id, kinds))
				found.set(name, [...(found.get(name) ?? []), fact]);
		}
		return found;
	};
	const extra = only(target, source);
	const taken = new Map<string, readonly string[]>();
	for (const [name, missing] of only(source, target)) {
		const holders = extra.get(name) ?? [];
		const isPair = missing.length === 1 && holders.length === 1;
		for (const fact of missing) {
			const blockersOf = name.startsWith('routine ')
				? holders.filter(
						(holder) =>
							hasSameArguments(holder, fact) ||
							(isPair && (mayGo(holder) || mayBeConfused(holder, fact))),
					)
				: holders;
			if (blockersOf.length > 0)
				taken.set(fact.id, [...(taken.get(fact.id) ?? []), ...blockersOf.map(({ id }) => id)]);
		}
	}
	return taken;
}
