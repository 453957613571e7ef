// The source's publications as a target can have them.
import type { Session } from '../../platform/postgres/index.ts';
import { readAllTables, readPublications } from './inspect.ts';
import type { WantedPublication } from './plan.ts';

/** Publications of the source; one of all tables is spelled out, because only a superuser may make such. */
export async function readWanted(session: Session): Promise<WantedPublication[]> {
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
