// Runs changes on the target: many in one transaction and one message, and one by one where that fails, so
// that each object that fails is known by name and the others are made.
import { isPassing, TwinsError } from '../domain/errors.ts';
import { RAISED_BY_US } from '../platform/database-errors.ts';
import {
	closedAmong,
	closedByOthers,
	type ClosedRelation,
	isLocked,
	NAMING_PATIENCE,
	NO_PATIENCE,
	watched,
	WRITERS_PATIENCE,
} from '../platform/locks.ts';
import type { Session } from '../platform/postgres/index.ts';
import { deniedSchema, whileOpen } from './closed-schemas.ts';
import type { Fact } from './fact.ts';
import { isNotFound, userPath } from './own-path.ts';
import type { PlannedChange } from './planning.ts';

/** A round trip per statement costs minutes at 20 ms; thousands in a transaction run out of lock slots. */
const BATCH_STATEMENTS = 200;
const BATCH_CHARACTERS = 256 * 1024;

/**
 * Two stages of a job may change the schema at once: the advisory lock makes them take turns, so that neither
 * acts on what it read before the other changed it, and they do not run into each other's locks. It also holds
 * back the successor of a worker that was stopped in the middle of a long statement, such as an index of an hour:
 * Postgres goes on with it, and commits.
 * Bodies and defaults rely on the search path of a Supabase project.
 */
const TURN = '7311, 1';
const preamble = (path: string, patience: string): string => `begin;
set local search_path = ${path};
set local check_function_bodies = off;
set local client_min_messages = error;
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = '120s';
set local lock_timeout = '5s';
select pg_catalog.pg_advisory_xact_lock(${TURN});
${patience};
`;

export interface Failure {
	readonly message: string;
	readonly sqlstate: string | undefined;
	readonly hint: string | undefined;
	/** Somebody else held a lock: the same change may succeed in a moment. */
	readonly locked?: boolean;
	/** He has held it for so long that the change need not be tried again. */
	readonly lasting?: boolean;
	/** Somebody else may have changed the schema: the same change may succeed once both endpoints are read again. */
	readonly raced?: boolean;
}

/** A name is missing or taken, or something new rests on the object. */
const MAY_HAVE_RACED = /^(42P01|42P07|42703|42704|42710|42723|42883|3F000|2BP01|XX000)$/;

export interface Applied {
	readonly done: readonly PlannedChange[];
	readonly failed: ReadonlyMap<
		string,
		{ readonly change: PlannedChange; readonly failure: Failure }
	>;
	/** Changes not tried: time was up, or another stage is at work. */
	readonly untried: number;
}

export interface Limits {
	readonly signal: AbortSignal;
	spent(): boolean;
	/** Another session on the target, to look for what the first one waits for. */
	watcher(): Promise<Session>;
}

/** The message of one transaction. */
export function transaction(
	statements: readonly string[],
	path = userPath(),
	patience = WRITERS_PATIENCE,
): string {
	return `${preamble(path, patience)}${statements.join(';\n')};\ncommit`;
}

/** The usual path with the schemas of the facts and of what they need: code from there may name its neighbours only. */
export const pathOf = (facts: readonly Fact[]): string =>
	userPath([...new Set(facts.flatMap(({ schemas }) => schemas ?? []))]);

/** Splits changes into transactions: small enough for locks and messages, alone where a change must commit first. */
export function batches(changes: readonly PlannedChange[]): PlannedChange[][] {
	const all: PlannedChange[][] = [];
	let open: PlannedChange[] = [];
	let statements = 0;
	let characters = 0;
	const close = (): void => {
		if (open.length > 0) all.push(open);
		open = [];
		statements = 0;
		characters = 0;
	};
	for (const change of changes) {
		const size = change.statements.reduce((sum, text) => sum + text.length, 0);
		const full =
			statements + change.statements.length > BATCH_STATEMENTS ||
			characters + size > BATCH_CHARACTERS;
		if (full || change.alone) close();
		open.push(change);
		statements += change.statements.length;
		characters += size;
		if (change.alone) close();
	}
	close();
	return all;
}

/** A session's turn to read the target and then change it. */
export interface Turn {
	/** False when another stage keeps it. */
	take(): Promise<boolean>;
	/** Gives it back. Where the connection was lost, it went with it. */
	end(): Promise<void>;
}

export function turnOf(session: Session): Turn {
	let isTaken = false;
	return {
		async take() {
			try {
				await session.script(
					`begin; set local lock_timeout = '5s'; select pg_catalog.pg_advisory_lock(${TURN}); commit`,
				);
				isTaken = true;
			} catch (error) {
				if (!isLocked(error)) throw error;
				await session.query('rollback');
			}
			return isTaken;
		},
		async end() {
			if (!isTaken) return;
			isTaken = false;
			const unlock = session.query(`select pg_catalog.pg_advisory_unlock(${TURN})`);
			await unlock.catch((error: unknown) => {
				if (!isPassing(error)) throw error;
			});
		},
	};
}

async function turnIsFree(session: Session): Promise<boolean> {
	const [row] = await session.query<{ free: boolean }>(
		`select pg_catalog.pg_try_advisory_xact_lock(${TURN}) as free`,
	);
	return row?.free === true;
}

async function attempt(
	session: Session,
	statements: readonly string[],
	{ path, patience }: { readonly path?: string; readonly patience?: string | undefined } = {},
): Promise<Failure | 'another at work' | undefined> {
	try {
		await session.script(transaction(statements, path, patience));
		return undefined;
	} catch (error) {
		const refused =
			error instanceof TwinsError && error.code === 'database_refused' ? error : undefined;
		// A lock not got in time passes too, but while the connection works: tried again later.
		if (!refused || (isPassing(error) && refused.details.sqlstate === undefined)) throw error;
		await session.query('rollback');
		const { sqlstate, hint } = refused.details;
		// Somebody else changes or drops the same thing.
		const locked = isLocked(refused) || /^tuple concurrently /.test(refused.message);
		if (locked && !(await turnIsFree(session))) return 'another at work';
		const raced = MAY_HAVE_RACED.test(sqlstate ?? '');
		return { message: refused.message, sqlstate, hint, locked, raced };
	}
}

/** Tries again with the path that they may need, and with the rights in schemas that their owner has not. */
async function attemptAnyhow(
	session: Session,
	statements: readonly string[],
	facts: readonly Fact[],
	patience?: string,
) {
	let failure = await attempt(session, statements, { patience });
	if (typeof failure === 'object' && isNotFound(failure.sqlstate)) {
		failure = await attempt(session, statements, { path: pathOf(facts), patience });
	}
	const opened: string[] = [];
	while (typeof failure === 'object') {
		const schema = deniedSchema(failure.sqlstate, failure.message);
		if (schema === undefined || opened.includes(schema)) break;
		opened.push(schema);
		failure = await attempt(session, whileOpen(opened, statements), { patience });
	}
	return failure;
}

/** Once more, with an eye on what it waits for: a lock not got in time says nothing of whose it is. */
async function attemptNamed(
	session: Session,
	statements: readonly string[],
	facts: readonly Fact[],
	other: () => Promise<Session>,
) {
	const { answer, holder } = await watched(session, other, () =>
		attemptAnyhow(session, statements, facts, NAMING_PATIENCE),
	);
	if (typeof answer !== 'object' || !answer.locked || holder === undefined) return answer;
	return { ...answer, message: holder.text, lasting: holder.lasting && !holder.ours };
}

/** The relation among those that somebody keeps closed that a change is of, or needs. */
const closedFor = (
	{ facts, removed }: PlannedChange,
	closed: ReadonlyMap<string, ClosedRelation>,
): ClosedRelation | undefined =>
	closed.size === 0
		? undefined
		: closedAmong(
				[...facts, ...removed].flatMap(({ id, parent, needs }) => [id, parent ?? '', ...needs]),
				closed,
			);

/** Runs the changes in order. Throws when the connection is lost; what a transaction committed stays. */
export async function applyChanges(
	session: Session,
	changes: readonly PlannedChange[],
	limits: Limits,
): Promise<Applied> {
	const done: PlannedChange[] = [];
	const failed = new Map<string, { change: PlannedChange; failure: Failure }>();
	let untried = 0;
	let isOver = false;
	/** Something is locked: it was waited for, and everything else is not to wait as long once more. */
	let isLockMet = false;
	let closed = await closedByOthers(session);
	/** Processes that have been waited for: not once for each table that they lock. */
	const waitedFor = new Set<number>();

	const meetLock = async (): Promise<void> => {
		if (!isLockMet) closed = await closedByOthers(session);
		isLockMet = true;
	};

	/** The change, where it is known to wait in vain: it is only looked whether that is so still. */
	const attemptClosed = async (
		statements: readonly string[],
		change: PlannedChange,
		{ text, lasting }: ClosedRelation,
	): Promise<Failure | 'another at work' | undefined> => {
		const failure = await attemptAnyhow(session, statements, change.facts, NO_PATIENCE);
		if (typeof failure !== 'object' || failure.locked !== true) return failure;
		return { ...failure, message: text, lasting };
	};

	const attemptOne = async (
		statements: readonly string[],
		change: PlannedChange,
	): Promise<Failure | 'another at work' | undefined> => {
		const holder = closedFor(change, closed);
		if (holder && (holder.lasting || waitedFor.has(holder.pid)))
			return attemptClosed(statements, change, holder);
		const failure = isLockMet ? undefined : await attemptAnyhow(session, statements, change.facts);
		const isMet = typeof failure === 'object' && failure.locked === true;
		if (!isLockMet && !isMet) return failure;
		if (isMet) await meetLock();
		if (holder) waitedFor.add(holder.pid);
		return attemptNamed(session, statements, change.facts, () => limits.watcher());
	};

	const leave = (changes: readonly PlannedChange[]): void => {
		untried += changes.length;
		isOver = true;
	};

	const runOne = async (change: PlannedChange): Promise<void> => {
		const blocker = change.needs.find((id) => failed.has(id));
		if (blocker !== undefined) {
			const { change: needed, failure } = failed.get(blocker) ?? {};
			const message = `needs ${needed?.facts[0]?.object ?? blocker}, which could not be made`;
			const { locked = false, lasting = false, raced = false } = failure ?? {};
			failed.set(change.id, {
				change,
				failure: { message, sqlstate: undefined, hint: undefined, locked, lasting, raced },
			});
			return;
		}
		let first: Failure | undefined;
		for (const statements of [change.statements, ...change.fallbacks]) {
			const failure = await attemptOne(statements, change);
			if (!failure) {
				done.push(change);
				return;
			}
			if (failure === 'another at work') return leave([change]);
			// What we refuse for the sake of rows says more than the server.
			if (failure.sqlstate === RAISED_BY_US) first = failure;
			first ??= failure;
		}
		if (first) failed.set(change.id, { change, failure: first });
	};

	const run = async (batch: readonly PlannedChange[]): Promise<void> => {
		if (isOver || limits.signal.aborted) return leave(batch);
		const [only] = batch;
		if (only && batch.length === 1) return runOne(only);
		const known = batch.findIndex((change) => closedFor(change, closed) !== undefined);
		if (known >= 0) {
			if (known > 0) await run(batch.slice(0, known));
			await run(batch.slice(known, known + 1));
			if (known + 1 < batch.length) await run(batch.slice(known + 1));
			return;
		}
		const blocked = batch.some((change) => change.needs.some((id) => failed.has(id)));
		if (!blocked) {
			const failure = await attempt(
				session,
				batch.flatMap((change) => change.statements),
				{ patience: isLockMet ? NAMING_PATIENCE : undefined },
			);
			if (!failure) {
				done.push(...batch);
				return;
			}
			if (failure === 'another at work') return leave(batch);
			if (failure.locked === true) await meetLock();
		}
		const middle = Math.ceil(batch.length / 2);
		await run(batch.slice(0, middle));
		await run(batch.slice(middle));
	};

	for (const [number, batch] of batches(changes).entries()) {
		// The first always runs: a slice that does nothing would never come to an end.
		if (number > 0 && limits.spent()) leave(batch);
		else await run(batch);
	}
	return { done, failed, untried };
}
