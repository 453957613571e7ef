// What a component is given to work with: both endpoints, the options, and how it stops, reports and remembers.
import type { CloneOptions } from '../domain/clone.ts';
import type { Failed, Item, Progress, RowCount } from './report.ts';
import type { Endpoint } from './endpoint.ts';

export interface StageContext {
	readonly jobId: string;
	readonly options: CloneOptions;
	/** Patterns `schema.table` (`*` allowed) of tables whose rows are not copied. */
	readonly ignoreRules: readonly string[];
	readonly source: Endpoint;
	readonly target: Endpoint;
	/** What has failed so far in this run. */
	readonly failures: readonly Failed[];
	/** JSON left by the previous slice of this stage; null in the first. */
	readonly cursor: unknown;
	/** After passing trouble in this slice the stage is not tried again. */
	readonly isLastTry: boolean;
	/** Aborted on cancel and when the lease is lost: stop after the current operation. */
	readonly signal: AbortSignal;
	/** True when the slice should store its cursor and return (time, bytes or operations used up). */
	spent(): boolean;
	/** Counts bytes moved and operations done towards the slice's budget. */
	spend(amount: { readonly bytes?: number; readonly operations?: number }): void;
	/** Records outcomes; written together with the slice's cursor. */
	report(...items: readonly Item[]): void;
	/**
	 * Notes what is about to be written to the target, as it will be reported. Where the slice is lost after that, later
	 * ones find the objects as wanted, and what is noted here is reported instead of "unchanged".
	 */
	announce(...items: readonly Item[]): Promise<void>;
	/**
	 * What earlier clones into this target remembered for this component: facts about the copy that the
	 * target itself cannot hold (which state of a file a copy stands for). Never secrets or contents.
	 */
	readonly memory: Readonly<Record<string, unknown>>;
	/** Remembers (or with null forgets) entries; stored together with the slice's cursor. */
	remember(entries: Readonly<Record<string, unknown>>): void;
	/** Progress of this stage so far (absolute, not increments). Shown live. */
	progress(progress: Progress): void;
}

/** What reading verbs get: both endpoints, no checkpoint. */
export type ReadContext = Pick<
	StageContext,
	'options' | 'ignoreRules' | 'source' | 'target' | 'memory' | 'signal'
>;

/** What `preview`, `verify` and `measureLosses` get: they may take several slices, as a stage may. */
export interface SlicedContext extends ReadContext, Pick<StageContext, 'cursor' | 'spent'> {
	/** Of a preview: rows are to be counted, not estimated. */
	readonly countsRows?: boolean;
	/** Asks for another slice, which is given this cursor. */
	continueFrom(cursor: unknown): void;
}

/** What `verify` gets besides. */
export interface VerifyContext extends SlicedContext {
	/** Tells how many rows tables have, also where they have the same. */
	counted(...counts: readonly RowCount[]): void;
}
