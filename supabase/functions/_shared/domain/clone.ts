// The options of a clone, their defaults and their check. The database checks the same rules in
// `private.clone_options` (a client cannot be trusted); this copy gives the form its types. One table of cases
// is tested against both (tests/integration/clone-options.test.ts).
import * as z from 'zod/mini';
import { COMPONENT_KEYS, type ComponentKey } from './component.ts';
import { VERIFICATION_MODES } from './status.ts';

export const DATA_STRATEGIES = ['mirror', 'upsert', 'skip'] as const;

/** More rows than any table that a clone could copy. */
const MOST_ROWS = 1_000_000_000_000;

const components = z.strictObject(
	Object.fromEntries(COMPONENT_KEYS.map((key) => [key, z._default(z.boolean(), true)])) as Record<
		ComponentKey,
		z.ZodMiniDefault<z.ZodMiniBoolean>
	>,
);

/** Text that a jsonb value of Postgres can hold. */
const text = z
	.string()
	.check(z.refine((value) => value.isWellFormed() && !value.includes('\0'), 'is not valid text'));

/** As `schema.table`; anything may be in a name. */
const tableName = text.check(z.regex(/^.+[.].+$/s, 'is no schema.table'));

const givenOptions = z.strictObject({
	components: z._default(
		components,
		Object.fromEntries(COMPONENT_KEYS.map((key) => [key, true])) as Record<ComponentKey, boolean>,
	),
	/** Rows per table; 0 = all. */
	row_limit: z._default(z.int().check(z.minimum(0), z.maximum(MOST_ROWS)), 0),
	/** Take a backup of the source, in a run of its own. */
	backup: z._default(z.boolean(), false),
	/** Remove from the target what the source does not have. */
	remove_extra: z._default(z.boolean(), false),
	/** Arm cron jobs and webhooks on arrival. */
	activate: z._default(z.boolean(), false),
	/** Cron jobs and webhooks to arm by their names, where not all are. */
	arm: z.optional(z.array(text)),
	copy_mfa: z._default(z.boolean(), false),
	/** All rows of one moment of the source, however long they take; otherwise no snapshot outlasts a slice. */
	hold_snapshot: z._default(z.boolean(), true),
	/** The target's ref, typed by the user, when it is protected or not empty. */
	confirm_target: z.optional(text),
	/** Verification after the clone; `none` = not run. */
	verify: z._default(z.enum([...VERIFICATION_MODES, 'none']), 'none'),
	/** Strategy per table, `schema.table` → strategy; others are mirrored. */
	strategies: z._default(z.record(tableName, z.enum(DATA_STRATEGIES)), {}),
});

/** The options as given, every default filled in. An option that is null counts as left out. */
export const cloneOptionsSchema = z.pipe(z.transform(withoutNulls), givenOptions);

function withoutNulls(given: unknown): unknown {
	if (given === null) return {};
	if (typeof given !== 'object' || Array.isArray(given)) return given;
	return Object.fromEntries(
		Object.entries(given).filter(
			([key, value]) => value !== null || !Object.hasOwn(givenOptions.shape, key),
		),
	);
}

export type CloneOptions = z.infer<typeof cloneOptionsSchema>;

/** Whether every user table ends with all rows of the source and no others. */
export function mirrorsAllRows(
	{ components, row_limit, strategies }: CloneOptions,
	ignoreRules: readonly string[],
): boolean {
	return (
		components.data &&
		row_limit === 0 &&
		ignoreRules.length === 0 &&
		Object.keys(strategies).length === 0
	);
}

export type Preset = 'everything' | 'schema_only' | 'schema_and_data' | 'staging';

const SCHEMA_COMPONENTS: readonly ComponentKey[] = [
	'tables',
	'views',
	'functions',
	'triggers',
	'policies',
];

/** The switches of a preset. Staging leaves out what acts on the outside world and project settings. */
export function presetComponents(preset: Preset): Record<ComponentKey, boolean> {
	const included: Record<Preset, readonly ComponentKey[]> = {
		everything: COMPONENT_KEYS,
		schema_only: SCHEMA_COMPONENTS,
		schema_and_data: [...SCHEMA_COMPONENTS, 'data', 'auth_users'],
		staging: COMPONENT_KEYS.filter(
			(key) => !['cron_jobs', 'webhooks', 'project_config'].includes(key),
		),
	};
	return Object.fromEntries(
		COMPONENT_KEYS.map((key) => [key, included[preset].includes(key)]),
	) as Record<ComponentKey, boolean>;
}
