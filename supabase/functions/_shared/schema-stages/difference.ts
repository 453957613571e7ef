// Both databases, as far as they differ: checksums of both are compared, and only the objects that differ are
// read in full. A project of a thousand tables has some 30 000 facts; a slice has 2 s of CPU and 256 MB.
import type { ReadContext } from '../contract/context.ts';
import type { ComponentKey } from '../domain/component.ts';
import type { Fact, Facts, Kind, SchemaStage } from '../schema/fact.ts';
import { both } from '../platform/both.ts';
import type { Session } from '../platform/postgres/index.ts';
import { withKeptGrants } from '../schema/kept-grants.ts';
import { KIND_BY_NAME, KINDS } from '../schema/kinds/index.ts';
import { namesOf } from '../schema/names.ts';
import { closure } from '../schema/order.ts';
import { overloadedRoutines } from '../schema/overloads.ts';
import type { FactPair } from '../schema/planning.ts';
import { shareKinds } from '../schema/present-kinds.ts';
import { unreadFacts } from '../schema/unread.ts';
import {
	dependentsIn,
	indexFacts,
	readCells,
	readCellsWithDependents,
	readDigest,
	type Cell,
	type Digest,
	type PrintedPath,
} from '../schema/read.ts';

export interface Digests {
	readonly source: Digest;
	readonly target: Digest;
}

/** Both endpoints, and how they print. */
type Printing = Pick<ReadContext, 'source' | 'target'> & { readonly path?: PrintedPath };

/** What a caller is interested in; no stage means every stage. */
export interface Interest {
	readonly components: readonly ComponentKey[];
	readonly stage?: SchemaStage;
}

export const isTable = (root: string): boolean => root.startsWith('table:');

/** Whose component depends on what refers to it: on the endpoints it may be another, and yet be the same thing. */
const changesCells = (root: string): boolean => root.startsWith('role:');

const NONE: ReadonlyMap<string, Cell> = new Map();

/** Kinds whose facts can be of interest, and `also`. A tenth of the work of reading all, for some stages. */
export function kindsOf(interest: Interest, also: readonly string[] = []): Kind[] {
	const concerned = (kind: Kind): boolean =>
		interest.components.includes(kind.component) &&
		(interest.stage === undefined ||
			interest.stage === kind.stage ||
			(interest.stage === 'structure' && kind.rows?.block === true));
	return KINDS.filter(
		(kind) =>
			(kind.attribute?.describes ?? false) ||
			concerned(kind) ||
			also.includes(kind.name) ||
			kind.places === true,
	);
}

/** Checksums of both endpoints, read at the same time; the source's may be known from earlier in the slice. */
export async function readDigests(
	context: Printing,
	kinds?: readonly Kind[],
	known?: Digest,
): Promise<Digests> {
	const [ours, theirs] = await both(context.source.database(), context.target.database());
	await shareKinds(ours, theirs);
	const read = (session: Session) => readDigest(session, kinds, context.path);
	const [source, target] = await both(known ? Promise.resolve(known) : read(ours), read(theirs));
	return { source, target };
}

/** True when the cell belongs to the stage, or has to be dropped before it. */
function concerns(cell: string, interest: Interest, existsOnTarget: boolean): boolean {
	const [stage, component, early] = cell.split('/');
	if (!interest.components.some((key) => key === component)) return false;
	if (interest.stage === undefined || interest.stage === stage) return true;
	return interest.stage === 'structure' && early !== undefined && existsOnTarget;
}

/** Tables in full are too many to be read at once: they are taken in the order of their names. */
export interface Part {
	/** Those up to this one were in earlier parts, and all that is no table. */
	readonly after?: string | undefined;
	/** Those after this one are in later parts. */
	readonly until?: string | undefined;
	/** No more tables once those of the part have as many facts. */
	readonly maxFacts: number;
	/** What rests on tables of later parts is left out: it can only be made when they are. */
	readonly waits?: boolean;
}

/**
 * Facts of tables in one part: those of 400 usual tables, or of three with as many columns as there can be, are some 40 MB
 * and a fifth of a second of CPU while they are planned. A worker may be at three steps at once.
 */
export const MAX_FACTS = 8_000;

/**
 * Cells in which the endpoints differ, as far as they are of interest; and all cells of objects that the target
 * lacks altogether, because something of interest may need them, or that have the name of such an object. `upTo` is the
 * last table, where there are more.
 */
export function differingCells(
	digests: Digests,
	interest: Interest,
	{ after, until, maxFacts }: Part = { maxFacts: Infinity },
): { readonly cells: Map<string, Set<string>>; readonly upTo?: string } {
	const found = new Map<string, Set<string>>();
	const wanted = new Set(
		[...digests.source.keys()]
			.filter((root) => !digests.target.has(root))
			.flatMap((root) => namesOf(root, KIND_BY_NAME)),
	);
	let ofInterest = 0;
	let facts = 0;
	let last = '';
	let upTo: string | undefined;
	for (const root of [...new Set([...digests.source.keys(), ...digests.target.keys()])].sort()) {
		if (after !== undefined && !(isTable(root) && root > after)) continue;
		if (isTable(root) && (upTo !== undefined || (until !== undefined && root > until))) continue;
		const source = digests.source.get(root) ?? NONE;
		const target = digests.target.get(root) ?? NONE;
		const isMissing = target === NONE;
		const hasWantedName =
			source === NONE && namesOf(root, KIND_BY_NAME).some((name) => wanted.has(name));
		for (const cell of new Set([...source.keys(), ...target.keys()])) {
			const there = target.get(cell);
			if (source.get(cell)?.[0] === there?.[0]) continue;
			const matters = concerns(cell, interest, there !== undefined);
			if (!matters && !isMissing && !hasWantedName && !changesCells(root)) continue;
			if (isTable(root) && root !== last && facts >= maxFacts) {
				upTo = last;
				break;
			}
			if (matters) ofInterest += 1;
			const cells = found.get(root) ?? new Set();
			found.set(root, cells.add(cell));
			if (!isTable(root)) continue;
			last = root;
			facts += (source.get(cell)?.[2] ?? 0) + (there?.[2] ?? 0);
		}
	}
	const more = upTo === undefined ? {} : { upTo };
	return { cells: ofInterest === 0 ? new Map() : found, ...more };
}

/** Number of the source's objects of interest. */
export function countObjects(digest: Digest, interest: Interest): number {
	let count = 0;
	for (const cells of digest.values())
		for (const [cell, [, objects]] of cells) if (concerns(cell, interest, false)) count += objects;
	return count;
}

/** The facts in which the endpoints differ, with all on the target that rests on them. `upTo`: as in `differingCells`. */
export async function readDifference(
	context: Printing & Pick<ReadContext, 'options'>,
	digests: Digests,
	interest: Interest,
	part?: Part,
): Promise<{ pair: FactPair; upTo?: string }> {
	const { cells, ...more } = differingCells(digests, interest, part);
	const nothing: Facts = indexFacts([]);
	if (cells.size === 0) return { pair: { source: nothing, target: nothing }, ...more };
	const onTarget = new Map([...cells].filter(([root]) => digests.target.has(root)));
	const extra = context.options.remove_extra
		? [...onTarget.keys()].filter((root) => !digests.source.has(root))
		: [];
	const found = onTarget.size === 0 ? [] : await readWithDependents(context, onTarget, extra);
	const ids = new Set(found.map((fact) => fact.id));
	// Asked for by name only: an attribute of something that the source lacks is left alone.
	const holders = new Set(
		found.flatMap(({ parent }) => (parent === null || ids.has(parent) ? [] : [parent])),
	);
	const session = await context.source.database();
	const wholly = await readCells(session, cells, [...ids, ...holders], context.path);
	const unread = unreadFacts(wholly, found);
	const isRead = ({ id }: Fact): boolean => !unread.has(id);
	const [read, target] = [wholly.filter(isRead), found.filter(isRead)];
	const isLoaded = ({ id }: Fact): boolean => !holders.has(id) || cells.has(id);
	const later =
		part?.waits === true
			? [...digests.source.keys()].filter(
					(root) => isTable(root) && !digests.target.has(root) && !cells.has(root),
				)
			: [];
	const wanted = indexFacts(withoutWaiting(read.filter(isLoaded), later, ids));
	const existing = indexFacts(target);
	// What both have, though nobody knows how, is as good as equal for what belongs to it.
	const equal = new Set([
		...read.filter((fact) => !isLoaded(fact)).map(({ id }) => id),
		...[...unread].flatMap(([id, { onSource }]) => (onSource ? [id] : [])),
	]);
	const isOnSource = (id: string): boolean =>
		wanted.byId.has(id) || equal.has(id) || digests.source.has(id);
	const pair = {
		source: context.options.remove_extra ? wanted : withKeptGrants(wanted, existing, isOnSource),
		target: existing,
		equal,
		...(unread.size > 0 ? { unread } : {}),
		overloaded: overloadedRoutines([...digests.source.keys(), ...digests.target.keys()]),
	};
	return { pair, ...more };
}

/**
 * The facts without those that rest on tables of a later reading, as the owner of a sequence does: they would
 * only fail now. What the target has already (`existing`) stays.
 */
export function withoutWaiting(
	facts: readonly Fact[],
	later: readonly string[],
	existing: ReadonlySet<string>,
): readonly Fact[] {
	if (later.length === 0) return facts;
	const waiting = closure(later, dependentsIn(facts));
	return facts.filter(({ id }) => existing.has(id) || !waiting.has(id));
}

/** `going` are roots with which all goes that is in them, if they are schemas. */
async function readWithDependents(
	{ target, path }: Pick<Printing, 'target' | 'path'>,
	cells: ReadonlyMap<string, ReadonlySet<string>>,
	going: readonly string[],
): Promise<Fact[]> {
	const session = await target.database();
	const { facts, dependents } = await readCellsWithDependents(session, cells, going, path);
	const found = new Set(facts.map((fact) => fact.id));
	// A root that is only there to name its parts does not bring along all that rests on it.
	const seeds = facts.flatMap(({ id, stage, component }) =>
		cells.get(id)?.has(`${stage}/${component}`) === false ? [] : [id],
	);
	const more = [...closure(seeds, dependents)].filter((id) => !found.has(id));
	if (more.length === 0) return facts;
	return [...facts, ...(await readCells(session, new Map(), more, path))];
}
