// What a backup keeps of users: the rows as a clone would bring them to another project.
import type { KeptTable } from '../../contract/backup.ts';
import { ident, type Session } from '../../platform/postgres/index.ts';
import { readLayout } from './columns.ts';

/** Second factors stay behind, as in a clone that is not told to copy them. */
const KEPT_TABLES = ['users', 'identities'] as const;

/** Users and their identities, in the order in which they are written. Reads the catalog within the session's transaction. */
export async function keepUsers(session: Session): Promise<readonly KeptTable[]> {
	const kept: KeptTable[] = [];
	for (const table of KEPT_TABLES) {
		const { columns, filter } = await readLayout(session, session, table);
		const name = `auth.${table}`;
		const list = columns.map((column) => `${column.expression} as ${ident(column.name)}`);
		const statement = `copy (select ${list.join(', ')} from ${name} where ${filter}) to stdout`;
		kept.push({
			object: name,
			table: name,
			columns: columns.map((column) => column.name),
			copy: (write) => session.copyOut(statement, write),
		});
	}
	return kept;
}
