// The corpus: folders `tests/corpus/<component>--<case>`, read and run in one way. See tests/corpus/README.md.
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { expect } from 'vitest';
import * as z from 'zod/mini';
import { components as all } from '../../supabase/functions/_shared/components/index.ts';
import { type ComponentKey } from '../../supabase/functions/_shared/domain/component.ts';
import { ITEM_OUTCOMES } from '../../supabase/functions/_shared/domain/status.ts';
import { cloneInProcess, verifyAllInProcess, type TestCloneResult, keepSessions } from './clone.ts';
import type { Finding } from '../../supabase/functions/_shared/contract/report.ts';
import type { KeptEndpoints } from '../../supabase/functions/_shared/engine/kept-endpoints.ts';
import type { ClusterUrls, Pair } from './clusters.ts';
import { dumpedStatements } from './dump.ts';
import { rowSums } from './row-sums.ts';
import { rowsOf } from './run-sql.ts';

const CORPUS = path.join(import.meta.dirname, '..', 'corpus');

/** What is in databases only: the rest of the components needs services. */
const KEYS: readonly ComponentKey[] = [
	'tables',
	'data',
	'views',
	'functions',
	'triggers',
	'policies',
	'webhooks',
	'realtime',
];
const components = all.filter(({ key }) => KEYS.includes(key));

const outcomes = z._default(z.record(z.string(), z.enum(ITEM_OUTCOMES)), {});

/** `expect.json`, every part of which may be left out. */
const expectedSchema = z.strictObject({
	options: z._default(z.strictObject({ remove_extra: z._default(z.boolean(), false) }), {
		remove_extra: false,
	}),
	/** Items of the first clone that are neither copied nor unchanged: `component object` → outcome. All of them. */
	outcomes,
	/** The same of the clone after the change. */
	change_outcomes: outcomes,
	/** Words of statements that only the target's dump has: what only the target has, and stays. */
	only_target: z._default(z.array(z.string()), []),
	/** Objects of which verification warns, because the target keeps what only it has. */
	warned: z._default(z.array(z.string()), []),
	/** Statements of the dumps that may differ, as regular expressions without white space, and why. */
	allowed: z._default(z.array(z.strictObject({ statement: z.string(), why: z.string() })), []),
	/** Outcomes of every clone into a newer version of Postgres, where it cannot end equal, and why. */
	newer: z.optional(z.strictObject({ outcomes, why: z.string() })),
	/** Why both endpoints cannot be made equal: dumps and verification are left out then. */
	differs: z.optional(z.string()),
});

export interface CorpusCase {
	readonly name: string;
	readonly files: Readonly<Record<(typeof FILES)[number], string>>;
	readonly expected: z.infer<typeof expectedSchema>;
}

/** Run on the source as superuser, on the source, on the target, and both again between two clones. */
const FILES = ['admin', 'source', 'target', 'change', 'change-target'] as const;

function readCase(name: string): CorpusCase {
	const read = (file: string): string => {
		const at = path.join(CORPUS, name, file);
		return fs.existsSync(at) ? fs.readFileSync(at, 'utf8') : '';
	};
	const known = ['expect.json', ...FILES.map((file) => `${file}.sql`)];
	const unknown = fs.readdirSync(path.join(CORPUS, name)).filter((file) => !known.includes(file));
	if (unknown.length > 0) throw new Error(`${name}: nobody reads ${unknown.join(', ')}`);
	return {
		name,
		files: {
			admin: read('admin.sql'),
			source: read('source.sql'),
			target: read('target.sql'),
			change: read('change.sql'),
			'change-target': read('change-target.sql'),
		},
		expected: expectedSchema.parse(JSON.parse(read('expect.json') || '{}')),
	};
}

/** All cases, sorted by name. */
export const corpusCases = (): CorpusCase[] =>
	fs
		.readdirSync(CORPUS, { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.map(({ name }) => readCase(name))
		.sort((a, b) => a.name.localeCompare(b.name));

/** Runs a script as psql would, stopping at the first error. */
export function runScript(url: string, script: string): void {
	if (script.trim() === '') return;
	execFileSync('psql', ['--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', `--dbname=${url}`], {
		input: `set client_min_messages = error;\nset search_path = public, extensions;\n${script}`,
		encoding: 'utf8',
		stdio: ['pipe', 'ignore', 'pipe'],
	});
}

export interface CaseOptions {
	/** Whether both servers are of one version: pg_dump of another one refuses, and words queries differently. */
	readonly sameVersion: boolean;
}

/** Clone → equal → verified → clone again, which writes nothing; and the same once more after the change. */
export async function runCase(
	{ files, expected }: CorpusCase,
	pair: Pair,
	options: CaseOptions = { sameVersion: true },
): Promise<void> {
	const kept = keepSessions(pair);
	try {
		await runScripts({ ...pair, kept }, files, expected, options);
	} finally {
		await kept.close();
	}
}

type KeptPair = Pair & { readonly kept: KeptEndpoints };

async function runScripts(
	pair: KeptPair,
	files: CorpusCase['files'],
	expected: CorpusCase['expected'],
	options: CaseOptions,
): Promise<void> {
	runScript(pair.source.adminUrl, files.admin);
	runScript(pair.source.dbUrl, files.source);
	runScript(pair.target.dbUrl, files.target);
	await cloneAndCompare(pair, expected, expected.outcomes, options);
	if (files.change === '' && files['change-target'] === '') return;
	runScript(pair.source.dbUrl, files.change);
	runScript(pair.target.dbUrl, files['change-target']);
	await cloneAndCompare(pair, expected, expected.change_outcomes, options);
}

const clone = (pair: KeptPair, { options }: CorpusCase['expected']): Promise<TestCloneResult> =>
	cloneInProcess({ ...pair, components, options });

async function cloneAndCompare(
	pair: KeptPair,
	expected: CorpusCase['expected'],
	usual: CorpusCase['expected']['outcomes'],
	{ sameVersion }: CaseOptions,
): Promise<void> {
	const newer = sameVersion ? undefined : expected.newer;
	const wanted = newer?.outcomes ?? usual;
	const first = await clone(pair, expected);
	const unusual = [...first.items]
		.filter(([, { outcome }]) => outcome !== 'copied' && outcome !== 'unchanged')
		// Roles belong to the cluster, which all cases share: the first one that needs a role makes it.
		.filter(([id]) => !id.startsWith('tables role '))
		// The whole item where it is not the expected one: its detail tells why.
		.map(([id, item]) => [id, wanted[id] === item.outcome ? item.outcome : item] as const);
	expect(Object.fromEntries(unusual)).toEqual(wanted);

	if (expected.differs === undefined && newer === undefined) {
		if (sameVersion) await compareDumps(pair, expected);
		const [source, target] = [await rowSums(pair.source), await rowSums(pair.target)];
		for (const [table, sum] of source) expect(target.get(table), `rows of ${table}`).toBe(sum);
		const { options, warned } = expected;
		const found = await verifyAllInProcess({ ...pair, components, options }, 'checksums');
		const isExpected = ({ severity, object }: Finding): boolean =>
			severity !== 'failed' && warned.includes(object);
		expect(found.filter((finding) => !isExpected(finding))).toEqual([]);
	}
	const before = await catalogVersion(pair.target.adminUrl);
	const second = await clone(pair, expected);
	expect(
		second.outcome('copied').map((id) => `${id}: ${second.items.get(id)?.detail ?? ''}`),
	).toEqual([]);
	expect(await catalogVersion(pair.target.adminUrl)).toEqual(before);
}

function compareDumps(pair: Pair, { only_target, allowed }: CorpusCase['expected']): Promise<void> {
	const matters = (statement: string): boolean =>
		!allowed.some((rule) => new RegExp(rule.statement).test(statement));
	const dumped = ({ dbUrl }: ClusterUrls): string[] => dumpedStatements(dbUrl).filter(matters);
	const [source, target] = [dumped(pair.source), dumped(pair.target)];
	const isExtra = (statement: string): boolean =>
		only_target.some((word) => statement.includes(word.replaceAll(/\s+/g, '')));
	expect({
		missing: source.filter((statement) => !target.includes(statement)),
		extra: target.filter((statement) => !source.includes(statement) && !isExtra(statement)),
	}).toEqual({ missing: [], extra: [] });
	return Promise.resolve();
}

/** Changes when any row of the catalogs was written and committed. */
const catalogVersion = (url: string): Promise<Record<string, unknown>[]> =>
	rowsOf(
		url,
		[
			'pg_class',
			'pg_proc',
			'pg_type',
			'pg_rewrite',
			'pg_trigger',
			'pg_policy',
			'pg_constraint',
			'pg_publication_rel',
			'pg_depend',
			'pg_description',
		]
			.map((name) => `select '${name}' as name, max(xmin::text::bigint), count(*) from ${name}`)
			.join(' union all ')
			.concat(' order by 1'),
	);
