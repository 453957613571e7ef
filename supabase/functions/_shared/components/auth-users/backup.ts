// What a backup keeps of users: the rows as a clone would bring them to another project.
import type { KeptTable } from '../../contract/backup.ts';
import { copyPiece, type CopiedTable } from '../../platform/copy-pieces.ts';
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
		const select = columns
			.map((column) => `${column.expression} as ${ident(column.name)}`)
			.join(', ');
		const [size] = await session.query<{ bytes: number; rows: number | null }>(
			`select pg_catalog.pg_table_size(c.oid)::pg_catalog.float8 as bytes,
			  nullif(c.reltuples, -1)::pg_catalog.float8 as rows
			from pg_catalog.pg_class c where c.oid = $1::pg_catalog.regclass`,
			[name],
		);
		const copied: CopiedTable = {
			from: name,
			condition: filter,
			select,
			whole: `copy (select ${select} from ${name} where ${filter}) to stdout`,
			key: ['id'],
			hash: '0::int8',
			bytes: size?.bytes ?? 0,
			rows: size?.rows ?? null,
		};
		kept.push({
			object: name,
			table: name,
			columns: columns.map((column) => column.name),
			copy: (from, bytes, write) => copyPiece(session, copied, from, bytes, write),
		});
	}
	return kept;
}
