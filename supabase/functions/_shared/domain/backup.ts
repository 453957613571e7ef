// The manifest of a backup: what there is in its folder. Format: docs/BACKUP-FORMAT.md.
import * as z from 'zod/mini';
import { COMPONENT_KEYS, type ComponentKey } from './component.ts';

export const BACKUP_FORMAT = 'twins-backup';
/** Raised when a reader of the version before could not restore what is written. */
export const BACKUP_VERSION = 1;

export const MANIFEST_NAME = 'manifest.json';

/** The components that a backup keeps. */
export const KEPT_COMPONENTS = [
	'tables',
	'data',
	'views',
	'functions',
	'triggers',
	'policies',
	'auth_users',
] as const satisfies readonly ComponentKey[];

const count = z.int().check(z.minimum(0));

const objectSchema = z.object({
	/** Below the folder of the backup. */
	name: z.string(),
	bytes: count,
	/** SHA-256 of the object as it is stored, 64 hexadecimal digits. */
	sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});
export type BackupObject = z.infer<typeof objectSchema>;

const tableSchema = z.object({
	/** Quoted where it must be, as SQL names it. */
	table: z.string(),
	columns: z.array(z.string()),
	rows: count,
	/** Names of objects, in order. */
	parts: z.array(z.string()),
});
export type BackupTable = z.infer<typeof tableSchema>;

export const manifestSchema = z.object({
	format: z.literal(BACKUP_FORMAT),
	version: z.literal(BACKUP_VERSION),
	source: z.object({ name: z.string(), server_version: count }),
	/** All rows are those of this moment. */
	taken_at: z.string(),
	finished_at: z.string(),
	components: z.array(z.enum(COMPONENT_KEYS)),
	/** Components of a project that are not in it. */
	left_out: z.array(z.enum(COMPONENT_KEYS)),
	/** What could not be read, or was left out on purpose, with the reason. */
	problems: z.array(
		z.object({ object: z.string(), outcome: z.enum(['failed', 'skipped']), detail: z.string() }),
	),
	tables: z.array(tableSchema),
	objects: z.array(objectSchema),
});
export type Manifest = z.infer<typeof manifestSchema>;
