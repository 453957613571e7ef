// Both ends as the storage component uses them: databases that lanes may share, and Storage APIs.
import type { ProjectSide } from '../component.ts';
import type { Param, Row, Session } from '../../platform/session.ts';
import type { StorageApi } from '../../platform/storage-api.ts';

export interface StorageEnd {
	/** One statement after the other, whoever asks: a session does one thing at a time. */
	query(text: string, params?: readonly Param[]): Promise<Row[]>;
	script(text: string): Promise<void>;
	fetch: StorageApi['fetch'];
}

export interface StorageEnds {
	readonly source: StorageEnd;
	readonly target: StorageEnd;
}

/** Opens what a clone needs. Storage itself is asked for with the first request only. */
export async function openEnds(sides: {
	readonly source: ProjectSide;
	readonly target: ProjectSide;
}): Promise<StorageEnds> {
	return { source: await openEnd(sides.source), target: await openEnd(sides.target) };
}

export async function openEnd(side: ProjectSide): Promise<StorageEnd> {
	const session: Session = await side.database();
	let last: Promise<unknown> = Promise.resolve();
	function inTurn<T>(work: () => Promise<T>): Promise<T> {
		const turn = last.then(work, work);
		last = turn.catch(() => undefined);
		return turn;
	}
	return {
		query: (text, params = []) => inTurn(() => session.query(text, params)),
		script: async (text) => {
			await inTurn(() => session.script(text));
		},
		fetch: async (...request) => (await side.storage()).fetch(...request),
	};
}
