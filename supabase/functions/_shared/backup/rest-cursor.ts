// How far the part of a backup is that comes after the rows.
import * as z from 'zod/mini';

const fileCursorSchema = z.object({
	/** The last file that is done. */
	bucket: z.string(),
	name: z.string(),
	/** Bytes of the next one that are kept already, where it is still in this state. */
	offset: z.int(),
	state: z.string(),
	done: z.int(),
	total: z.int(),
});
export type FileCursor = z.infer<typeof fileCursorSchema>;

export const restCursorSchema = z.union([
	/** `after`: the last function that is done. */
	z.object({ step: z.literal('functions'), after: z.string() }),
	z.object({ step: z.literal('files'), at: z.nullable(fileCursorSchema) }),
]);
export type RestCursor = z.infer<typeof restCursorSchema>;
