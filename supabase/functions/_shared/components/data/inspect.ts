// Reads what there is on one endpoint: tables and how to read and write them. Decides nothing.
import type { EndpointRole } from '../../domain/endpoint-role.ts';
import { hasRaced, readAgain } from '../../platform/schema-changes.ts';
import { both } from '../../platform/both.ts';
import { isLocked, sessionPatience } from '../../platform/locks.ts';
import type { Session } from '../../platform/postgres/index.ts';
import { userPath } from '../../schema/own-path.ts';
import {
	PREPARE_SOURCE,
	PREPARE_TARGET,
	PROBE_HASH,
	READ_TABLE_OIDS,
	readTablesQuery,
	type SizeSource,
} from './queries.ts';
import type { Sizes } from './sizes.ts';
import type { HashMethod, Table } from './table.ts';

/** Makes a session ready for everything this component does with it. */
export async function prepare(
	session: Session,
	role: EndpointRole,
	{ lockMs, statementMs }: Pick<Sizes, 'lockMs' | 'statementMs'>,
): Promise<void> {
	const settings = role === 'source' ? PREPARE_SOURCE : PREPARE_TARGET;
	await session.script(
		`${settings};\n${sessionPatience(lockMs)};\nset statement_timeout to ${statementMs}`,
	);
}

/** Rows of a catalog query, whose names come qualified. The session's path is the usual one afterwards. */
export async function readFacts<R extends object>(session: Session, query: string): Promise<R[]> {
	const results = await session.script(
		`set search_path to ''; ${query}; set search_path to ${userPath()}`,
	);
	// The caller names the row type; it is the shape its own SQL gives.
	return results[1] as R[];
}

/** The same, again when something is dropped meanwhile. Not inside a transaction. */
export const readFactsAgain = <R extends object>(session: Session, query: string): Promise<R[]> =>
	readAgain(session, () => readFacts<R>(session, query));

/** Tables of one endpoint, with their sizes. Of a table that somebody locks, the size is estimated. */
export async function readSizedTables(session: Session): Promise<Table[]> {
	for (const sizes of ['measured', 'unlessLocked'] as const) {
		try {
			return await readTables(session, sizes);
		} catch (error) {
			if (!isLocked(error)) throw error;
		}
	}
	return readTables(session, 'estimated');
}

/** Where tables are dropped all the time: a few at a time, without those that go on the way. */
const WHOLE_ATTEMPTS = 2;
const AT_ONCE = 50;

const readTables = (session: Session, sizes: SizeSource): Promise<Table[]> =>
	readAgain(session, async (attempt) => {
		const found =
			attempt <= WHOLE_ATTEMPTS
				? await readFacts<Table>(session, readTablesQuery(sizes))
				: await readInParts(session, sizes);
		// Of a table dropped meanwhile there is no size.
		return found.filter(({ bytes }: { readonly bytes: number | null }) => bytes !== null);
	});

async function readInParts(session: Session, sizes: SizeSource): Promise<Table[]> {
	const oids = (await session.query<{ oid: number }>(READ_TABLE_OIDS)).map(({ oid }) => oid);
	const found: Table[] = [];
	const open = [oids];
	for (let part = open.pop(); part !== undefined; part = open.pop()) {
		if (part.length > AT_ONCE) {
			open.push(part.slice(AT_ONCE), part.slice(0, AT_ONCE));
			continue;
		}
		if (part.length === 0) continue;
		try {
			found.push(...(await readFacts<Table>(session, readTablesQuery(sizes, part))));
		} catch (error) {
			if (!hasRaced(error)) throw error;
			const middle = Math.ceil(part.length / 2);
			if (part.length > 1) open.push(part.slice(middle), part.slice(0, middle));
		}
	}
	return found;
}

/** Versions before 14 have no hash of records, and nothing promises that later ones keep theirs. */
export async function agreeOnHash(source: Session, target: Session): Promise<HashMethod> {
	if (source.serverVersion < 140000 || target.serverVersion < 140000) return 'text';
	const [here, there] = await both(source.query(PROBE_HASH), target.query(PROBE_HASH));
	return here[0]?.['hash'] === there[0]?.['hash'] ? 'record' : 'text';
}
