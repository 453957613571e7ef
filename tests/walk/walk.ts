// A random walk: statements of every kind on the source (and some on the target), a clone, a look by plain SQL at
// what both endpoints have then, and again. What the product says and what the judge sees must agree: a difference that
// no item of the run names, something of the target's own that is gone, a finding where nothing differs, and a
// second clone that writes are all reported.
import postgres from 'postgres';
import { components as all } from '../../supabase/functions/_shared/components/index.ts';
import type { ComponentKey } from '../../supabase/functions/_shared/domain/component.ts';
import { cloneInProcess, verifyInProcess, type TestCloneResult } from '../helpers/clone.ts';
import { readCatalog, type WalkRelation } from './catalog.ts';
import { ancestors, checksums, describeDatabase, INHERITED, type Described } from './describe.ts';
import { extrasOf, followExtras, type Extras, type Followed } from './extras.ts';
import { seededRandom, type Random } from './random.ts';
import { accessStatements } from './statements/access.ts';
import type { Generator } from './statements/generator.ts';
import { routineStatements } from './statements/routines.ts';
import { rowStatements } from './statements/rows.ts';
import { tableStatements } from './statements/tables.ts';
import { typeStatements } from './statements/types.ts';
import { viewStatements } from './statements/views.ts';

/** Families of statements, tables twice: most goes wrong there. */
const FAMILIES: readonly [readonly Generator[], ...(readonly Generator[])[]] = [
	tableStatements,
	tableStatements,
	tableStatements,
	rowStatements,
	rowStatements,
	typeStatements,
	routineStatements,
	viewStatements,
	accessStatements,
];

const COMPONENTS: readonly ComponentKey[] = [
	'tables',
	'data',
	'views',
	'functions',
	'triggers',
	'policies',
	'realtime',
];
const components = all.filter(({ key }) => COMPONENTS.includes(key));

export interface WalkOptions {
	readonly seed: number;
	readonly source: WalkDatabase;
	readonly target: WalkDatabase;
	readonly removeExtra: boolean;
	/** Both servers print the same query in the same words. */
	readonly sameVersion: boolean;
	readonly rounds: number;
	readonly statements: number;
	/** Stops between rounds. */
	isOver(): boolean;
	log(line: string): void;
}

export interface WalkDatabase {
	readonly dbUrl: string;
	readonly adminUrl: string;
}

export interface WalkResult {
	readonly rounds: number;
	readonly statements: number;
	/** Untold differences and false alarms: none is allowed. */
	readonly faults: readonly string[];
	/** What runs reported as failed, by component and reason, with the number of times. */
	readonly reported: ReadonlyMap<string, number>;
}

/** A database that a walk works on, with what it holds now. */
interface Place {
	readonly urls: WalkDatabase;
	readonly sql: postgres.Sql;
	readonly judge: postgres.Sql;
}

export async function walk(options: WalkOptions): Promise<WalkResult> {
	const random = seededRandom(options.seed);
	const [source, target] = [open(options.source), open(options.target)];
	const faults: string[] = [];
	const reported = new Map<string, number>();
	/** What only the target has: made there by the walk. */
	let extras: Extras = new Map();
	let statements = 0;
	let rounds = 0;
	try {
		while (rounds < options.rounds && !options.isOver()) {
			rounds += 1;
			const say = (line: string): void =>
				options.log(`seed ${options.seed} round ${rounds}: ${line}`);
			statements += await act(random, source, options.statements, options.log);
			const untouched = await describe(target, options);
			statements += await act(random, target, Math.ceil(options.statements / 6), options.log);
			const wanted = await describe(source, options);
			const before = await describe(target, options);
			extras = extrasOf({ before: untouched, now: before, source: wanted }, extras);
			const rowsBefore = await rowSums(target);

			const result = await clone(options).catch((error: unknown) => {
				faults.push(`seed ${options.seed} round ${rounds}: the clone ended with ${String(error)}`);
				return undefined;
			});
			if (!result) break;
			for (const [id, { outcome, detail }] of result.items)
				if (outcome !== 'unchanged') options.log(`-- ${outcome} ${id}: ${detail ?? ''}`);
			for (const line of reasons(result)) reported.set(line, (reported.get(line) ?? 0) + 1);
			const found = await differences(source, target, options, result);
			if (!options.removeExtra) {
				const now = await describe(target, options);
				const followed = followExtras(extras, { before, now, source: wanted });
				const rows = { before: rowsBefore, now: await rowSums(target) };
				found.push(...lostExtras(followed, rows, result));
				extras = followed.kept;
			}
			const said = mentions(result);
			const unreported = found.filter(
				({ holder, name, above = [] }) => ![holder, name, ...above].some(said),
			);
			faults.push(...unreported.map(({ text }) => `seed ${options.seed} round ${rounds}: ${text}`));
			const isTold = [...result.items.values()].some(
				({ outcome, object }) =>
					outcome === 'failed' || (outcome === 'skipped' && !ORDER.test(object)),
			);
			if (!isTold) faults.push(...(await secondClone(options, rounds)));
			if (!isTold && found.length === 0) faults.push(...(await falseAlarms(options, rounds)));
			say(
				`${found.length} differences, ${unreported.length} of them unreported; reported ${reasons(result).length}`,
			);
			for (const { text } of found) options.log(`-- differs: ${text}`);
			if (unreported.length > 0) break;
		}
	} finally {
		for (const { sql, judge } of [source, target]) {
			await sql.end();
			await judge.end();
		}
	}
	return { rounds, statements, faults, reported };
}

const open = (urls: WalkDatabase): Place => ({
	urls,
	sql: postgres(urls.dbUrl, { max: 1, onnotice: () => undefined }),
	judge: postgres(urls.adminUrl, { max: 1, onnotice: () => undefined }),
});

/** Runs random statements; returns how many succeeded. */
async function act(
	random: Random,
	{ sql }: Place,
	count: number,
	log: (line: string) => void,
): Promise<number> {
	let done = 0;
	let catalog = await readCatalog(sql);
	for (let tried = 0; tried < count; tried += 1) {
		const text = random.pickAny(random.pick(FAMILIES))?.(random, catalog);
		if (text === undefined) continue;
		try {
			await sql.unsafe(`set search_path = public, extensions; ${text}`);
			done += 1;
			log(`${text};`);
			catalog = await readCatalog(sql);
		} catch {
			// Wanted: see generator.ts.
		}
	}
	return done;
}

const clone = ({ source, target, removeExtra }: WalkOptions): Promise<TestCloneResult> =>
	cloneInProcess({ source, target, components, options: { remove_extra: removeExtra } });

const describe = (
	{ judge }: Place,
	{ sameVersion }: WalkOptions,
): Promise<Map<string, Described>> => describeDatabase(judge, sameVersion);

const keepsRows = ({ kind }: WalkRelation): boolean => kind === 'r' || kind === 'm';

async function rowSums(
	{ sql, judge }: Place,
	like?: ReadonlyMap<string, readonly string[]>,
): Promise<Map<string, string>> {
	const { relations } = await readCatalog(sql);
	const tables = relations.filter(keepsRows).map(({ schema, name, columns }) => ({
		schema,
		name,
		columns: like?.get(`${schema}.${name}`) ?? columns.map((column) => column.name),
	}));
	return checksums(
		judge,
		like ? tables.filter(({ schema, name }) => like.has(`${schema}.${name}`)) : tables,
	);
}

interface Difference {
	readonly holder: string;
	/** Of the thing itself. */
	readonly name: string;
	/** Tables that it is inherited from. */
	readonly above?: readonly string[];
	readonly text: string;
}

async function differences(
	source: Place,
	target: Place,
	options: WalkOptions,
	result: TestCloneResult,
): Promise<Difference[]> {
	const [wanted, found] = [await describe(source, options), await describe(target, options)];
	const above = await ancestors(source.judge);
	const list: Difference[] = [];
	for (const [id, { holder, definition, body }] of wanted) {
		const there = found.get(id)?.definition;
		if (there === definition || isAdapted(result, holder)) continue;
		list.push({
			holder,
			name: nameIn(id),
			above: body === INHERITED ? (above.get(holder) ?? []) : [],
			text: `${id}: ${there === undefined ? 'missing' : `${there} instead of ${definition}`}`,
		});
	}
	if (options.removeExtra) {
		for (const [id, { holder }] of found)
			if (!wanted.has(id)) list.push({ holder, name: nameIn(id), text: `${id}: still there` });
	}
	const columns = new Map(
		(await readCatalog(source.sql)).relations
			.filter(keepsRows)
			.map(({ schema, name, columns }) => [`${schema}.${name}`, columns.map(({ name }) => name)]),
	);
	const [rows, copies] = [await rowSums(source, columns), await rowSums(target, columns)];
	for (const [table, sum] of rows)
		if (copies.get(table) !== sum)
			list.push({
				holder: table,
				name: table,
				text: `rows of ${table}: ${copies.get(table) ?? 'missing'} instead of ${sum}`,
			});
	return list;
}

function lostExtras(
	{ kept, lost }: Followed,
	rows: Readonly<Record<'before' | 'now', ReadonlyMap<string, string>>>,
	result: TestCloneResult,
): Difference[] {
	const list: Difference[] = [];
	for (const { extra, there } of lost) {
		const { id, holder, definition } = extra;
		if (isAdapted(result, holder) || isReportedAsRemoved(result, extra)) continue;
		const now = there ? `${there.id} ${there.definition} instead of ${definition}` : 'gone';
		list.push({ holder, name: nameIn(id), text: `extra ${id}: ${now}` });
	}
	for (const { id, holder } of kept.values()) {
		const [was, is] = [rows.before.get(holder), rows.now.get(holder)];
		if (!/^(table|matview) /.test(id) || was === is) continue;
		list.push({
			holder,
			name: holder,
			text: `rows of extra ${holder}: ${is ?? 'gone'} instead of ${was ?? ''}`,
		});
	}
	return list;
}

/**
 * Default privileges in a schema of both belong to it, as its grants do: they follow the source, and that is said. So are
 * the columns that a view of both loses.
 */
function isReportedAsRemoved(result: TestCloneResult, { id, holder }: Described): boolean {
	const items = [...result.items.values()].map(({ object, detail }) => ({
		object: plain(object),
		detail: plain(detail ?? ''),
	}));
	if (id.startsWith('column ')) {
		const column = id.slice(`column ${holder}.`.length);
		return items.some(
			({ object, detail }) => object === `columns of ${holder}` && detail.includes(column),
		);
	}
	return (
		id.startsWith('default privileges ') &&
		items.some(
			({ object, detail }) =>
				`${object} ${detail}`.includes(
					`default privileges of postgres on tables in schema ${holder}`,
				) && /removed/i.test(detail),
		)
	);
}

/** `index public.orders_at` → `public.orders_at`. */
const nameIn = (id: string): string => id.replace(/^\S+ /, '');

const plain = (name: string): string =>
	name.replaceAll(/"((?:[^"]|"")*)"/g, (_, inner: string) => inner.replaceAll('""', '"'));

const isAdapted = (result: TestCloneResult, holder: string): boolean =>
	[...result.items.values()].some(
		({ outcome, object }) => outcome === 'adapted' && object.includes(holder),
	);

/** It says that the order differs, and nothing of what else may. */
const ORDER = /^order of columns of /;

/** Whether an item that is not a success names the object. */
function mentions(result: TestCloneResult): (holder: string) => boolean {
	const texts = [...result.items.values()]
		.filter(({ outcome }) => outcome === 'failed' || outcome === 'skipped' || outcome === 'adapted')
		.filter(({ object }) => !ORDER.test(object))
		.map(({ object, detail, fix }) => `${object} ${detail ?? ''} ${fix ?? ''}`.replaceAll('"', ''));
	return (holder) => {
		const name = holder.replaceAll('"', '');
		return texts.some((text) => text.includes(name));
	};
}

const reasons = (result: TestCloneResult): string[] =>
	[...result.items.values()]
		.filter(({ outcome }) => outcome === 'failed')
		.map(
			({ component, sqlstate, detail, object }) =>
				`${component} ${sqlstate ?? ''} ${object}: ${detail ?? ''}`,
		);

/** What a clone of equal endpoints writes. */
async function secondClone(options: WalkOptions, round: number): Promise<string[]> {
	const again = await clone(options);
	return [...again.items]
		.filter(([, { outcome }]) => outcome === 'copied')
		.map(
			([id, { detail }]) =>
				`seed ${options.seed} round ${round}: a second clone wrote ${id}: ${detail ?? ''}`,
		);
}

/** What a verification of equal endpoints finds. */
async function falseAlarms(options: WalkOptions, round: number): Promise<string[]> {
	const list: string[] = [];
	for (const component of components) {
		const { source, target, removeExtra } = options;
		const endpoints = { source, target, options: { remove_extra: removeExtra } };
		for (const finding of await verifyInProcess(endpoints, component, 'checksums'))
			if (finding.severity === 'failed')
				list.push(
					`seed ${options.seed} round ${round}: false alarm of ${component.key}: ${finding.object}: ${finding.expected} / ${finding.found}`,
				);
	}
	return list;
}
