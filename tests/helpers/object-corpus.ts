// Runs the corpus: clone → verified → equal dumps → clone again, which changes nothing. A case is a folder of
// tests/corpus: `source.sql` and `target.sql` (as postgres), `admin.sql` (source, as superuser, first),
// `expect.json`. Parts it does not have are empty.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import postgres from 'postgres';
import { expect, it } from 'vitest';
import { databasesDir } from '../../local/state-dir.ts';
import { installPostgres } from '../../local/postgres-install.ts';
import type { Component, Item } from '../../supabase/functions/_shared/components/component.ts';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { realtime } from '../../supabase/functions/_shared/components/realtime/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import type { CloneOptions } from '../../supabase/functions/_shared/domain/clone.ts';
import { schemaStage } from '../../supabase/functions/_shared/schema/stage.ts';
import { schemaVerify } from '../../supabase/functions/_shared/schema/verify.ts';
import { cloneInProcess, verifyInProcess } from './clone.ts';
import { freshPair, type Pair } from './clusters.ts';

const CORPUS = path.join(import.meta.dirname, '..', 'corpus');

/** Tables as the product's component makes them, without its preview. */
export const tablesOnly: Component = {
	key: 'tables',
	stages: [
		schemaStage({
			name: 'structure',
			stage: 'structure',
			components: ['tables'],
			needs: [],
			provides: ['structure'],
		}),
		schemaStage({
			name: 'relations',
			stage: 'relations',
			components: ['tables'],
			needs: ['structure', 'rows'],
			provides: ['relations'],
		}),
	],
	preview: () => Promise.resolve({ counts: {}, objects: [], warnings: [] }),
	verify: (context) => schemaVerify(context, ['tables']),
};

/** What a case needs beside tables. Every component reads both sides anew, so no more than that. */
const BESIDE_TABLES: Readonly<Record<string, readonly Component[]>> = {
	functions: [functions, views, triggers, policies],
	views: [data, functions, views],
	triggers: [functions, triggers, views],
	policies: [functions, views, policies],
	realtime: [realtime],
};

interface Expectation {
	readonly options?: Partial<CloneOptions>;
	/** Outcome of some objects in the first clone, `component object`. */
	readonly outcomes?: Readonly<Record<string, Item['outcome']>>;
	/** Words of the lines that only the target's dump has. */
	readonly targetOnly?: readonly string[];
	/** Some things cannot be made equal: nothing is verified, but the second clone still changes nothing. */
	readonly stillDiffers?: boolean;
}

const read = (folder: string, name: string): string => {
	const file = path.join(CORPUS, folder, name);
	return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
};

const verifySchema: Component['verify'] = (context) =>
	schemaVerify(context, ['tables', 'functions', 'triggers', 'policies']);

/** Runs SQL text on a database. */
export async function runOn(url: string, text: string): Promise<void> {
	if (text.trim() === '') return;
	const sql = postgres(url, { max: 1, onnotice: () => undefined });
	try {
		await sql.unsafe(text);
	} finally {
		await sql.end();
	}
}

/** Rows of a query on a database. */
export async function rowsOf(url: string, text: string): Promise<Record<string, unknown>[]> {
	const sql = postgres(url, { max: 1, onnotice: () => undefined });
	try {
		return (await sql.unsafe(text)).map((row) => ({ ...row }));
	} finally {
		await sql.end();
	}
}

/** Statements of `pg_dump --schema-only`, sorted: its order differs between equal databases. */
export function dumpOf(url: string): string[] {
	const { major } = installPostgres(databasesDir());
	const binary = `/usr/lib/postgresql/${major}/bin/pg_dump`;
	const text = execFileSync(binary, ['--schema-only', '--exclude-schema=_twins', '-d', url], {
		encoding: 'utf8',
		maxBuffer: 1 << 28,
	});
	return (
		text
			.split(/\n(?:--[^\n]*\n)*\n/)
			.map((statement) => statement.replaceAll(/^--.*$/gm, '').trim())
			.filter((statement) => statement !== '')
			.filter(
				(statement) => !/^(\\(un)?restrict|SET |SELECT pg_catalog.set_config)/.test(statement),
			)
			// What the platform's own roles will create is the platform's.
			.filter((statement) => !statement.startsWith('ALTER DEFAULT PRIVILEGES FOR ROLE supabase_'))
			.map((statement) => statement.replaceAll(/\s+/g, ''))
			.sort()
	);
}

const cloneAll = (pair: Pair, components: readonly Component[], options: Partial<CloneOptions>) =>
	cloneInProcess({ source: pair.source, target: pair.target, components, options });

async function runCase(folder: string): Promise<void> {
	const [prefix = ''] = folder.split('--');
	const components = [tablesOnly, ...(BESIDE_TABLES[prefix] ?? [])];
	const expected: Expectation = JSON.parse(read(folder, 'expect.json') || '{}');
	const pair = await freshPair();
	await runOn(pair.source.adminUrl, read(folder, 'admin.sql'));
	await runOn(pair.source.dbUrl, read(folder, 'source.sql'));
	await runOn(pair.target.dbUrl, read(folder, 'target.sql'));

	const first = await cloneAll(pair, components, expected.options ?? {});
	for (const [object, outcome] of Object.entries(expected.outcomes ?? {})) {
		expect(first.items.get(object)?.outcome, object).toBe(outcome);
	}
	const named = Object.keys(expected.outcomes ?? {});
	const failed = [...first.items]
		.filter(([id, item]) => item.outcome === 'failed' && !named.includes(id))
		.map(([id, item]) => `${id}: ${item.detail ?? ''}`);
	expect(failed).toEqual([]);

	if (expected.stillDiffers !== true) {
		const everything = { ...tablesOnly, verify: verifySchema };
		const own = components.filter((component) => component === views || component === realtime);
		for (const component of [everything, ...own]) {
			expect(await verifyInProcess(pair, component, 'checksums'), component.key).toEqual([]);
		}
		const isKnown = (line: string) =>
			expected.targetOnly?.some((word) => line.includes(word.replaceAll(' ', '')));
		const [source, target] = [dumpOf(pair.source.dbUrl), dumpOf(pair.target.dbUrl)];
		expect(target.filter((line) => !source.includes(line) && !isKnown(line))).toEqual([]);
		expect(source.filter((line) => !target.includes(line))).toEqual([]);
	}

	const before = await catalogVersion(pair.target.adminUrl);
	const second = await cloneAll(pair, components, expected.options ?? {});
	expect(second.outcome('copied')).toEqual([]);
	expect(await catalogVersion(pair.target.adminUrl)).toEqual(before);
}

/** Changes when any row of the catalogs was written and committed. */
const catalogVersion = (url: string): Promise<Record<string, unknown>[]> =>
	rowsOf(
		url,
		[
			'pg_class',
			'pg_proc',
			'pg_rewrite',
			'pg_trigger',
			'pg_policy',
			'pg_publication_rel',
			'pg_depend',
		]
			.map((name) => `select '${name}' as name, max(xmin::text::bigint), count(*) from ${name}`)
			.join(' union all ')
			.concat(' order by 1'),
	);

/** A test for every case whose folder begins with the prefix. */
export function corpusTests(prefix: string): void {
	const folders = fs.readdirSync(CORPUS).filter((name) => name.startsWith(`${prefix}--`));
	for (const folder of folders) {
		const title = folder.slice(prefix.length + 2).replaceAll('-', ' ');
		it(`arrive equal, and a second clone changes nothing: ${title}`, () => runCase(folder));
	}
}
