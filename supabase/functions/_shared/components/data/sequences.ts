// Positions of sequences, owned and free, read after the rows: they do not follow snapshots, so a later
// position is never behind the rows that were copied.
import { TwinsError } from '../../domain/errors.ts';
import type { Row, Session } from '../../platform/session.ts';
import { literal, qualified } from '../../platform/sql.ts';
import type { Item } from '../component.ts';
import { READ_SEQUENCES } from './queries.ts';

interface Sequence extends Row {
	readonly schema: string;
	readonly name: string;
	readonly isAscending: boolean;
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

export interface SequenceDifference {
	readonly object: string;
	/** Quoted. */
	readonly key: string;
	readonly isAscending: boolean;
	readonly owner: string | null;
	readonly source: Position;
	/** Undefined when the target has no such sequence. */
	readonly target: Position | undefined;
}

/** Sequences whose position differs, or that the target lacks; and how many there are. */
export async function compareSequences(
	source: Session,
	target: Session,
): Promise<{
	readonly equal: readonly string[];
	readonly different: readonly SequenceDifference[];
}> {
	const [here, there] = await Promise.all([
		source.query<Sequence>(READ_SEQUENCES),
		target.query<Sequence>(READ_SEQUENCES),
	]);
	const keyOf = ({ schema, name }: Sequence): string => qualified(schema, name);
	const onTarget = new Set(there.map(keyOf));
	const shared = here.map(keyOf).filter((key) => onTarget.has(key));
	const [sourceAt, targetAt] = await Promise.all([
		positions(source, here.map(keyOf)),
		positions(target, shared),
	]);
	const equal: string[] = [];
	const different: SequenceDifference[] = [];
	for (const sequence of here) {
		const key = keyOf(sequence);
		const object = `${sequence.schema}.${sequence.name}`;
		const at = sourceAt.get(key);
		const now = targetAt.get(key);
		if (at && at.last === now?.last && at.called === now.called) equal.push(object);
		else if (at) {
			const { isAscending, owner } = sequence;
			different.push({ object, key, isAscending, owner, source: at, target: now });
		}
	}
	return { equal, different };
}

async function positions(
	session: Session,
	keys: readonly string[],
): Promise<ReadonlyMap<string, Position>> {
	const found = new Map<string, Position>();
	for (let from = 0; from < keys.length; from += 500) {
		const some = keys.slice(from, from + 500);
		const text = some
			.map(
				(key, nth) =>
					`select ${nth} as nth, last_value::text as last, is_called as called from ${key}`,
			)
			.join('\nunion all\n');
		for (const row of await session.query<Position>(text)) {
			const key = some[row.nth];
			if (key !== undefined) found.set(key, row);
		}
	}
	return found;
}

/**
 * Sets the target's sequences like the source's; returns what became of each. A sequence whose table keeps
 * rows of its own (`keepsRows`) never goes back: its next number may be taken.
 */
export async function copySequences(
	source: Session,
	target: Session,
	keepsRows: (table: string) => boolean,
): Promise<readonly Item[]> {
	const { equal, different } = await compareSequences(source, target);
	const items: Item[] = equal.map((object) => ({ object, outcome: 'unchanged' }));
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
	items.push(...(await moveTogether(target, moving)));
	return items;
}

function isAhead({ isAscending, source, target }: SequenceDifference): boolean {
	if (target === undefined) return false;
	const [here, there] = [BigInt(source.last), BigInt(target.last)];
	return isAscending ? there >= here : there <= here;
}

function move({ key, source }: SequenceDifference): string {
	return `select setval(${literal(key)}, ${source.last}, ${source.called})`;
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
		if (!(error instanceof TwinsError) || error.details.passing === true) throw error;
		const [only] = sequences;
		if (sequences.length === 1 && only) {
			const { message, fix, details } = error;
			const { object } = only;
			return [{ object, outcome: 'failed', detail: message, fix, sqlstate: details.sqlstate }];
		}
		const items: Item[] = [];
		for (const sequence of sequences) items.push(...(await moveTogether(target, [sequence])));
		return items;
	}
	return sequences.map(({ object, source }) => ({
		object,
		outcome: 'copied',
		detail: `position ${source.last}`,
	}));
}
