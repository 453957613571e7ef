// What a component tells: outcomes of a clone and findings of a verification. What a preview shows: domain/preview.ts.
import type { ComponentKey } from '../domain/component.ts';
import type { ItemOutcome } from '../domain/status.ts';

/** How one object ended. Upserted by (job, component, object). */
export interface Item {
	/** Component to report under; defaults to the running one (a table's function is reported under functions). */
	readonly component?: ComponentKey;
	readonly object: string;
	readonly outcome: ItemOutcome;
	/** What was done, or the error, in words that `asRemark` gives their form. Never a secret, never row values. */
	readonly detail?: string | undefined;
	/** What the user should do, when something is left to do. */
	readonly fix?: string | undefined;
	readonly sqlstate?: string | undefined;
}

/** What failed: an object, or (null) a stage of the component as a whole. */
export interface Failed {
	readonly component: ComponentKey;
	readonly object: string | null;
}

/** How much of an object of the target a clone would remove or overwrite. */
export interface Loss {
	readonly object: string;
	/** Of its rows: from 0 to 1. */
	readonly share: number;
}

export interface Progress {
	readonly done: number;
	readonly total: number;
	readonly bytes?: number;
	/** Rows written so far. */
	readonly rows?: number;
	/** Objects that take long and are being copied now, and how far they are. */
	readonly at_work?: readonly AtWork[];
}

export interface AtWork {
	readonly object: string;
	readonly done: number;
	readonly total: number;
}

/** A difference. Several of one object are reported together. */
export interface Finding {
	/** `note`: left to do by hand, as the report of the clone says too; no sign that something went wrong. */
	readonly severity: 'note' | 'warning' | 'failed';
	readonly object: string;
	readonly expected: string;
	readonly found: string;
	readonly fix: string;
	/** The table (or view) it is part of: where that is missing, this is reported with it. */
	readonly of?: string | undefined;
	/** The target lacks the whole object, with all that belongs to it. */
	readonly missing?: true;
	/** How many objects it stands for, where they are only counted. */
	readonly objects?: number;
	/** Keys of some rows that differ, each with where it is. */
	readonly examples?: readonly string[] | undefined;
}

/** Rows of a table on both endpoints, counted exactly. */
export interface RowCount {
	readonly object: string;
	readonly source: number;
	readonly target: number;
}

/** Says how many are not named, where naming all of them would not fit: nothing for none. */
export function notNamed(
	count: number,
	told: Pick<Finding, 'severity' | 'object' | 'fix'> & { readonly unit: string },
): Finding[] {
	if (count === 0) return [];
	const { unit, object, ...rest } = told;
	return [
		{
			...rest,
			object: `${object}: others`,
			expected: `${unit} as on the source`,
			found: `${count} more ${unit} that differ or were not compared any more; those named are the first`,
			objects: count,
		},
	];
}
