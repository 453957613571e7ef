// Where a clone of Storage stands, as it is stored between two slices.
import * as z from 'zod/mini';

const tally = z.object({
	copied: z.number(),
	unchanged: z.number(),
	failed: z.number(),
	removed: z.number(),
	/** Files that were the same, but for owner, id or dates. */
	owned: z.number(),
	bytes: z.number(),
	/** Files reported one by one so far. */
	listed: z.number(),
	listedFailures: z.number(),
});
export type Tally = z.infer<typeof tally>;

const cursorSchema = z.object({
	/** The bucket in work; null: none yet. */
	bucket: z.nullable(z.string()),
	/** `files`, then what only the target has (with remove_extra). */
	step: z.enum(['files', 'extras']),
	/** Last name dealt with, in byte order. */
	after: z.string(),
	/** Files whose resumable upload is under way. */
	pending: z.array(z.string()),
	tally,
	/** The target's global limit in bytes; null: unknown. */
	globalLimit: z.nullable(z.number()),
	filesDone: z.number(),
	filesTotal: z.number(),
	bytesDone: z.number(),
});
export type Cursor = z.infer<typeof cursorSchema>;

export const emptyTally = (): Tally => ({
	copied: 0,
	unchanged: 0,
	failed: 0,
	removed: 0,
	owned: 0,
	bytes: 0,
	listed: 0,
	listedFailures: 0,
});

/** The stored cursor; null in the first slice. */
export function readCursor(stored: unknown): Cursor | null {
	return stored === null ? null : cursorSchema.parse(stored);
}
