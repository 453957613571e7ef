// A fact: one thing that exists in a database, as its catalog tells it. Reading both sides as facts and
// comparing them is the whole schema engine; Postgres itself builds every definition and statement.
import type { ComponentKey } from '../domain/component.ts';

/** The moments of a clone at which schema objects are made, in this order. */
export const SCHEMA_STAGES = [
	'structure', // schemas, extensions, types, sequences, tables with keys and checks
	'relations', // after the rows: indexes, unique and foreign keys, statistics
	'functions',
	'views',
	'triggers',
	'policies',
] as const;
export type SchemaStage = (typeof SCHEMA_STAGES)[number];

/** One row of a kind's query. The query runs with `search_path = ''` and `quote_all_identifiers` off. */
export interface FactRow {
	/** Identity within the kind, the same on both sides: names and argument types, never oids. */
	readonly identity: string;
	/** What people are shown: `public.orders`, `public.orders.total`, `public.total(integer)`. */
	readonly object: string;
	/** `classid/objid/objsubid`, to find it in pg_depend; several for aliases (a table's row type). */
	readonly addresses: readonly string[];
	/** Id (`kind:identity`) of the fact that holds this one: gone when that is dropped. */
	readonly parent: string | null;
	/** What is compared. No oids, no attribute numbers, nothing that differs between equal objects. */
	readonly definition: Readonly<Record<string, unknown>>;
	/** Statements that make it on a side that lacks it; empty when its parent's statements already do. */
	readonly create: readonly string[];
	/** Statement that removes it; null when it goes with its parent or cannot be removed. */
	readonly drop: string | null;
	/** Ids this one needs beyond what pg_depend says. */
	readonly needs?: readonly string[] | null;
	/** Overrides of the kind's component and stage (a primary key is early, a foreign key late). */
	readonly component?: ComponentKey | null;
	readonly stage?: SchemaStage | null;
	/**
	 * The `create` of its parent makes it too (a column within a new table); its own `create` is for a
	 * parent that exists already. What it needs, its parent then needs.
	 */
	readonly folded?: boolean | null;
	/** Where it stands among its siblings, when that is worth keeping (columns). */
	readonly position?: number | null;
}

export interface Fact extends Omit<
	FactRow,
	'needs' | 'component' | 'stage' | 'addresses' | 'folded' | 'position'
> {
	/** `kind:identity`. */
	readonly id: string;
	readonly kind: string;
	readonly folded: boolean;
	readonly component: ComponentKey;
	readonly stage: SchemaStage;
	/** Ids of all facts this one cannot exist without, its parent included. */
	readonly needs: readonly string[];
}

/** How a fact that differs is made like the source's. */
export type Change =
	| { readonly how: 'alter'; readonly statements: readonly string[]; readonly stage?: SchemaStage }
	/** Drop and create, with everything on the target that rests on it, atomically. */
	| { readonly how: 'replace' }
	/** Run `statements` with the target's `apart` facts (and all that rests on them) out of the way. */
	| {
			readonly how: 'around';
			readonly statements: readonly string[];
			readonly apart: readonly string[];
			/** Tried in this order when `statements` fail. */
			readonly otherwise?: readonly (readonly string[])[];
	  }
	/** Left as it is, and said so: `failed`, unless leaving it is what was asked for. */
	| {
			readonly how: 'leave';
			readonly why: string;
			readonly fix: string;
			readonly outcome?: 'skipped';
	  };

/** What a change may look at. */
export interface ChangeContext {
	readonly source: Facts;
	readonly target: Facts;
	readonly removeExtra?: boolean;
	/** The rows of all tables will be the source's in the end: those that a change cannot keep may go. */
	readonly mirrored?: boolean;
}

/** Everything the engine knows about one kind of fact. Kinds live in `kinds/`, one file per family. */
export interface Kind {
	readonly name: string;
	readonly component: ComponentKey;
	readonly stage: SchemaStage;
	/**
	 * One select giving FactRow columns by name; of these parent, drop, needs, component, stage, folded
	 * and position may be left out. Lists are text[], definition jsonb, folded boolean, the rest text. No semicolon.
	 */
	readonly read: string;
	/**
	 * Statements for a fact the target lacks, where the source's `create` is not enough by itself.
	 * `target` is what the target has now.
	 */
	readonly create?: (source: Fact, target: Facts) => readonly string[];
	/** Statements tried when those of `create` fail: less, but not nothing (a foreign key, not validated). */
	readonly otherwise?: (source: Fact) => readonly string[];
	/**
	 * The select may use the CTE `part (address, id, kind)`, addresses of all facts that are read without it,
	 * to find what it describes. Only for attributes.
	 */
	readonly describes?: boolean;
	/** What to say of it once made, when it cannot be made wholly like the source's. */
	readonly remark?: (fact: Fact) => { readonly detail: string; readonly fix: string } | undefined;
	/** How to get from the target's fact to the source's; only called when the definitions differ. */
	readonly change: (source: Fact, target: Fact, sides: ChangeContext) => Change;
	/**
	 * A kind that only says something about its parent (privileges, comments): not an object of its own,
	 * made in the same transaction as its parent, and taken away where the source's parent has none.
	 */
	readonly attribute?: boolean;
	/** True for an attribute of the target's that goes although it describes what only the target has: rows could not come. */
	readonly givesWay?: (fact: Fact, target: Facts) => boolean;
	/** An attribute that may be made later than its parent, because it needs what may need the parent. */
	readonly apart?: boolean;
	/** Reported under its parent's name (columns). Attributes always are. */
	readonly within?: boolean;
	/** Of a later stage, but in the way of rows when it differs: dropped in `structure`, made again in its own. */
	readonly early?: boolean;
	/** Where no other thing can have its name at the same time: a table is a relation and a type. */
	readonly names?: readonly ('relation' | 'type' | 'routine')[];
	/** Dropping it loses rows: never dropped in order to be made again. */
	readonly holdsRows?: boolean | ((fact: Fact) => boolean);
	/** The statement commits by itself before anything else uses it (`alter type … add value`). */
	readonly alone?: boolean;
	/**
	 * What to say instead of `failed` when the target refuses the statement for lack of rights (42501) and
	 * nothing on our side could change that.
	 */
	readonly refusal?: {
		readonly outcome: 'adapted' | 'skipped';
		readonly why: string;
		readonly fix: string;
	};
}

/** All facts of one database. */
export interface Facts {
	readonly byId: ReadonlyMap<string, Fact>;
	/** Ids of facts that need the given one. */
	readonly dependents: ReadonlyMap<string, readonly string[]>;
}
