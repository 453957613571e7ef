// The test suites: how each is run, and what came of it as numbers. Every suite prints its own report as well.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { openCluster } from '../supabase/postgres/clusters.ts';
import { applyMigrations } from '../demo/control.ts';
import { runSql } from '../supabase/postgres/prepared-cluster.ts';
import { installPostgres } from '../supabase/postgres/postgres-install.ts';
import { databasesDir, ROOT_DIR } from '../state-dir.ts';
import { openTestRun } from '../supabase/test-runs.ts';
import { checkControlSchema } from './control-schema.ts';
import type { Outcome } from './outcome.ts';

const BIN = path.join(ROOT_DIR, 'node_modules/.bin');

/** Runs a program in the checkout with its output on the terminal; returns its exit code. */
export function runProgram(
	program: string,
	programArguments: readonly string[],
	options: { cwd?: string; env?: NodeJS.ProcessEnv; onOutput?: (text: string) => void } = {},
): Promise<number> {
	return new Promise((resolve) => {
		const { onOutput } = options;
		const child = spawn(program, programArguments, {
			cwd: options.cwd ?? ROOT_DIR,
			env: { ...process.env, ...options.env },
			stdio: ['ignore', onOutput ? 'pipe' : 'inherit', 'inherit'],
		});
		child.stdout?.on('data', (chunk) => onOutput?.(String(chunk)));
		// Ctrl-C reaches the whole terminal group; a SIGTERM only us.
		const stop = () => child.kill('SIGINT');
		process.once('SIGTERM', stop);
		child.once('close', () => process.off('SIGTERM', stop));
		child.once('error', (error) => {
			console.error(`${program}: ${error.message}`);
			resolve(1);
		});
		child.once('close', (code) => resolve(code ?? 1));
	});
}

/** Runs vitest on the named projects; `rest` goes to vitest, except `--stack FILE`. */
export async function runVitest(
	projects: readonly string[],
	rest: readonly string[] = [],
): Promise<Outcome> {
	const { file, others } = takeStackFile(rest);
	const json = path.join(os.tmpdir(), `twins-${randomBytes(6).toString('hex')}.json`);
	const code = await runProgram(
		path.join(BIN, 'vitest'),
		[
			'run',
			'--passWithNoTests',
			...projects.flatMap((project) => ['--project', project]),
			'--reporter=default',
			'--reporter=json',
			`--outputFile.json=${json}`,
			...others,
		],
		file === null ? {} : { env: { TWINS_STACK_FILE: path.resolve(file) } },
	);
	try {
		return countVitest(JSON.parse(fs.readFileSync(json, 'utf8')), code);
	} catch {
		return { passed: 0, failed: 1, failures: ['vitest wrote no report'] };
	} finally {
		fs.rmSync(json, { force: true });
	}
}

function takeStackFile(rest: readonly string[]): { file: string | null; others: string[] } {
	const at = rest.indexOf('--stack');
	if (at < 0) return { file: null, others: [...rest] };
	return {
		file: rest[at + 1] ?? null,
		others: rest.filter((_, index) => index !== at && index !== at + 1),
	};
}

interface VitestReport {
	readonly numPassedTests: number;
	readonly testResults: readonly {
		readonly name: string;
		readonly status: string;
		/** Why the file as a whole failed (it could not be loaded, a hook of it threw); empty when it did not. */
		readonly message: string;
		readonly assertionResults: readonly {
			readonly status: string;
			readonly fullName: string;
			readonly failureMessages: readonly string[] | null;
		}[];
	}[];
}

/**
 * A file that failed without a failed test (it could not be loaded, a hook of it threw and its tests were skipped)
 * counts as one failure, as does a set-up that failed.
 */
export function countVitest(report: VitestReport, exitCode: number): Outcome {
	const failures = report.testResults.flatMap((file) => {
		const name = path.relative(ROOT_DIR, file.name);
		const failed = file.assertionResults.filter((test) => test.status === 'failed');
		if (failed.length === 0 && file.status === 'failed') {
			return [`${name}: ${firstLine(file.message)}`];
		}
		return failed.map((test) => {
			return `${name} › ${test.fullName.trim()}: ${firstLine(test.failureMessages?.[0])}`;
		});
	});
	if (failures.length === 0 && exitCode !== 0) failures.push(`vitest ended with ${exitCode}`);
	return { passed: report.numPassedTests, failed: failures.length, failures };
}

const firstLine = (text = ''): string => text.trim().split('\n')[0] ?? '';

/**
 * pgTAP on a control database of its own: tests/db/*.sql; and whether the checkout's copy of its schema is fresh.
 * `isUpdate`: write the copy anew.
 */
export async function runDatabaseTests(isUpdate = false): Promise<Outcome> {
	const dir = path.join(ROOT_DIR, 'tests/db');
	const files = fs.existsSync(dir)
		? fs
				.readdirSync(dir)
				.filter((name) => /^\d+-.*\.sql$/.test(name))
				.sort()
		: [];
	if (files.length === 0) return { passed: 0, failed: 0, failures: [] };
	const run = await openTestRun(databasesDir(), 'db');
	const cluster = await openCluster({
		dir: path.join(run.dir, 'control'),
		stateDir: databasesDir(),
		age: 'current',
		durable: false,
	});
	try {
		await applyMigrations(cluster.dbUrl());
		const schema = await checkControlSchema(cluster.dbUrl(), isUpdate);
		const admin = new URL(cluster.adminUrl());
		await runSql(
			installPostgres(databasesDir()),
			{ port: cluster.port, password: admin.password, database: 'postgres' },
			{ text: 'create extension if not exists pgtap with schema extensions;' },
		);
		let output = '';
		const code = await runProgram(
			'pg_prove',
			files.map((name) => path.join(dir, name)),
			{
				env: {
					PGHOST: '127.0.0.1',
					PGPORT: String(cluster.port),
					PGUSER: 'postgres',
					PGPASSWORD: new URL(cluster.dbUrl()).password,
					PGDATABASE: 'postgres',
					PGOPTIONS: '-c client_min_messages=error',
				},
				onOutput: (text) => {
					output += text;
					process.stdout.write(text);
				},
			},
		);
		const pgtap = countProve(output, code);
		return {
			passed: pgtap.passed + schema.passed,
			failed: pgtap.failed + schema.failed,
			failures: [...pgtap.failures, ...schema.failures],
		};
	} finally {
		await cluster.stop(true);
		run.remove();
	}
}

/** From pg_prove's summary; a file that died counts as one failure. */
export function countProve(output: string, exitCode: number): Outcome {
	const all = Number(/Tests=(\d+)/.exec(output)?.[1] ?? 0);
	const files = [...output.matchAll(/^(.+?)\s+\(Wstat: .*?Failed: (\d+)\)/gm)];
	const counted = files.reduce((sum, match) => sum + Math.max(1, Number(match[2])), 0);
	const failures = [
		...[...output.matchAll(/^#\s+Failed test \d+.*$/gm)].map((match) => match[0].slice(1).trim()),
		...files.map((match) => match[0]),
	];
	const failed = counted === 0 && exitCode !== 0 ? 1 : counted;
	return { passed: Math.max(0, all - failed), failed, failures };
}
