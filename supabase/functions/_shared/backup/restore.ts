// Restores a backup step by step. Each change and each part of rows is one transaction with its line in the ledger: a slice that is
// repeated finds what is in already. Every object's hash is compared before it is used.
import * as z from 'zod/mini';
import { prepare } from '../components/data/inspect.ts';
import { SIZES } from '../components/data/sizes.ts';
import type { BackupWork, RestoreContext } from '../contract/backup.ts';
import { LEDGER_SCHEMA } from '../contract/ledger.ts';
import { formatQuantity } from '../domain/amount.ts';
import {
	AFTER_ROWS_NAME,
	storedAfterRowsSchema,
	type BackupTable,
	type Manifest,
	type StoredChange,
	type StoredAfterRows,
} from '../domain/backup.ts';
import { isPassing, sqlstateOf, TwinsError } from '../domain/errors.ts';
import { ident, qualified, type Session } from '../platform/postgres/index.ts';
import { partsOf } from '../schema/names.ts';
import { userPath } from '../schema/own-path.ts';
import { openBackup, type OpenBackup } from './open.ts';
import { readObject } from './pages.ts';
import {
	isOfUsers,
	KEPT_FILES_STEP,
	nameOf,
	readSchema,
	SCHEMA_STEP,
	wantedTables,
} from './restore-plan.ts';
import { runStage, showFiles, STAGES } from './restore-rest.ts';
import { SCHEMA_SETTINGS } from './schema-script.ts';

const cursorSchema = z.object({
	/** The next piece of work, and the next part of it. */
	next: z.int(),
	part: z.int(),
	rows: z.number(),
});
type Cursor = z.infer<typeof cursorSchema>;

/** Compressed bytes that a slice loads: some 60 MB of text. */
const SLICE_BYTES = 12 * 1024 * 1024;

interface Work {
	readonly context: RestoreContext;
	readonly backup: OpenBackup;
	readonly manifest: Manifest;
	readonly session: Session;
	/** Bytes loaded in this slice. */
	bytes: number;
}

type Result = Awaited<ReturnType<BackupWork['restore']>>;

export async function restore(context: RestoreContext): Promise<Result> {
	const backup = await openBackup(context);
	const { manifest } = backup;
	const session = await context.target.database();
	await session.script(`set client_min_messages to warning;
		create schema if not exists ${ident(LEDGER_SCHEMA)};
		create table if not exists ${LEDGER} (step text, key text, primary key (step, key))`);
	const work: Work = { context, backup, manifest, session, bytes: 0 };
	const { step, options } = context;
	if (step.startsWith(SCHEMA_STEP)) {
		const schema = await readSchema(backup);
		const found = schema.stages.find(({ stage }) => SCHEMA_STEP + stage === step);
		const isFirst = found === schema.stages[0];
		if (isFirst && context.cursor === null) reportProblems(work);
		if (isFirst && options.components.tables === true)
			await takePrivileges(work, schema.privileges);
		return makeAll(work, found?.changes ?? []);
	}
	if (step in STAGES) return runStage(context, backup, step);
	switch (step) {
		case 'users':
			return loadAll(work, manifest.tables.filter(isOfUsers), loadUsers);
		case 'rows':
			return loadAll(work, wantedTables(manifest, options), loadRows);
		case 'defaults':
			return makeAll(work, (await readSchema(backup)).defaults);
		case 'sequences':
			return setSequences(work, await readAfterRows(work));
		case 'refreshes':
			return refresh(work, await readAfterRows(work));
		case KEPT_FILES_STEP:
			return showFiles(context, backup);
		default:
			throw new TwinsError(
				'internal',
				`This version of the worker does not know ${step}`,
				'Deploy the functions again.',
			);
	}
}

const LEDGER = `${ident(LEDGER_SCHEMA)}.restored`;

/** What the backup lacks, where the tables are reported. */
function reportProblems({ context, manifest }: Work): void {
	context.report(
		...manifest.problems.map(({ object, detail }) => ({
			object,
			outcome: 'skipped' as const,
			detail: `it is not in the backup: ${detail}`,
		})),
	);
}

async function takePrivileges(work: Work, statements: readonly string[]): Promise<void> {
	const refused = await once(work, 'privileges', () => work.session.script(statements.join(';\n')));
	if (refused) throw refused;
}

async function readAfterRows({ backup }: Work): Promise<StoredAfterRows> {
	const bytes = await readObject(backup, AFTER_ROWS_NAME);
	return storedAfterRowsSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

const startOf = ({ context }: Work): Cursor =>
	context.cursor === null ? { next: 0, part: 0, rows: 0 } : cursorSchema.parse(context.cursor);

/** Whether the ledger has it; else notes it, in the transaction that is open. */
async function isDone({ session, context }: Work, key: string): Promise<boolean> {
	const [row] = await session.query(
		`insert into ${LEDGER} (step, key) values ($1, $2) on conflict do nothing returning true as is_new`,
		[context.step, key],
	);
	return row === undefined;
}

/** One transaction with its line in the ledger. What Postgres refuses for good is returned. */
async function once(
	work: Work,
	key: string,
	run: () => Promise<unknown>,
): Promise<TwinsError | undefined> {
	const { session } = work;
	await session.query('begin');
	try {
		if (!(await isDone(work, key))) await run();
		await session.query('commit');
		return undefined;
	} catch (error) {
		await session.query('rollback').catch(() => undefined);
		if (!(error instanceof TwinsError) || isPassing(error) || sqlstateOf(error) === undefined) {
			throw error;
		}
		return error;
	}
}

/** Makes the changes of the components that are wanted. */
async function makeAll(work: Work, changes: readonly StoredChange[]): Promise<Result> {
	const { context, session } = work;
	const wanted = changes.filter(({ component }) => context.options.components[component] === true);
	await session.script(`${SCHEMA_SETTINGS}set lock_timeout = '10s'`);
	const from = startOf(work);
	for (let next = from.next; next < wanted.length; next += 1) {
		const change = wanted[next];
		if (change === undefined) break;
		context.signal.throwIfAborted();
		context.progress({ done: next, total: wanted.length });
		if (next > from.next && context.spent()) {
			return { state: 'more', cursor: { ...from, next } satisfies Cursor };
		}
		const { component, object, path, statements } = change;
		const refused = await once(work, `${next}`, () =>
			session.script([`set local search_path = ${path}`, ...statements].join(';\n')),
		);
		context.report({
			component,
			object,
			...(refused ? failed(refused) : { outcome: 'copied', detail: 'created' }),
		});
	}
	context.progress({ done: wanted.length, total: wanted.length });
	return { state: 'done' };
}

const failed = (error: TwinsError) => ({
	outcome: 'failed' as const,
	detail: error.message,
	fix: error.fix,
	sqlstate: sqlstateOf(error),
});

/** `text`: null for a table without rows. */
type LoadPart = (
	work: Work,
	table: BackupTable,
	part: number,
	text: AsyncIterable<Uint8Array> | null,
) => Promise<number>;

/** Loads tables part by part. */
async function loadAll(
	work: Work,
	tables: readonly BackupTable[],
	load: LoadPart,
): Promise<Result> {
	const { context, session } = work;
	await prepare(session, 'target', { lockMs: SIZES.lockMs, statementMs: 0 });
	const from = startOf(work);
	let { rows } = from;
	for (let next = from.next; next < tables.length; next += 1) {
		const table = tables[next];
		if (table === undefined) break;
		const first = next === from.next ? from.part : 0;
		const end = await loadTable(work, table, first, load);
		rows += end.rows;
		context.progress({
			done: next + (end.stopped === undefined ? 1 : 0),
			total: tables.length,
			rows,
		});
		if (end.stopped !== undefined) {
			return { state: 'more', cursor: { next, part: end.stopped, rows } satisfies Cursor };
		}
		if (isFull(work) && next + 1 < tables.length) {
			return { state: 'more', cursor: { next: next + 1, part: 0, rows } satisfies Cursor };
		}
	}
	return { state: 'done' };
}

const isFull = ({ bytes, context }: Work): boolean => bytes >= SLICE_BYTES || context.spent();

async function loadTable(
	work: Work,
	table: BackupTable,
	first: number,
	load: LoadPart,
): Promise<{ readonly rows: number; readonly stopped?: number }> {
	const { context, backup } = work;
	const object = nameOf(table.table);
	let rows = 0;
	// A table without rows has no part, and takes the place of what is there as well.
	const parts = table.parts.length === 0 ? [null] : table.parts;
	for (let part = first; part < parts.length; part += 1) {
		context.signal.throwIfAborted();
		if (part > first && isFull(work)) return { rows, stopped: part };
		const name = parts[part];
		const stored = name ? await readObject(backup, name) : new Uint8Array();
		work.bytes += stored.length;
		const refused = await once(work, `${table.table} ${part}`, async () => {
			rows += await load(work, table, part, name ? gunzipped(stored) : null);
		});
		if (refused === undefined) continue;
		context.report({ object, ...failed(refused) });
		return { rows };
	}
	context.report({
		object,
		outcome: 'copied',
		detail: formatQuantity(table.rows, 'row'),
	});
	return { rows };
}

/** A piece at a time: the whole text beside its compressed bytes would be most of what an edge function may use. */
async function* gunzipped(bytes: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array> {
	const reader = new Blob([bytes])
		.stream()
		.pipeThrough(new DecompressionStream('gzip'))
		.getReader();
	for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
		yield piece.value;
	}
}

const listOf = ({ columns }: BackupTable): string => columns.map(ident).join(', ');

/** Into a new table, or in place of what a table holds. */
async function loadRows(
	{ session, context }: Work,
	table: BackupTable,
	part: number,
	text: AsyncIterable<Uint8Array> | null,
): Promise<number> {
	const list = listOf(table);
	const path = userPath([partsOf(table.table)[0]]);
	await session.query(`set local search_path = ${path}`);
	if (part === 0 && context.options.components.tables !== true) {
		await session.query(`delete from ${table.table}`);
	}
	if (text === null) return 0;
	const always = await triggersThatFireAlways(session, table.table);
	for (const trigger of always) {
		await session.query(`alter table ${table.table} disable trigger ${trigger}`);
	}
	const rows = await session.copyIn(`copy ${table.table}${list && ` (${list})`} from stdin`, text);
	for (const trigger of always) {
		await session.query(`alter table ${table.table} enable always trigger ${trigger}`);
	}
	return rows;
}

/** The others stay silent by the session's role. */
async function triggersThatFireAlways(session: Session, table: string): Promise<string[]> {
	const found = await session.query<{ name: string }>(
		`select tgname as name from pg_catalog.pg_trigger
		where tgrelid = $1::regclass and tgenabled = 'A' and not tgisinternal`,
		[table],
	);
	return found.map(({ name }) => ident(name));
}

/** Users that the target has already, by their id or their address, stay as they are. */
async function loadUsers(
	{ session }: Work,
	table: BackupTable,
	_part: number,
	text: AsyncIterable<Uint8Array> | null,
): Promise<number> {
	if (text === null) return 0;
	const list = listOf(table);
	await session.query(
		`create temporary table twins_incoming on commit drop as select ${list} from ${table.table} limit 0`,
	);
	await session.copyIn(`copy twins_incoming (${list}) from stdin`, text);
	const [row] = await session.query<{ count: number }>(
		`with added as (
			insert into ${table.table} (${list}) select ${list} from twins_incoming on conflict do nothing returning 1
		)
		select count(*)::int as count from added`,
	);
	return row?.count ?? 0;
}

/** Positions are set again as often as a slice is: it comes to the same. Of single tables, those that number their rows. */
async function setSequences(work: Work, { sequences }: StoredAfterRows): Promise<Result> {
	const { session, context, manifest } = work;
	const wanted = new Set(wantedTables(manifest, context.options).map(({ table }) => table));
	for (const { sequence, last, called } of sequences) {
		if (context.options.tables !== undefined && !wanted.has(await ownerOf(session, sequence))) {
			continue;
		}
		try {
			await session.query('select pg_catalog.setval($1::regclass, $2::int8, $3::bool)', [
				sequence,
				last,
				called,
			]);
		} catch (error) {
			if (!(error instanceof TwinsError) || isPassing(error)) throw error;
			context.report({ object: nameOf(sequence), ...failed(error) });
		}
	}
	return { state: 'done' };
}

/** The table that a sequence numbers, quoted as in the manifest; empty where there is none. */
async function ownerOf(session: Session, sequence: string): Promise<string> {
	const [row] = await session.query<{ schema: string; name: string }>(
		`select n.nspname as schema, c.relname as name
		from pg_catalog.pg_depend as d
		join pg_catalog.pg_class as c on c.oid = d.refobjid
		join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
		where d.objid = pg_catalog.to_regclass($1) and d.classid = 'pg_catalog.pg_class'::regclass
			and d.deptype in ('a', 'i') and d.refclassid = 'pg_catalog.pg_class'::regclass`,
		[sequence],
	);
	return row === undefined ? '' : qualified(row.schema, row.name);
}

async function refresh(work: Work, { refreshes }: StoredAfterRows): Promise<Result> {
	const { session, context } = work;
	const from = startOf(work);
	for (let next = from.next; next < refreshes.length; next += 1) {
		const name = refreshes[next] ?? '';
		context.signal.throwIfAborted();
		if (next > from.next && context.spent()) {
			return { state: 'more', cursor: { ...from, next } satisfies Cursor };
		}
		const refused = await once(work, name, () =>
			session.script(
				`set local search_path = ${userPath([partsOf(name)[0]])}; refresh materialized view ${name}`,
			),
		);
		if (refused) context.report({ object: nameOf(name), ...failed(refused) });
	}
	return { state: 'done' };
}
