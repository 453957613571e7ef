// Where a clone of users stands between two slices.
import * as z from 'zod/mini';
import { AUTH_TABLES } from './columns.ts';

const counts = z.object({
	copied: z.number(),
	updated: z.number(),
	unchanged: z.number(),
	/** Rows that would take a unique value another user of the target keeps. */
	clashing: z.number(),
	/** Rows whose user is not on the target. */
	orphaned: z.number(),
});
export type Counts = z.infer<typeof counts>;

export const cursorSchema = z.object({
	table: z.enum(AUTH_TABLES),
	/** Last id dealt with; null: none yet. */
	after: z.nullable(z.string()),
	counts,
	/**
	 * Ids of clashing rows, for a second try when all others are in place, and of the rows that have their unique
	 * values.
	 */
	clashes: z.array(z.object({ id: z.string(), holder: z.string(), index: z.string() })),
	usersDone: z.number(),
	usersTotal: z.number(),
});
export type Cursor = z.infer<typeof cursorSchema>;

export const noCounts = (): Counts => ({
	copied: 0,
	updated: 0,
	unchanged: 0,
	clashing: 0,
	orphaned: 0,
});

/** Before the first row; `usersTotal` is what progress is shown against. */
export const newCursor = (usersTotal = 0): Cursor => ({
	table: 'users',
	after: null,
	counts: noCounts(),
	clashes: [],
	usersDone: 0,
	usersTotal,
});

/** The stored cursor; null in the first slice. */
export function readCursor(stored: unknown): Cursor | null {
	return stored === null ? null : cursorSchema.parse(stored);
}
