// What got another name or schema on the source since the last clone. What comes and what is gone look like that,
// too: the oid, which both keep, shows which it is. At the end of a clone the oids of a thing and of its copy are
// remembered with the name. The copy is renamed: it keeps its rows and all that rests on it. Names that go round (two
// tables that swap theirs) are given away and taken in one transaction.
import type { EndpointRole } from '../domain/endpoint-role.ts';
import * as z from 'zod/mini';
import type { StageContext } from '../contract/context.ts';
import type { ComponentKey } from '../domain/component.ts';
import { both } from '../platform/both.ts';
import type { Fact } from '../schema/fact.ts';
import { readNamed, readPlaces, type Named, type NamedPlace } from './names-read.ts';
import type { Session } from '../platform/postgres/index.ts';
import { closure } from '../schema/order.ts';
import { readCells } from '../schema/read.ts';
import { readable } from '../schema/unread.ts';
import type { PlannedChange } from '../schema/planning.ts';

/** By the address on the source: address of the copy (none if there was none yet), name, holder, id of the fact. */
const memorySchema = z.record(
	z.string(),
	z.tuple([z.nullable(z.string()), z.string(), z.nullable(z.string()), z.nullable(z.string())]),
);
type Memory = z.infer<typeof memorySchema>;

/** The oids of another source say nothing of this one. */
const memoryKey = ({ source }: Pick<StageContext, 'source'>): string =>
	`oids and names on ${source.ref}`;

/** A copy that is to have the name, and stand in the schema, that the source's thing has now. */
interface Wanted {
	readonly now: Named;
	readonly copy: Named;
}

/** A change that renames, with what was called how. */
export interface Renaming {
	readonly change: PlannedChange;
	/** Ids of facts as they are called on the target, by the ids that they will have. */
	readonly was: ReadonlyMap<string, string>;
}

interface Both<T = Named> {
	readonly source: readonly T[];
	readonly target: readonly T[];
}

async function readBoth<T>(
	context: Pick<StageContext, 'source' | 'target'>,
	read: (session: Session) => Promise<readonly T[]>,
): Promise<Both<T>> {
	const of = async (role: EndpointRole) => read(await context[role].database());
	const [source, target] = await both(of('source'), of('target'));
	return { source, target };
}

const isOf = (components: readonly ComponentKey[], { component }: NamedPlace): boolean =>
	components.some((key) => key === component);

/** Equal on both endpoints for a thing and its copy. Columns of views share a fact with their holder. */
const placeOf = ({ fact, name, level }: NamedPlace): string =>
	level === 2 ? `${fact} ${name}` : fact;

/** What is in the same place on both endpoints is remembered as a thing and its copy. */
export async function rememberNames(
	context: Pick<StageContext, 'source' | 'target' | 'memory' | 'remember'>,
	components: readonly ComponentKey[],
): Promise<void> {
	const key = memoryKey(context);
	const pair = await readBoth(context, readPlaces);
	const copies = new Map(pair.target.map((named) => [placeOf(named), named.address]));
	const earlier = memorySchema.safeParse(context.memory[key]);
	const memory: Memory = earlier.success ? outlived(earlier.data, pair) : {};
	for (const named of pair.source) {
		if (!isOf(components, named)) continue;
		const copy = copies.get(placeOf(named));
		// What could not be renamed now is renamed another time.
		const known = earlier.success ? earlier.data[named.address] : undefined;
		const holder = named.level === 1 ? named.holder : null;
		if (copy !== undefined) memory[named.address] = [copy, named.name, holder, null];
		else memory[named.address] = known ?? [null, named.name, holder, placeOf(named)];
	}
	if (JSON.stringify(context.memory[key]) !== JSON.stringify(memory))
		context.remember({ [key]: memory });
}

/** What is remembered of things that the source no longer has, and whose copies are still there. */
function outlived(memory: Memory, { source, target }: Both<NamedPlace>): Memory {
	const [wanted, copies] = [source, target].map(
		(named) => new Set(named.map(({ address }) => address)),
	);
	return Object.fromEntries(
		Object.entries(memory).filter(
			([address, [copy]]) => copy !== null && wanted?.has(address) === false && copies?.has(copy),
		),
	);
}

/** Ids of what earlier clones made on the target, and what the source had in the same place then. */
export async function madeByClones({
	target,
	...context
}: Pick<StageContext, 'source' | 'target' | 'memory'>): Promise<ReadonlySet<string>> {
	const memory = memorySchema.safeParse(context.memory[memoryKey(context)]);
	if (!memory.success) return new Set();
	const known = new Set(Object.values(memory.data).flatMap(([copy, , , place]) => [copy, place]));
	const named = await readPlaces(await target.database());
	return new Set(
		named
			.filter(({ address, fact, level }) => level === 1 && (known.has(address) || known.has(fact)))
			.map(({ fact }) => fact),
	);
}

/**
 * The next renames: of schemas first, then of what is in them, then of parts of that, because the words that rename
 * these name those. Nothing that was tried before (`skip`), and nothing whose new name something else still has.
 */
export async function renamesSince(
	context: Pick<StageContext, 'source' | 'target' | 'memory'>,
	components: readonly ComponentKey[],
	skip: ReadonlySet<string> = new Set(),
): Promise<Renaming[]> {
	const memory = memorySchema.safeParse(context.memory[memoryKey(context)]);
	if (!memory.success) return [];
	const pair = await readBoth(context, readNamed);
	if (isOfOtherThings(memory.data, pair.source)) return [];
	const wanted = wantedNames(memory.data, pair).filter(
		({ now }) => isOf(components, now) && !skip.has(stepId(now)),
	);
	for (const level of [0, 1, 2]) {
		const ofLevel = wanted.filter(({ now }) => now.level === level);
		const groups = takenInTurn(ofLevel, pair.target);
		if (groups.length === 0) continue;
		const ids = groups.flat().map(({ now }) => now.fact);
		const facts = readable(await readCells(await context.source.database(), new Map(), ids));
		const byId = new Map(facts.map((fact) => [fact.id, fact]));
		return groups.map((group) => renaming(group, byId));
	}
	return [];
}

const stepId = (named: Named): string => `rename ${placeOf(named)}`;

/** After a restore the same oids may stand for other things: then most have other names. */
function isOfOtherThings(memory: Memory, now: readonly Named[]): boolean {
	const known = now.filter(({ address }) => memory[address] !== undefined);
	const alike = known.filter(({ address, name }) => memory[address]?.[1] === name);
	return alike.length * 2 < known.length;
}

function wantedNames(memory: Memory, { source, target }: Both): Wanted[] {
	const byAddress = new Map(target.map((named) => [named.address, named]));
	const byPlace = new Map(target.map((named) => [placeOf(named), named]));
	return source.flatMap((now): Wanted[] => {
		const [address, name, holder, place] = memory[now.address] ?? [];
		if (name === undefined) return [];
		const isRenamed = name !== now.name;
		const isMoved = now.level === 1 && holder !== now.holder;
		if (!isRenamed && !isMoved) return [];
		const known = address == null ? undefined : byAddress.get(address);
		const guessed = byPlace.has(placeOf(now)) ? undefined : byPlace.get(place ?? '');
		const copy = address == null ? guessed : known;
		// It has another name than was remembered: given on the target, or already by this clone.
		if (copy === undefined || copy.name !== name || copy.level !== now.level) return [];
		return isRenamed || copy.schema !== now.schema ? [{ now, copy }] : [];
	});
}

/** The names that only one thing can have, as they are and as they are to be. */
const namesOf = (place: Named, { name, schema }: Named): string[] =>
	place.spaces.map((space) => `${space}${schema === null ? '' : ` ${schema}`} ${name}`);

/** Sets of renames each of which waits for others of its set to give up a name. */
function takenInTurn(all: readonly Wanted[], target: readonly Named[]): Wanted[][] {
	const holders = new Map(
		target.flatMap((named) => namesOf(named, named).map((name) => [name, named.address] as const)),
	);
	const waitsFor = ({ now, copy }: Wanted): string[] =>
		namesOf(copy, now)
			.flatMap((name) => holders.get(name) ?? [])
			.filter((address) => address !== copy.address);
	const byCopy = new Map(all.map((wanted) => [wanted.copy.address, wanted]));
	for (let isStable = false; !isStable;) {
		isStable = true;
		for (const [address, wanted] of byCopy) {
			if (waitsFor(wanted).every((other) => byCopy.has(other))) continue;
			byCopy.delete(address);
			isStable = false;
		}
	}
	const waiting = new Map([...byCopy].map(([address, wanted]) => [address, waitsFor(wanted)]));
	const both = new Map([...waiting].map(([address, others]) => [address, [...others]]));
	for (const [address, others] of waiting)
		for (const other of others) both.get(other)?.push(address);
	const seen = new Set<string>();
	return [...byCopy.keys()].flatMap((address) => {
		if (seen.has(address)) return [];
		const set = closure([address], both);
		for (const member of set) seen.add(member);
		return [[...set].flatMap((member) => byCopy.get(member) ?? [])];
	});
}

function renaming(group: readonly Wanted[], facts: ReadonlyMap<string, Fact>): Renaming {
	const differs = group.map(({ now, copy }) => {
		const was = now.level === 2 ? copy.name : copy.fact.slice(copy.fact.indexOf(':') + 1);
		return group.length === 1 ? `was ${was}` : `${now.name} was ${was}`;
	});
	const [first] = group;
	return {
		change: {
			id: first ? stepId(first.now) : '',
			action: 'rename',
			facts: group.flatMap(({ now }) => facts.get(now.fact) ?? []),
			removed: [],
			statements: renameStatements(group),
			fallbacks: [],
			alone: false,
			needs: [],
			keeps: [],
			differs,
		},
		was: new Map(group.map(({ now, copy }) => [now.fact, copy.fact])),
	};
}

function renameStatements(group: readonly Wanted[]): string[] {
	const alter = ({ before, after }: Named, schema: string | null, name: string): string =>
		`${before}${schema === null ? '' : `${schema}.`}${name}${after}`;
	const moves = ({ now, copy }: Wanted): boolean => now.schema !== copy.schema;
	const given: string[] = [];
	const moved: string[] = [];
	const taken: string[] = [];
	for (const [at, wanted] of group.entries()) {
		const { now, copy } = wanted;
		// Where both change, the name may be taken in either schema.
		const between =
			group.length > 1 || (moves(wanted) && now.name !== copy.name)
				? `_twins_renamed_${String(at)}`
				: copy.name;
		if (between !== copy.name)
			given.push(`${alter(copy, copy.schema, copy.name)}${copy.verb}${between}`);
		if (moves(wanted) && now.schema !== null) {
			moved.push(
				`create schema if not exists ${now.schema}`,
				`${alter(copy, copy.schema, between)} set schema ${now.schema}`,
			);
		}
		if (between !== now.name)
			taken.push(`${alter(copy, now.schema, between)}${copy.verb}${now.name}`);
	}
	return [...given, ...moved, ...taken];
}
