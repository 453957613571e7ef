// What components give to a backup, and what the worker is given to carry one out. Types only.
import type { RestoreOptions } from '../domain/backup.ts';
import type { ComponentKey } from '../domain/component.ts';
import type { ErrorBody } from '../domain/errors.ts';
import type { CopiedPiece, CopyPlace } from '../platform/copy-pieces.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import type { MoreToDo } from './component.ts';
import type { Endpoint } from './endpoint.ts';
import type { Failed, Item, Progress } from './report.ts';

/** A table whose rows are kept. */
export interface KeptTable {
	/** `schema.table` for people. */
	readonly object: string;
	/** Quoted where it must be. */
	readonly table: string;
	readonly columns: readonly string[];
	/** Gives some of its rows, from a place on, as text of COPY to `write`; see `copyPiece`. */
	copy(
		from: CopyPlace | null,
		bytes: number,
		write: (bytes: Uint8Array) => Promise<void>,
	): Promise<CopiedPiece>;
}

/** An object that is not kept, or not wholly. */
export interface LeftObject {
	readonly object: string;
	readonly outcome: 'failed' | 'skipped';
	readonly detail: string;
}

/** What a slice of a backup, or of a restore, works with. */
export interface StoreContext {
	readonly store: ObjectStore;
	/** Of the backup, below the prefix of the store. */
	readonly folder: string;
	/** Of its manifest as it was written; null where nobody noted it. */
	readonly manifestSha256: string | null;
	/** JSON left by the previous slice; null in the first. */
	readonly cursor: unknown;
	/** Failures and deaths since the last slice that succeeded: the next one does less at a time. */
	readonly attempts: number;
	readonly signal: AbortSignal;
	/** True when the slice should store its cursor and return. */
	spent(): boolean;
	progress(progress: Progress): void;
}

export interface BackupContext extends StoreContext {
	readonly source: Endpoint;
	readonly ignoreRules: readonly string[];
	/** Of age: for whom it is encrypted; null: it is not. */
	readonly recipient: string | null;
}

export interface ProveContext extends StoreContext {
	/** `sampled`: all sizes, and the contents of some objects. */
	readonly mode: 'sampled' | 'whole';
}

export interface RestoreContext extends StoreContext {
	readonly target: Endpoint;
	readonly options: RestoreOptions;
	/** The key of an encrypted backup. */
	readonly identity: string | null;
	/** Name of the step, as `prepareRestore` laid it out. */
	readonly step: string;
	readonly jobId: string;
	/** What has failed so far in this run. */
	readonly failures: readonly Failed[];
	readonly isLastTry: boolean;
	spend(amount: { readonly bytes?: number; readonly operations?: number }): void;
	report(...items: readonly Item[]): void;
	/** As of a stage. */
	announce(...items: readonly Item[]): Promise<void>;
}

/** What came of reading a backup back. */
export interface BackupProof {
	readonly mode: 'sampled' | 'whole';
	/** Objects whose contents were compared. */
	readonly objects: number;
	readonly damaged: readonly { readonly name: string; readonly problem: string }[];
	readonly error?: ErrorBody;
}

export type Sliced<T> = MoreToDo | T;

/** A step of a restore: what it brings is reported under its component. */
export interface RestoreStep {
	readonly component: ComponentKey;
	readonly name: string;
}

/** What the worker hands backups and restores to. */
export interface BackupWork {
	/** Writes a slice of it; the last one tells how it ended. */
	write(context: BackupContext): Promise<
		Sliced<{
			readonly state: 'done';
			readonly manifestSha256: string;
			readonly problems: number;
			readonly moments: number;
			readonly components: readonly ComponentKey[];
		}>
	>;
	prove(
		context: ProveContext,
	): Promise<Sliced<{ readonly state: 'done'; readonly proof: BackupProof }>>;
	/** Removes what there is of it. */
	remove(context: StoreContext): Promise<Sliced<{ readonly state: 'done' }>>;
	/** Reads the backup back as a whole and looks at the target; throws before anything is written. The steps in their order. */
	prepareRestore(
		context: StoreContext & Pick<RestoreContext, 'target' | 'options' | 'identity'>,
	): Promise<Sliced<{ readonly state: 'done'; readonly steps: readonly RestoreStep[] }>>;
	restore(context: RestoreContext): Promise<Sliced<{ readonly state: 'done' }>>;
}
