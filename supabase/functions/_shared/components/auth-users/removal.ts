// Removes from the target what a former clone brought and the source has deleted since. With triggers and foreign
// keys at rest, as all that a clone writes: a copy cancels no subscription and sends no mail. So what belongs to a
// user in schema auth goes by statements of ours, and a user to whom rows of the application still point stays.
import { type Row, type Session, ident } from '../../platform/postgres/index.ts';
import type { AuthTable } from './columns.ts';
import { REFERENCES_TO } from './queries.ts';

interface Reference extends Row {
	readonly object: string;
	readonly schema: string;
	readonly table: string;
	/** Table of schema auth that is pointed to. */
	readonly to: AuthTable | string;
	readonly columns: readonly string[];
	readonly keys: readonly string[];
	readonly isOfUser: boolean;
	readonly setsNull: boolean;
	readonly hasPartitions: boolean;
}

export interface Holder {
	readonly id: string;
	/** Foreign key of the application that points to it. */
	readonly constraint: string;
	readonly rows: number;
}

const GIVEN = `id = any (select asked.id::pg_catalog.uuid
    from pg_catalog.jsonb_array_elements_text($1::pg_catalog.jsonb) as asked (id))`;

export async function readReferences(target: Session): Promise<Reference[]> {
	return target.query<Reference>(REFERENCES_TO);
}

/** Those of the ids that rows of the application point to. */
export async function readHolders(
	target: Session,
	references: readonly Reference[],
	table: AuthTable,
	ids: readonly string[],
): Promise<ReadonlyMap<string, Holder>> {
	const holders = new Map<string, Holder>();
	for (const reference of references.filter(({ isOfUser, to }) => isOfUser && to === table)) {
		const { columns, keys, hasPartitions, schema, table: from } = reference;
		const pairs = columns.map((column, at) => `r.${ident(column)} = t.${ident(keys[at] ?? '')}`);
		const rows = await target.query<{ id: string; rows: number }>(
			`select t.id::pg_catalog.text as id, pg_catalog.count(*)::pg_catalog.int8 as rows
			from auth.${ident(table)} t join ${hasPartitions ? '' : 'only '}${ident(schema)}.${ident(from)} r
				on ${pairs.join(' and ')}
			where t.${GIVEN} group by t.id`,
			[JSON.stringify(ids)],
		);
		for (const { id, rows: count } of rows) {
			holders.set(id, { id, constraint: reference.object, rows: Number(count) });
		}
	}
	return holders;
}

/** Removes the rows with all that belongs to them in schema auth, in one transaction. */
export async function removeAtRest(
	target: Session,
	references: readonly Reference[],
	table: AuthTable,
	ids: readonly string[],
): Promise<void> {
	const statements = [
		...dependents(references, table, GIVEN, new Set([table])),
		`delete from auth.${ident(table)} where ${GIVEN}`,
	];
	try {
		await target.script('begin; set local session_replication_role = replica');
		for (const statement of statements) await target.query(statement, [JSON.stringify(ids)]);
		await target.query('commit');
	} catch (error) {
		await target.query('rollback').catch(() => undefined);
		throw error;
	}
}

/** Statements for what points to the rows of a table that meet the condition, the farthest first. */
function dependents(
	references: readonly Reference[],
	table: string,
	condition: string,
	path: ReadonlySet<string>,
): string[] {
	return references
		.filter(({ isOfUser, to, table: from }) => !isOfUser && to === table && !path.has(from))
		.flatMap((reference) => {
			const columns = reference.columns.map((column) => ident(column)).join(', ');
			const keys = reference.keys.map((key) => ident(key)).join(', ');
			const concerned = `(${columns}) in (select ${keys} from auth.${ident(table)} where ${condition})`;
			const from = `auth.${ident(reference.table)}`;
			if (reference.setsNull) {
				const nothing = reference.columns.map((column) => `${ident(column)} = null`).join(', ');
				return [`update ${from} set ${nothing} where ${concerned}`];
			}
			const further = new Set([...path, reference.table]);
			return [
				...dependents(references, reference.table, concerned, further),
				`delete from ${from} where ${concerned}`,
			];
		});
}
