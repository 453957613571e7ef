// The contract of a clone component. One folder per component, one object of this type; the engine
// drives all of them and knows none by name.
import type { CloneOptions } from '../domain/clone.ts';
import type { ComponentKey } from '../domain/component.ts';
import type { ItemOutcome, VerificationMode } from '../domain/status.ts';
import type { ManagementApi } from '../platform/management-api.ts';
import type { Session } from '../platform/session.ts';
import type { StorageApi } from '../platform/storage-api.ts';

/**
 * What a stage makes available to later ones. A stage waits for every enabled stage that provides one of
 * its needs; a need that no enabled stage provides does not hold it up.
 */
export const CAPABILITIES = [
	'structure', // schemas, types, tables with their keys exist
	'users', // auth users exist
	'rows', // rows are in place
	'relations', // secondary indexes and foreign keys are in place
	'routines', // functions exist
	'views', // views exist
	'triggers',
	'policies',
	'publication',
	'files',
	'edge_functions',
	'config',
] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** One end of a clone. Connections are opened on first use and closed by the engine after the slice. */
export interface ProjectSide {
	readonly role: 'source' | 'target';
	readonly ref: string;
	/** Base URL of the project's APIs, e.g. https://<ref>.supabase.co, no trailing slash. */
	readonly url: string;
	/** The slice's main connection. The source's is read only (default_transaction_read_only = on). */
	database(): Promise<Session>;
	/** A further connection, for lanes that run side by side. Closed by the engine. */
	connect(): Promise<Session>;
	/** Management API with this side's account. On the source, write verbs are refused. */
	readonly api: ManagementApi;
	/** Storage API with the project's secret key. */
	storage(): Promise<StorageApi>;
	/** The project's API keys in clear, for finding and replacing them in copied text. Never stored or logged. */
	keys(): Promise<readonly { readonly name: string; readonly value: string }[]>;
}

/** How one object ended. Upserted by (job, component, object). */
export interface Item {
	/** Component to report under; defaults to the running one (a table's function is reported under functions). */
	readonly component?: ComponentKey;
	readonly object: string;
	readonly outcome: ItemOutcome;
	/** What was done, or the error. Never a secret, never row values. */
	readonly detail?: string | undefined;
	/** What the user should do, when something is left to do. */
	readonly fix?: string | undefined;
	readonly sqlstate?: string | undefined;
}

export interface Progress {
	readonly done: number;
	readonly total: number;
	readonly bytes?: number;
}

export interface StageContext {
	readonly jobId: string;
	readonly options: CloneOptions;
	/** Patterns `schema.table` (`*` allowed) of tables whose rows are not copied. */
	readonly ignoreRules: readonly string[];
	readonly source: ProjectSide;
	readonly target: ProjectSide;
	/** JSON left by the previous slice of this stage; null in the first. */
	readonly cursor: unknown;
	/** Aborted on cancel and when the lease is lost: stop after the current operation. */
	readonly signal: AbortSignal;
	/** True when the slice should store its cursor and return (time, bytes or operations used up). */
	spent(): boolean;
	/** Counts bytes moved and operations done towards the slice's budget. */
	spend(amount: { readonly bytes?: number; readonly operations?: number }): void;
	/** Records outcomes; written together with the slice's cursor. */
	report(...items: readonly Item[]): void;
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

/** `more`: the slice ended before the stage; `cursor` (JSON, at most about 1 MB) is given to the next slice. */
export type StageResult =
	{ readonly state: 'done' } | { readonly state: 'more'; readonly cursor: unknown };

export interface Stage {
	/** Unique within the component: `structure`, `rows`. */
	readonly name: string;
	readonly needs: readonly Capability[];
	readonly provides: readonly Capability[];
	/**
	 * Runs one bounded slice. Repeating a slice with the same cursor must give the same result: a worker may
	 * die after the work and before its cursor is stored. Throws only for trouble that stops the whole
	 * stage; an object that fails is reported and the rest goes on.
	 */
	run(context: StageContext): Promise<StageResult>;
}

export interface Finding {
	readonly severity: 'warning' | 'failed';
	readonly object: string;
	readonly expected: string;
	readonly found: string;
	readonly fix: string;
}

export interface PreviewWarning {
	readonly object: string;
	readonly message: string;
	readonly fix: string;
}

export interface Preview {
	/** "tables": 12, "bytes": 1048576 … */
	readonly counts: Readonly<Record<string, number>>;
	/** At most 500 objects, to browse. */
	readonly objects: readonly Readonly<Record<string, unknown>>[];
	readonly warnings: readonly PreviewWarning[];
}

/** What reading verbs get: both ends, no checkpoint. */
export type ReadContext = Pick<
	StageContext,
	'options' | 'ignoreRules' | 'source' | 'target' | 'memory' | 'signal'
>;

/** What `verify` gets: it may take several slices, as a stage may. */
export interface VerifyContext extends ReadContext, Pick<StageContext, 'cursor' | 'spent'> {
	/** Asks for another slice, which is given this cursor. */
	continueFrom(cursor: unknown): void;
}

export interface Component {
	readonly key: ComponentKey;
	readonly stages: readonly Stage[];
	/** Reads the source: counts, list, warnings. Changes nothing. */
	preview(context: ReadContext): Promise<Preview>;
	/** Compares both ends (or what a slice of it allows); an empty list means equal. Changes nothing. */
	verify(context: VerifyContext, mode: VerificationMode): Promise<readonly Finding[]>;
}
