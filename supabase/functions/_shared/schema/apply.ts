// Runs steps on the target: many in one transaction and one message, and one by one where that fails, so
// that each object that fails is known by name and the others are made.
import { isPassing, TwinsError } from '../domain/errors.ts';
import type { Session } from '../platform/session.ts';
import type { Step } from './step.ts';

/** A round trip per statement costs minutes at 20 ms; thousands in a transaction run out of lock slots. */
const BATCH_STATEMENTS = 200;
const BATCH_CHARACTERS = 256 * 1024;

/**
 * Two stages of a job may change the schema at once: the advisory lock makes them take turns, so that they
 * do not run into each other's locks. It also holds back the successor of a worker that was stopped in the
 * middle of a long statement, such as an index of an hour: Postgres goes on with it, and commits.
 * A lock is not waited for long, because everybody else who wants the table waits behind us.
 * Bodies and defaults rely on the search path of a Supabase project.
 */
const TURN = '7311, 1';
const PREAMBLE = `begin;
set local search_path = pg_catalog, public, extensions;
set local check_function_bodies = off;
set local client_min_messages = error;
set local lock_timeout = '5s';
set local statement_timeout = 0;
set local idle_in_transaction_session_timeout = '120s';
select pg_catalog.pg_advisory_xact_lock(${TURN});
`;

export interface Failure {
	readonly message: string;
	readonly sqlstate: string | undefined;
	readonly hint: string | undefined;
	/** Somebody else held a lock: the same step may succeed in a moment. */
	readonly locked?: boolean;
}

export interface Applied {
	readonly done: readonly Step[];
	readonly failed: ReadonlyMap<string, { readonly step: Step; readonly failure: Failure }>;
	/** Steps not tried: time was up, or another stage is at work. */
	readonly untried: number;
}

export interface Limits {
	readonly signal: AbortSignal;
	spent(): boolean;
}

/** The message of one transaction. */
export function transaction(statements: readonly string[]): string {
	return `${PREAMBLE}${statements.join(';\n')};\ncommit`;
}

/** Splits steps into transactions: small enough for locks and messages, alone where a step must commit first. */
export function batches(steps: readonly Step[]): Step[][] {
	const all: Step[][] = [];
	let open: Step[] = [];
	let statements = 0;
	let characters = 0;
	const close = (): void => {
		if (open.length > 0) all.push(open);
		open = [];
		statements = 0;
		characters = 0;
	};
	for (const step of steps) {
		const size = step.statements.reduce((sum, text) => sum + text.length, 0);
		const full =
			statements + step.statements.length > BATCH_STATEMENTS ||
			characters + size > BATCH_CHARACTERS;
		if (full || step.alone) close();
		open.push(step);
		statements += step.statements.length;
		characters += size;
		if (step.alone) close();
	}
	close();
	return all;
}

const LOCKED = ['55P03', '40P01'];

async function turnIsFree(session: Session): Promise<boolean> {
	const [row] = await session.query<{ free: boolean }>(
		`select pg_catalog.pg_try_advisory_xact_lock(${TURN}) as free`,
	);
	return row?.free === true;
}

async function attempt(
	session: Session,
	statements: readonly string[],
): Promise<Failure | 'another at work' | undefined> {
	try {
		await session.script(transaction(statements));
		return undefined;
	} catch (error) {
		const refused =
			error instanceof TwinsError && error.code === 'database_refused' ? error : undefined;
		// A lock not got in time passes too, but on this side of a working connection: tried again later.
		if (!refused || (isPassing(error) && refused.details.sqlstate === undefined)) throw error;
		await session.query('rollback');
		const { sqlstate, hint } = refused.details;
		const locked = sqlstate !== undefined && LOCKED.includes(sqlstate);
		if (locked && !(await turnIsFree(session))) return 'another at work';
		return { message: refused.message, sqlstate, hint, locked };
	}
}

/** Runs the steps in order. Throws when the connection is lost; what a transaction committed stays. */
export async function applySteps(
	session: Session,
	steps: readonly Step[],
	limits: Limits,
): Promise<Applied> {
	const done: Step[] = [];
	const failed = new Map<string, { step: Step; failure: Failure }>();
	let untried = 0;
	let isOver = false;

	const leave = (steps: readonly Step[]): void => {
		untried += steps.length;
		isOver = true;
	};

	const runOne = async (step: Step): Promise<void> => {
		const blocker = step.needs.find((id) => failed.has(id));
		if (blocker !== undefined) {
			const { step: needed, failure } = failed.get(blocker) ?? {};
			const message = `needs ${needed?.facts[0]?.object ?? blocker}, which could not be made`;
			const locked = failure?.locked === true;
			failed.set(step.id, {
				step,
				failure: { message, sqlstate: undefined, hint: undefined, locked },
			});
			return;
		}
		let first: Failure | undefined;
		for (const statements of [step.statements, ...step.fallbacks]) {
			const failure = await attempt(session, statements);
			if (!failure) {
				done.push(step);
				return;
			}
			if (failure === 'another at work') return leave([step]);
			first ??= failure;
		}
		if (first) failed.set(step.id, { step, failure: first });
	};

	const run = async (batch: readonly Step[]): Promise<void> => {
		if (isOver || limits.signal.aborted) return leave(batch);
		const [only] = batch;
		if (only && batch.length === 1) return runOne(only);
		const blocked = batch.some((step) => step.needs.some((id) => failed.has(id)));
		if (!blocked) {
			const failure = await attempt(
				session,
				batch.flatMap((step) => step.statements),
			);
			if (!failure) {
				done.push(...batch);
				return;
			}
			if (failure === 'another at work') return leave(batch);
		}
		const middle = Math.ceil(batch.length / 2);
		await run(batch.slice(0, middle));
		await run(batch.slice(middle));
	};

	for (const [number, batch] of batches(steps).entries()) {
		// The first always runs: a slice that does nothing would never come to an end.
		if (number > 0 && limits.spent()) leave(batch);
		else await run(batch);
	}
	return { done, failed, untried };
}
