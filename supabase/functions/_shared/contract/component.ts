// What a clone component is. One folder per component, one object of this type; the engine drives all of them and
// knows none by name. Types only, like the rest of this folder but for the ledger.
import type { ComponentKey } from '../domain/component.ts';
import type { PlannedWork } from '../domain/plan.ts';
import type { Preview } from '../domain/preview.ts';
import type { VerificationMode } from '../domain/status.ts';
import type { SlicedContext, StageContext, VerifyContext } from './context.ts';
import type { Endpoint, Service } from './endpoint.ts';
import type { Finding, Loss } from './report.ts';

/**
 * What a stage makes available to later ones. A stage waits for every enabled stage that provides one of
 * its needs; a need that no enabled stage provides does not hold it up.
 */
export const CAPABILITIES = [
	'structure', // schemas, types, tables with their keys exist
	'users', // auth users exist
	'rows', // rows are in place
	'late_users', // users who came while rows were copied exist
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

export type StageResult = { readonly state: 'done' } | MoreToDo;

/** The slice ended before the stage. */
export interface MoreToDo {
	readonly state: 'more';
	/** JSON, at most about 1 MB; given to the next slice. */
	readonly cursor: unknown;
	/**
	 * Waits for the next slice to take over what only open connections keep (a snapshot). Runs once the cursor is stored,
	 * before the endpoints are closed; may come to nothing, and nothing may depend on it.
	 */
	readonly handOn?: () => Promise<void>;
}

export interface Stage {
	/** Unique within the component: `structure`, `rows`. */
	readonly name: string;
	readonly needs: readonly Capability[];
	readonly provides: readonly Capability[];
	/** Of stages that make schema objects: the moment at which these are made, and whose they are. */
	readonly makes?: { readonly stage: string; readonly components: readonly ComponentKey[] };
	/**
	 * Runs one bounded slice. Repeating a slice with the same cursor must give the same result: a worker may
	 * die after the work and before its cursor is stored. Throws only for trouble that stops the whole
	 * stage; an object that fails is reported and the rest goes on.
	 */
	run(context: StageContext): Promise<StageResult>;
}

/** What a planner gets. */
export interface PlanContext extends SlicedContext {
	/** The stages of the clone in their order. */
	readonly stages: readonly { readonly component: ComponentKey; readonly stage: Stage }[];
}

/** Plans a clone ahead of it: what one component, or several together, will do to the target. */
export interface Planner {
	/** Unique: `schema`, `cron_jobs`. */
	readonly name: string;
	/** All that the clone would do (or what a slice of it allows), in order, by the code that does it. Changes nothing. */
	plan(context: PlanContext): Promise<readonly PlannedWork[]>;
}

export interface Component {
	readonly key: ComponentKey;
	/** Services without which it can do nothing; none when left out. */
	readonly requires?: readonly Service[];
	readonly stages: readonly Stage[];
	/**
	 * Removes what the stages keep on the target for the time of a run. Runs after all stages, also of a canceled run.
	 */
	readonly cleanUp?: (target: Endpoint) => Promise<void>;
	/**
	 * Reads both endpoints: counts, what would be done, objects, warnings. Undefined when it asked for another slice; the
	 * last one tells all. Changes nothing.
	 */
	preview(context: SlicedContext): Promise<Preview | undefined>;
	/** What plans it. Where nothing does, the plan of a clone describes it by its preview. */
	readonly planners?: readonly Planner[];
	/**
	 * How much of the target a clone would remove or overwrite (or what a slice of it allows). Changes nothing. For runs without
	 * anyone there; a component without it has nothing that could be lost as a whole.
	 */
	readonly measureLosses?: (context: SlicedContext) => Promise<readonly Loss[]>;
	/** Compares both endpoints (or what a slice of it allows); an empty list means equal. Changes nothing. */
	verify(context: VerifyContext, mode: VerificationMode): Promise<readonly Finding[]>;
}
