// What the function `backups` is asked: where a user wants backups to be kept.
import * as z from 'zod/mini';

const text = (most: number) => z.string().check(z.trim(), z.minLength(1), z.maxLength(most));

/** Folder within the bucket; slashes at its ends mean nothing. */
const prefix = z.pipe(
	z.string().check(z.maxLength(500)),
	z.transform((folder) => folder.trim().replace(/^\/+|\/+$/g, '')),
);

export const saveDestinationSchema = z.strictObject({
	action: z.literal('save_destination'),
	/** Saves this destination anew, with another name or key. */
	destination_id: z.optional(z.uuid()),
	name: text(100),
	/** Base URL of the store; null: Amazon's. */
	endpoint: z.nullable(text(2000)),
	region: text(100),
	bucket: z.string().check(z.trim(), z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/)),
	prefix: z._default(prefix, ''),
	/** Tested before they are saved, never shown again. */
	access_key_id: text(500),
	secret_access_key: text(500),
	/** Public key of age, for which backups are encrypted; null: they are not. */
	recipient: z._default(
		z.nullable(z.string().check(z.trim(), z.regex(/^age1[a-z0-9]{58}$/))),
		null,
	),
});
export type SaveDestination = z.infer<typeof saveDestinationSchema>;

export const backupsRequestSchema = z.discriminatedUnion('action', [
	saveDestinationSchema,
	/** Whether backups have a place where the user has saved none. */
	z.strictObject({ action: z.literal('own_store') }),
	/** Keeps the key of an encrypted backup, sealed, for a restore that is started within an hour. */
	z.strictObject({ action: z.literal('give_key'), identity: text(500) }),
]);
export type BackupsRequest = z.infer<typeof backupsRequestSchema>;
