// Both endpoints as the storage component uses them: databases that lanes may share, and Storage APIs.
import type { Endpoint, Endpoints } from '../../contract/endpoint.ts';
import type { Param, Row, Session } from '../../platform/postgres/index.ts';
import type { StorageApi } from '../../platform/supabase/storage-api.ts';

export interface StorageEndpoint {
	/** One statement after the other, whoever asks: a session does one thing at a time. */
	query(text: string, params?: readonly Param[]): Promise<Row[]>;
	script(text: string): Promise<void>;
	fetch: StorageApi['fetch'];
}

export interface StorageEndpoints {
	readonly source: StorageEndpoint;
	readonly target: StorageEndpoint;
}

/** Opens what a clone needs. Storage itself is asked for with the first request only. */
export async function openEndpoints(endpoints: Endpoints): Promise<StorageEndpoints> {
	return {
		source: await openStorageEndpoint(endpoints.source),
		target: await openStorageEndpoint(endpoints.target),
	};
}

export async function openStorageEndpoint(endpoint: Endpoint): Promise<StorageEndpoint> {
	const { kept } = endpoint;
	if (kept) {
		return {
			query: (text, params = []) => kept.queryStorage(text, params),
			script: () => Promise.reject(new Error('a backup is only read')),
			fetch: async (...request) => (await endpoint.storage()).fetch(...request),
		};
	}
	const session: Session = await endpoint.database();
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
		fetch: async (...request) => (await endpoint.storage()).fetch(...request),
	};
}
