// The options of a clone, their defaults and their check. The database checks the same rules in
// `private.clone_options` (a client cannot be trusted); this copy gives the form its types.
import * as z from 'zod/mini';
import { COMPONENT_KEYS, type ComponentKey } from './component.ts';
import { VERIFICATION_MODES } from './status.ts';

export const DATA_STRATEGIES = ['mirror', 'upsert', 'skip'] as const;

const components = z.strictObject(
	Object.fromEntries(COMPONENT_KEYS.map((key) => [key, z._default(z.boolean(), true)])) as Record<
		ComponentKey,
		z.ZodMiniDefault<z.ZodMiniBoolean>
	>,
);

export const cloneOptionsSchema = z.strictObject({
	components: z._default(
		components,
		Object.fromEntries(COMPONENT_KEYS.map((key) => [key, true])) as Record<ComponentKey, boolean>,
	),
	/** Rows per table; 0 = all. */
	row_limit: z._default(z.int().check(z.minimum(0)), 0),
	backup: z._default(z.boolean(), false),
	/** Remove from the target what the source does not have. */
	remove_extra: z._default(z.boolean(), false),
	/** Arm cron jobs and webhooks on arrival. */
	activate: z._default(z.boolean(), false),
	copy_mfa: z._default(z.boolean(), false),
	/** The target's ref, typed by the user, when it is protected or not empty. */
	confirm_target: z.optional(z.string()),
	/** Verification after the clone; `none` = not run. */
	verify: z._default(z.enum([...VERIFICATION_MODES, 'none']), 'none'),
	/** Strategy per table, `schema.table` → strategy; others are mirrored. */
	strategies: z._default(z.record(z.string(), z.enum(DATA_STRATEGIES)), {}),
});

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
