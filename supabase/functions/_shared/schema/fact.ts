// A fact: one thing that exists in a database, as its catalog tells it. Reading both endpoints as facts and
// comparing them is the whole schema engine; Postgres itself builds every definition and statement.
import type { ComponentKey } from '../domain/component.ts';
import type { Thing } from '../domain/thing.ts';

/** The moments of a clone at which schema objects are made, in this order. */
export const SCHEMA_STAGES = [
	'structure', // schemas, extensions, types, sequences, tables with keys and checks
	'functions', // before the rows: generated columns, checks and values of type regproc call them
	'views', // before the rows, too: values of type regclass name them
	'relations', // after the rows: indexes, unique and foreign keys, statistics
	'triggers',
	'policies',
] as const;
export type SchemaStage = (typeof SCHEMA_STAGES)[number];

/** One row of a kind's query. The query runs with `search_path = ''` and `quote_all_identifiers` off. */
export interface FactRow {
	/** Identity within the kind, the same on both endpoints: names and argument types, never oids. */
	readonly identity: string;
	/** What people are shown: `public.orders`, `public.orders.total`, `public.total(integer)`. */
	readonly object: string;
	/** `classid/objid/objsubid`, to find it in pg_depend; several for aliases (a table's row type). */
	readonly addresses: readonly string[];
	/** Id (`kind:identity`) of the fact that holds this one: gone when that is dropped. */
	readonly parent: string | null;
	/** What is compared. No oids, no attribute numbers, nothing that differs between equal objects. */
	readonly definition: Readonly<Record<string, unknown>>;
	/** Statements that make it on an endpoint that lacks it; empty when its parent's statements already do. */
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
	/** Texts by name that statements and reports are built from, beside what is compared; read with statements only. */
	readonly parts?: Readonly<Record<string, string | null>> | null;
}

export interface Fact extends Omit<
	FactRow,
	'needs' | 'component' | 'stage' | 'addresses' | 'folded' | 'position'
> {
	/** `kind:identity`. */
	readonly id: string;
	readonly kind: Thing;
	readonly folded: boolean;
	readonly component: ComponentKey;
	readonly stage: SchemaStage;
	/** Ids of all facts this one cannot exist without, its parent included. */
	readonly needs: readonly string[];
	/** Ids of the routines among all that it needs, also where those are not read themselves. */
	readonly routines?: readonly string[];
	/** Its own schema and those of all that it needs, the platform's included, quoted where they must be. */
	readonly schemas?: readonly string[];
}

/** How a fact that differs is made like the source's. */
export type Change =
	| {
			readonly how: 'alter';
			readonly statements: readonly string[];
			readonly stage?: SchemaStage;
			/** True where no value that is stored can change: labels or attributes are added, settings set. */
			readonly keepsRows?: boolean;
	  }
	/**
	 * Drop and create, with everything on the target that rests on it, atomically. `empties`: its own rows may go,
	 * because the clone brings all of them.
	 */
	| { readonly how: 'replace'; readonly empties?: true }
	/** Drop the target's `dropFirst` facts (and all that rests on them), run `statements`, recreate them. */
	| {
			readonly how: 'recreate_dependents';
			readonly statements: readonly string[];
			readonly dropFirst: readonly string[];
			/** Tried in this order when `statements` fail. */
			readonly otherwise?: readonly (readonly string[])[];
	  }
	/** Left as it is, and said so: `failed`, unless leaving it is what was asked for or on purpose. */
	| {
			readonly how: 'leave';
			readonly why: string;
			readonly fix: string;
			readonly outcome?: 'skipped' | 'adapted';
	  };

/** How an attribute that differs is made like the source's. */
export type Way =
	/** Drop and create, whatever else differs. */
	| 'replace'
	/** The statements that create the fact also change it: `create or replace`, `comment on`. */
	| 'create'
	/** It is part of the identity. */
	| 'never'
	/** It changes along with something else. */
	| 'follows'
	/** In place. `keepsRows`: no value that is stored can change. */
	| {
			readonly alter: (source: Fact, target: Fact, pair: ChangeContext) => readonly string[];
			readonly keepsRows?: boolean;
	  }
	/** Its values decide. Where several attributes do, the first does. */
	| { readonly decide: (source: Fact, target: Fact, pair: ChangeContext) => Change };

/** What a change may look at. */
export interface ChangeContext {
	readonly source: Facts;
	readonly target: Facts;
	readonly removeExtra?: boolean;
	/** Rows that a change cannot keep may go where the clone brings them again. */
	readonly rows: RowsBrought;
}

/** Which tables the clone fills again. Names are qualified, and quoted where they must be. */
export interface RowsBrought {
	/** All rows of the table (those of its children are theirs), and every value of them. */
	brings(table: string): boolean;
	isOnlyOnTarget(table: string): boolean;
	/** Its rows stay as they are, while the clone makes those of other tables equal to the source's. */
	leaves(table: string): boolean;
	/** The table, with its partitions and children on the target at any depth. */
	below(table: string): readonly string[];
}

/** Of a clone that brings no rows at all. */
export const NO_ROWS_BROUGHT: RowsBrought = {
	brings: () => false,
	isOnlyOnTarget: () => false,
	leaves: () => false,
	below: (table) => [table],
};

/** The fact's parts with each text changed alike. */
export const withParts = (
	{ parts }: Fact,
	change: (text: string, name: string) => string,
): Pick<Fact, 'parts'> =>
	parts == null
		? {}
		: {
				parts: Object.fromEntries(
					Object.entries(parts).map(([name, text]) => [
						name,
						text === null ? null : change(text, name),
					]),
				),
			};

/** Everything the engine knows about one kind of fact. Kinds live in `kinds/`, one file per family. */
export interface Kind {
	readonly name: Thing;
	readonly component: ComponentKey;
	readonly stage: SchemaStage;
	/**
	 * One select giving FactRow columns by name; of these parent, drop, needs, component, stage, folded
	 * and position may be left out. Lists are text[], definition jsonb, folded boolean, the rest text. No semicolon.
	 */
	readonly read: string;
	/**
	 * SQL condition that holds wherever `read` finds something, by a look at one catalog: where it does not hold, `read` is not
	 * even planned. For kinds that few projects have anything of; the others are always read.
	 */
	readonly mayExist?: string;
	/**
	 * Statements for a fact the target lacks, where the source's `create` is not enough by itself.
	 * `target` is what the target has now.
	 */
	readonly create?: (source: Fact, target: Facts) => readonly string[];
	/** Statements tried when those of `create` fail: less, but not nothing (a foreign key, not validated). */
	readonly otherwise?: (source: Fact, asked: Pick<ChangeContext, 'rows'>) => readonly string[];
	/** How each attribute of the definition is changed, in this order: see `changeOf`. */
	readonly ways: Readonly<Record<string, Way>>;
	/** Rows of the select say of themselves which component or stage they are of. */
	readonly places?: boolean;
	/**
	 * A kind that only says something about its parent (privileges, comments): not an object of its own,
	 * made in the same transaction as its parent, and taken away where the source's parent has none.
	 */
	readonly attribute?: AttributeRules;
	/** A part of its parent (a column), reported under the parent's name. Attributes always are. */
	readonly within?: boolean;
	/** Where no other thing can have its name at the same time: a table is a relation and a type. */
	readonly names?: readonly ('relation' | 'type' | 'routine')[];
	readonly rows?: RowRules;
	readonly making?: MakingRules;
	readonly report?: ReportRules;
}

export interface AttributeRules {
	/**
	 * The select may use the CTE `part (address, id, kind)`, addresses of all facts that are read without it,
	 * to find what it describes.
	 */
	readonly describes?: boolean;
	/** It may be made later than its parent, because it needs what may need the parent. */
	readonly later?: boolean;
	/** It ties its parent to something else: where only the target has that, the tie is its, and left alone with it. */
	readonly ties?: boolean;
	/** When one of the target's goes although it describes what only the target has: rows could not come. */
	readonly givesWay?: {
		readonly when: (fact: Fact, target: Facts) => boolean;
		/** What to say of it. */
		readonly why: string;
		readonly fix: string;
	};
}

/** What a kind has to do with the rows of tables. */
export interface RowRules {
	/** Dropping it loses rows: never dropped in order to be recreated. */
	readonly held?: boolean | ((fact: Fact) => boolean);
	/**
	 * A change may rewrite values in all columns that rest on it; or only say in other words what the source says
	 * in other words, too (a label with a new name).
	 */
	readonly shaped?: boolean | 'as on the source';
	/** Making it may move rows from one table to another. */
	readonly moved?: boolean;
	/** Of a later stage, but rows could not be loaded where it differs: dropped in `structure`, made in its own. */
	readonly block?: boolean;
	/** What it holds, though it can be recreated: statements before it is dropped and after it is made. */
	readonly refill?: (fact: Fact) => { readonly before: string; readonly after: string };
	/**
	 * Statements that detach it, with its rows, from what it rests on, and that bring it back: how it is
	 * not dropped although it holds rows. Undefined where there are none.
	 */
	readonly stepAside?: (fact: Fact) => { readonly away: string; readonly back: string } | undefined;
}

/** How making one goes together with making others. */
export interface MakingRules {
	/**
	 * A statement that makes something with its name and shape that needs nothing else, for others to refer to until
	 * it is made itself.
	 */
	readonly standIn?: (fact: Fact) => string | undefined;
	/** Ids of the target's facts that must be gone while it is made. */
	readonly displaces?: (source: Fact, target: Facts) => readonly string[];
	/** The statement commits by itself before anything else uses it (`alter type … add value`). */
	readonly alone?: boolean;
}

/** What is reported of one, beside its outcome. */
export interface ReportRules {
	/** What to say of it once made, when it cannot be made wholly like the source's. */
	readonly remark?: (fact: Fact) => { readonly detail: string; readonly fix: string } | undefined;
	/** Names of columns that only the target's has and that go when it is made like the source's. */
	readonly loses?: (source: Fact, target: Fact) => readonly string[];
	/** What to say of one that only the target has and that is never removed (its `drop` is null), when extras are. */
	readonly kept?: { readonly why: string; readonly fix: string };
	/**
	 * What to say instead of `failed` when the target refuses the statement for lack of rights (42501) and
	 * nothing in this code could change that.
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
