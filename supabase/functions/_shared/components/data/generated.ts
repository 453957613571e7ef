// Stored generated columns. A clone copies none of their values: the target computes them. They differ from the
// source's where a function was changed after rows were written, on either endpoint. Rows of the target that are behind
// their own expression are computed again; what the source would compute otherwise today is reported.
import type { TwinsError } from '../../domain/errors.ts';
import { both } from '../../platform/both.ts';
import { type Row, type Session, ident, qualified } from '../../platform/postgres/index.ts';
import { inOwnPath, userPath } from '../../schema/own-path.ts';
import { areEqual, countOf } from './compare.ts';
import type { Sessions } from './sessions.ts';
import { digestOf } from './expressions.ts';
import { readFactsAgain } from './inspect.ts';
import { unguarded } from './load.ts';
import type { Plan, TableJob } from './plan.ts';
import { READ_GENERATED } from './queries.ts';
import { isOfOneTable } from './trouble.ts';

interface Generated extends Row {
	readonly schema: string;
	readonly name: string;
	readonly column: string;
	/** Qualified, with the type of the column. */
	readonly expression: string;
}

/** A table with the columns that both endpoints generate. */
interface Computed {
	readonly tableJob: TableJob;
	readonly source: readonly Generated[];
	readonly target: readonly Generated[];
}

export interface Stale {
	/** `schema.table.column`, or the table with `trouble`. */
	readonly object: string;
	readonly detail: string;
	readonly trouble?: TwinsError;
}

export const STALE_FIX =
	'Write these rows again on the source (update … set a column = itself), so that it computes the values anew, or leave it: every row written from now on is alike on source and target.';

/** What both endpoints generate in tables whose rows are the same on both. */
export async function readGenerated(
	{ source, target }: Sessions,
	{ tableJobs, leaves }: Plan,
): Promise<readonly Computed[]> {
	const [here, there] = await both(
		readFactsAgain<Generated>(source, READ_GENERATED),
		readFactsAgain<Generated>(target, READ_GENERATED),
	);
	const alike = [...tableJobs, ...leaves].filter(
		({ isLimited, isTree, strategy }) => !isLimited && !isTree && strategy === 'mirror',
	);
	return alike.flatMap((tableJob) => {
		const on = (columns: readonly Generated[]) =>
			columns.filter(({ schema, name }) => qualified(schema, name) === tableJob.key);
		const shared = on(here).filter(({ column }) =>
			on(there).some((other) => other.column === column),
		);
		const names = shared.map(({ column }) => column);
		const target = on(there).filter(({ column }) => names.includes(column));
		return names.length === 0 ? [] : [{ tableJob, source: shared, target }];
	});
}

/** Columns of the table that differ though its rows do not; `mends`: after those of the target were computed again. */
export async function staleIn(
	sessions: Sessions,
	computed: Computed,
	mends: boolean,
): Promise<Stale[]> {
	const { tableJob } = computed;
	const recover = async (): Promise<void> => {
		await both(
			sessions.source.script(`rollback; set search_path to ${userPath()}`),
			sessions.target.script(`rollback; set search_path to ${userPath()}`),
		);
	};
	try {
		return await inOwnPath(
			{ sessions: [sessions.source, sessions.target], recover },
			[tableJob.key],
			() => compared(sessions, computed, mends),
		);
	} catch (error) {
		if (!isOfOneTable(error)) throw error;
		await recover();
		return [{ object: tableJob.object, detail: error.message, trouble: error }];
	}
}

async function compared(sessions: Sessions, computed: Computed, mends: boolean): Promise<Stale[]> {
	const { tableJob, source, target } = computed;
	let differing = await differingColumns(sessions, computed);
	// Rows that differ are reported by those who compare them.
	if (differing.size === 0 || (await areEqual(sessions, [tableJob]))[0] !== true) return [];
	const behind = target.filter(({ column }) => differing.has(column));
	const same = tableJob.columns
		.filter(({ isUpdatable }) => isUpdatable)
		.map(({ name }) => `${ident(name)} = ${ident(name)}`);
	if (mends && same.length > 0 && (await countBehind(sessions.target, tableJob, behind)) > 0) {
		// Naming every column makes Postgres compute all that is generated.
		const update = `update ${tableJob.targetTable} set ${same.join(', ')} where ${behind.map(isBehind).join(' or ')}`;
		await sessions.target.script(['begin', ...unguarded(tableJob, [update]), 'commit'].join(';\n'));
		differing = await differingColumns(sessions, computed);
	}
	const stale: Stale[] = [];
	for (const column of source.filter((one) => differing.has(one.column))) {
		const object = `${tableJob.object}.${column.column}`;
		const rows = await countBehind(sessions.source, tableJob, [column]);
		const detail =
			rows > 0
				? `${countOf(rows)} of the source ${rows === 1 ? 'holds a value' : 'hold values'} that its expression does not give today; the target’s are computed`
				: 'source and target compute other values for the same rows';
		stale.push({ object, detail });
	}
	return stale;
}

const isBehind = ({ column, expression }: Generated): string =>
	`row(${ident(column)})::pg_catalog.text is distinct from row(${expression})::pg_catalog.text`;

async function countBehind(
	session: Session,
	{ key }: TableJob,
	columns: readonly Generated[],
): Promise<number> {
	const [row] = await session.query<{ rows: number }>(
		`select pg_catalog.count(*)::pg_catalog.int8 as rows from only ${key} where ${columns.map(isBehind).join(' or ')}`,
	);
	return Number(row?.rows ?? 0);
}

/** Each value is summed up with what tells its row, so that values that changed places show. */
async function differingColumns(
	{ source, target }: Sessions,
	{ tableJob, source: columns }: Computed,
): Promise<ReadonlySet<string>> {
	const row = (tableJob.identity ?? tableJob.columns.map(({ name }) => name)).map(ident);
	const sums = columns.map(
		({ column }, nth) =>
			`coalesce(pg_catalog.sum(${digestOf(`row(${[ident(column), ...row].join(', ')})`)}), 0)::pg_catalog.text as c${nth}`,
	);
	const query = `select ${sums.join(', ')} from only ${tableJob.key}`;
	const [[here], [there]] = await both(source.query(query), target.query(query));
	return new Set(
		columns.flatMap(({ column }, nth) =>
			here?.[`c${nth}`] === there?.[`c${nth}`] ? [] : [column],
		),
	);
}
