// The source's publications as a target can have them.
import * as z from 'zod/mini';
import type { Endpoint } from '../../contract/endpoint.ts';
import { publicationSchema, readAllTables, readPublications } from './inspect.ts';
import type { WantedPublication } from './plan.ts';

const wantedSchema = z.array(z.extend(publicationSchema, { standIn: z.boolean() }));

/** Under which a backup keeps them. */
export const KEPT_PUBLICATIONS = 'publications';

/** Publications of the source, or of its backup; one of all tables is spelled out, because only a superuser may make such. */
export async function readWanted(source: Endpoint): Promise<WantedPublication[]> {
	if (source.kept) return wantedSchema.parse(await source.kept.read(KEPT_PUBLICATIONS));
	const session = await source.database();
	const publications = await readPublications(session);
	const all = publications.some((publication) => publication.all_tables)
		? await readAllTables(session)
		: [];
	return publications.map((publication) => ({
		...publication,
		tables: publication.all_tables ? all : publication.tables,
		standIn: publication.all_tables,
	}));
}
