// Reads the publications of one endpoint.
import * as z from 'zod/mini';
import { readAgain } from '../../platform/schema-changes.ts';
import type { Session } from '../../platform/postgres/index.ts';
import { ALL_TABLES, PUBLICATIONS } from './queries.ts';

const memberSchema = z.object({
	/** Qualified and quoted. */
	name: z.string(),
	/** Quoted; null for all columns. */
	columns: z.nullable(z.array(z.string())),
	/** Row filter as Postgres prints it. */
	filter: z.nullable(z.string()),
});

export const publicationSchema = z.object({
	name: z.string(),
	quoted: z.string(),
	all_tables: z.boolean(),
	/** `insert, update, delete, truncate`, or fewer. */
	operations: z.string(),
	via_root: z.boolean(),
	comment: z.nullable(z.string()),
	schemas: z.array(z.string()),
	tables: z.array(memberSchema),
});

export type Member = z.infer<typeof memberSchema>;
export type Publication = z.infer<typeof publicationSchema>;

/** Publications of the user and supabase_realtime, by name. */
export async function readPublications(session: Session): Promise<Publication[]> {
	const results = await readAgain(session, () =>
		session.script(`begin read only; set local search_path = ''; ${PUBLICATIONS}; commit`),
	);
	return results.flat().map(({ publication }) => publicationSchema.parse(publication));
}

/** The user's tables, as members without column list or filter. */
export async function readAllTables(session: Session): Promise<Member[]> {
	const results = await session.script(
		`begin read only; set local search_path = ''; ${ALL_TABLES}; commit`,
	);
	return results.flat().map(({ name }) => ({ name: String(name), columns: null, filter: null }));
}
