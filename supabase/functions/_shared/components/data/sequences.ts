// Positions of sequences, owned and free, read after the rows: they do not follow snapshots, so a later
// position is never behind the rows that were copied.
import { TwinsError } from '../../domain/errors.ts';
import { both } from '../../platform/both.ts';
import { holderOf, isLocked, LOCK_FIX, namingHolder } from '../../platform/locks.ts';
import { readAgain } from '../../platform/schema-changes.ts';
import { type Row, type Session, literal, qualified } from '../../platform/postgres/index.ts';
import type { StageContext } from '../../contract/context.ts';
import type { Item } from '../../contract/report.ts';
import { READ_SEQUENCES } from './queries.ts';
import { byHalves, inPieces, isOfOneTable, isOutdated } from './trouble.ts';

const IMPATIENT = "set lock_timeout to '300ms'";

export interface Sequence extends Row {
	readonly oid: number;
	readonly schema: string;
	readonly name: string;
	readonly isAscending: boolean;
	/** It is ours, but we have not the privilege to set it. */
	readonly isClosed: boolean;
	/** `schema.table` whose column it feeds; null for a free one. */
	readonly owner: string | null;
}

interface Position extends Row {
	/** Index in the list of names asked for. */
	readonly nth: number;
	/** As text: it may exceed what a number holds. */
	readonly last: string;
	readonly called: boolean;
}

/** A sequence whose position one endpoint does not tell. */
export interface UnreadableSequence {
	readonly object: string;
	readonly error: TwinsError;
}

export interface SequenceDifference {
	/** On the source. */
	readonly oid: number;
	readonly object: string;
	/** Quoted. */
	readonly key: string;
	readonly isAscending: boolean;
	/** On the target. */
	readonly isClosed: boolean;
	readonly owner: string | null;
	readonly source: Position;
	/** Undefined when the target has no such sequence. */
	readonly target: Position | undefined;
}

/** Sequences whose position is equal, or differs (the target may lack them), or cannot be known. */
export async function compareSequences(
	source: Session,
	target: Session,
): Promise<{
	readonly equal: readonly string[];
	readonly different: readonly SequenceDifference[];
	readonly unreadable: readonly UnreadableSequence[];
}> {
	const read = (session: Session): Promise<Sequence[]> =>
		readAgain(session, () => session.query<Sequence>(READ_SEQUENCES));
	const [here, there] = await both(read(source), read(target));
	const keyOf = ({ schema, name }: Sequence): string => qualified(schema, name);
	const onTarget = new Map(there.map((sequence) => [keyOf(sequence), sequence]));
	const shared = here.map(keyOf).filter((key) => onTarget.has(key));
	const [sourceAt, targetAt] = await both(
		positions(source, here.map(keyOf)),
		positions(target, shared),
	);
	const equal: string[] = [];
	const different: SequenceDifference[] = [];
	const unreadable: UnreadableSequence[] = [];
	for (const sequence of here) {
		const key = keyOf(sequence);
		const object = `${sequence.schema}.${sequence.name}`;
		const at = sourceAt.found.get(key);
		const now = targetAt.found.get(key);
		const error = sourceAt.refused.get(key) ?? targetAt.refused.get(key);
		if (error) unreadable.push({ object, error });
		if (error) continue;
		if (at && at.last === now?.last && at.called === now.called) equal.push(object);
		else if (at) {
			const { oid, isAscending, owner } = sequence;
			const isClosed = onTarget.get(key)?.isClosed === true;
			different.push({ oid, object, key, isAscending, isClosed, owner, source: at, target: now });
		}
	}
	return { equal, different, unreadable };
}

interface Positions {
	readonly found: ReadonlyMap<string, Position>;
	readonly refused: ReadonlyMap<string, TwinsError>;
}

/** Positions of the sequences, by their quoted names. */
export async function positions(session: Session, keys: readonly string[]): Promise<Positions> {
	const found = new Map<string, Position>();
	const refused = new Map<string, TwinsError>();
	const ask = async (some: readonly string[]): Promise<void> => {
		const text = some
			.map(
				(key, nth) =>
					`select ${nth} as nth, last_value::pg_catalog.text as last, is_called as called from ${key}`,
			)
			.join('\nunion all\n');
		const rows = session.query<Position>(text).catch(async (error: unknown) => {
			// Waited for once: the halves are not to wait as long each.
			if (isLocked(error)) await session.query(IMPATIENT);
			throw error;
		});
		for (const row of await rows) {
			const key = some[row.nth];
			if (key !== undefined) found.set(key, row);
		}
	};
	for (const some of inPieces(keys, 500)) {
		await byHalves(some, ask, (key, error) => {
			// One that was dropped since it was listed is no trouble.
			if (!isOutdated(error)) refused.set(key, error);
		});
	}
	for (const [key, error] of refused) {
		const holder = isLocked(error) ? await holderOf(session, key, 'reading') : undefined;
		if (holder) refused.set(key, new TwinsError(error.code, holder.text, LOCK_FIX, error.details));
	}
	return { found, refused };
}

/**
 * Sets the target's sequences like the source's; returns what became of each, and their oids. A sequence whose table
 * keeps rows of its own (`keepsRows`) never goes back: its next number may be taken.
 */
export async function copySequences(
	source: Session,
	target: Session,
	keepsRows: (table: string) => boolean,
	announce: StageContext['announce'],
): Promise<{ readonly items: readonly Item[]; readonly oids: ReadonlyMap<string, number> }> {
	const { equal, different, unreadable } = await compareSequences(source, target);
	const items: Item[] = [
		...equal.map((object): Item => ({ object, outcome: 'unchanged' })),
		...unreadable.map(({ object, error }) => refusedItem(object, error)),
	];
	const moving: SequenceDifference[] = [];
	for (const sequence of different) {
		const { object, target: now } = sequence;
		if (now === undefined) {
			items.push({
				object,
				outcome: 'failed',
				detail: 'the target has no such sequence',
				fix: 'Include the component Tables, and look there why the sequence was not made.',
				sqlstate: '42P01',
			});
		} else if (isAhead(sequence) && sequence.owner !== null && keepsRows(sequence.owner)) {
			items.push({
				object,
				outcome: 'unchanged',
				detail: `stays at ${now.last}: the target’s own rows use its numbers`,
			});
		} else moving.push(sequence);
	}
	await announce(...moving.map(movedItem));
	items.push(...(await moveTogether(target, moving)));
	return { items, oids: new Map(different.map(({ object, oid }) => [object, oid])) };
}

function refusedItem(object: string, { message, fix, details: { sqlstate } }: TwinsError): Item {
	return { object, outcome: 'failed', detail: message, fix, sqlstate };
}

function isAhead({ isAscending, source, target }: SequenceDifference): boolean {
	if (target === undefined) return false;
	const [here, there] = [BigInt(source.last), BigInt(target.last)];
	return isAscending ? there >= here : there <= here;
}

function move({ key, source, isClosed }: SequenceDifference): string {
	const set = `select pg_catalog.setval(
		${literal(key)}::pg_catalog.regclass, ${source.last}::pg_catalog.int8, ${source.called})`;
	return isClosed
		? `grant update on sequence ${key} to current_user;
${set};
revoke update on sequence ${key} from current_user`
		: set;
}

/** All in one round trip; one by one when one of them is refused. */
async function moveTogether(
	target: Session,
	sequences: readonly SequenceDifference[],
): Promise<readonly Item[]> {
	if (sequences.length === 0) return [];
	try {
		await target.script(sequences.map(move).join(';\n'));
	} catch (error) {
		if (!isOfOneTable(error)) throw error;
		const [only] = sequences;
		if (sequences.length === 1 && only) {
			const named = await namingHolder(error, only.key, { source: target, target });
			return [refusedItem(only.object, named.error instanceof TwinsError ? named.error : error)];
		}
		if (isLocked(error)) await target.query(IMPATIENT);
		const items: Item[] = [];
		for (const sequence of sequences) items.push(...(await moveTogether(target, [sequence])));
		return items;
	}
	return sequences.map(movedItem);
}

const movedItem = ({ object, source }: SequenceDifference): Item => ({
	object,
	outcome: 'copied',
	detail: `position ${source.last}`,
});
