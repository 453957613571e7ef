// What components give to a backup.

/** A table whose rows are kept. */
export interface KeptTable {
	/** `schema.table` for people. */
	readonly object: string;
	/** Quoted where it must be. */
	readonly table: string;
	readonly columns: readonly string[];
	/** Gives its rows as text of COPY to `write`, as `Session.copyOut` does; returns their number. */
	copy(write: (bytes: Uint8Array) => Promise<void>): Promise<number>;
}

/** An object that is not kept, or not wholly. */
export interface LeftObject {
	readonly object: string;
	readonly outcome: 'failed' | 'skipped';
	readonly detail: string;
}
