// The manifest of a backup: what there is in its folder. Format: docs/BACKUP-FORMAT.md.
import * as z from 'zod/mini';
import { COMPONENT_KEYS } from './component.ts';

export const BACKUP_FORMAT = 'twins-backup';
/** Raised when a reader of the version before could not restore what is written. */
export const BACKUP_VERSION = 1;

export const MANIFEST_NAME = 'manifest.json';

const count = z.int().check(z.minimum(0));

export const backupObjectSchema = z.object({
	/** Below the folder of the backup. */
	name: z.string(),
	bytes: count,
	/** SHA-256 of the object as it is stored, 64 hexadecimal digits. */
	sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
});
export type BackupObject = z.infer<typeof backupObjectSchema>;

export const backupTableSchema = z.object({
	/** Quoted where it must be, as SQL names it. */
	table: z.string(),
	columns: z.array(z.string()),
	rows: count,
	/** Names of objects, in order. */
	parts: z.array(z.string()),
	/** Which of the manifest's moments its rows are of. */
	moments: z.array(count),
});
export type BackupTable = z.infer<typeof backupTableSchema>;

/** A line of a list of files: a file of Storage, or as much of a large one as one slice has kept. */
export const keptFileSchema = z.object({
	bucket: z.string(),
	name: z.string(),
	/** Bytes of the file before these parts; with 0 the file begins, also where lines before said something of it. */
	offset: count,
	/** Its row of storage.objects; null: it could not be kept after all. */
	row: z.nullable(z.record(z.string(), z.unknown())),
	/** Its bytes, in order. */
	parts: z.array(backupObjectSchema),
});
export type KeptFile = z.infer<typeof keptFileSchema>;

export const leftObjectSchema = z.object({
	object: z.string(),
	outcome: z.enum(['failed', 'skipped']),
	detail: z.string(),
});

export const manifestSchema = z.object({
	format: z.literal(BACKUP_FORMAT),
	version: z.literal(BACKUP_VERSION),
	source: z.object({ name: z.string(), server_version: count }),
	/** The first of the moments. */
	taken_at: z.string(),
	/** The moments of which rows are: one, or several of a source too large to be read in one slice. */
	moments: z.array(z.string()).check(z.minLength(1)),
	finished_at: z.string(),
	components: z.array(z.enum(COMPONENT_KEYS)),
	/** Components of a project that are not in it. */
	left_out: z.array(z.enum(COMPONENT_KEYS)),
	/** What could not be read, or was left out on purpose, with the reason. */
	problems: z.array(leftObjectSchema),
	tables: z.array(backupTableSchema),
	objects: z.array(backupObjectSchema),
	/** Files of Storage: too many to be named here. */
	files: z.object({
		/** Objects that list them, in order. */
		lists: z.array(z.string()),
		/** Objects with their bytes: how many, and how large together. */
		objects: count,
		bytes: count,
	}),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Of an encrypted backup: the manifest, encrypted. */
export const SEALED_MANIFEST_NAME = 'manifest.json.age';

/** manifest.json of an encrypted backup: all that anybody may know of it. */
export const envelopeSchema = z.object({
	format: z.literal(BACKUP_FORMAT),
	version: z.literal(BACKUP_VERSION),
	/** https://age-encryption.org/v1 */
	encryption: z.object({ format: z.literal('age'), recipient: z.string() }),
	taken_at: z.string(),
	finished_at: z.string(),
	/** Those that indexes do not list. */
	objects: z.array(backupObjectSchema),
	/** Names of the objects that list all others, with sizes and hashes. */
	indexes: z.array(z.string()),
	/** Those that they list: how many, and how large together. */
	sealed: z.object({ objects: count, bytes: count }),
});
export type Envelope = z.infer<typeof envelopeSchema>;

/** One change of the schema, as its own transaction. */
const changeSchema = z.object({
	id: z.string(),
	object: z.string(),
	component: z.enum(COMPONENT_KEYS),
	/** For `set local search_path`. */
	path: z.string(),
	statements: z.array(z.string()),
});
export type StoredChange = z.infer<typeof changeSchema>;

export const SCHEMA_NAME = 'schema.json';

/** schema.json: what schema.sql and after-rows.sql say, for programs. */
export const storedSchemaSchema = z.object({
	/** Take away what projects give to the roles of the API by themselves. */
	privileges: z.array(z.string()),
	stages: z.array(z.object({ stage: z.string(), changes: z.array(changeSchema) })),
	/** Default privileges: after everything else. */
	defaults: z.array(changeSchema),
});
export type StoredSchema = z.infer<typeof storedSchemaSchema>;

export const AFTER_ROWS_NAME = 'after-rows.json';

/** after-rows.json: what is done once rows are in. */
export const storedAfterRowsSchema = z.object({
	sequences: z.array(z.object({ sequence: z.string(), last: z.string(), called: z.boolean() })),
	/** Materialized views to fill, in this order. */
	refreshes: z.array(z.string()),
});
export type StoredAfterRows = z.infer<typeof storedAfterRowsSchema>;

/** What a restore is to bring: private.restore_options fills it in. */
export const restoreOptionsSchema = z.object({
	components: z.record(z.enum(COMPONENT_KEYS), z.boolean()),
	/** Only the rows of these, as `schema.table`. */
	tables: z.optional(z.array(z.string())),
	confirm_target: z.optional(z.string()),
});
export type RestoreOptions = z.infer<typeof restoreOptionsSchema>;
