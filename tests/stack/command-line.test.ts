// The command line between two project refs, as the README tells to run it, on a Supabase of its own: with all
// components through Management API, pooler and Storage. Judged by pg_dump, plain SQL and the APIs of both projects.
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openManagementApi, type SampleApi } from '../../local/demo/sample/management-api.ts';
import { seedProject } from '../../local/demo/sample/seed.ts';
import { databasesDir, ROOT_DIR } from '../../local/state-dir.ts';
import type { LocalProject } from '../../local/supabase/project.ts';
import { openSupabase, type SupabaseStack } from '../../local/supabase/stack.ts';
import { takeSupervisorLock } from '../../local/supabase/supervisor-lock.ts';
import { openTestRun, type TestRun } from '../../local/supabase/test-runs.ts';
import { COMPONENT_KEYS } from '../../supabase/functions/_shared/domain/component.ts';
import { commandLineReport, type CommandLineReport } from '../helpers/command-line-report.ts';
import { runCommand, type Ended } from '../helpers/command.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { rowSums } from '../helpers/row-sums.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'command-line-'));
let run: TestRun;
let stack: SupabaseStack;
let source: LocalProject;
let target: LocalProject;
/** All that any command printed. */
let printed = '';

const sampleProject = ({ ref, url, secretKey, dbUrl }: LocalProject) => ({
	ref,
	url,
	secret_key: secretKey,
	db_url: dbUrl,
});

const apiOf = (project: LocalProject): SampleApi => {
	const { managementApiUrl: management_api_url, accessToken: access_token } = stack;
	const sample = sampleProject(project);
	return openManagementApi({ management_api_url, access_token, projects: [sample] }, sample);
};

beforeAll(async () => {
	run = await openTestRun(databasesDir(), 'command-line', process.ppid);
	stack = await openSupabase({
		home: run.dir,
		databases: run.dir,
		templates: databasesDir(),
		projects: [
			{ name: 'source', title: 'Source', age: 'current', belongsToAccount: true },
			{ name: 'target', title: 'Target', age: 'older', belongsToAccount: true },
		],
		bucket: 'unused',
		deno: { config: path.join(ROOT_DIR, 'deno.json'), readable: [] },
		enforcement: 'fail',
		ports: [],
		durable: false,
		reset: false,
		resetHint: 'Run the test again.',
		lock: takeSupervisorLock(run.dir),
		report: (line) => console.log(line),
	});
	source = stack.project('source');
	target = stack.project('target');
	const { managementApiUrl: management_api_url, accessToken: access_token } = stack;
	const sample = sampleProject(source);
	await seedProject({ management_api_url, access_token, projects: [sample] }, sample);
	// Cannot be switched on at a target without its secret, which is a difference.
	await apiOf(source).call('PATCH', '/config/auth', { external_google_enabled: false });
}, 240_000);

afterAll(async () => {
	await stack.stop();
	run.remove();
	fs.rmSync(home, { recursive: true });
});

async function twins(
	words: readonly string[],
	{ env = {}, interruptAt }: { env?: NodeJS.ProcessEnv; interruptAt?: string } = {},
): Promise<Ended> {
	const ended = await runCommand('npm', ['run', '-s', 'twins', '--', ...words], {
		env: {
			XDG_STATE_HOME: home,
			SUPABASE_ACCESS_TOKEN: stack.accessToken,
			TWINS_MANAGEMENT_API_URL: stack.managementApiUrl,
			TWINS_PROJECT_URL: stack.projectUrl,
			TWINS_DATABASE_CA: stack.databaseCa,
			...env,
		},
		...(interruptAt === undefined ? {} : { interruptAt }),
	});
	printed += ended.stdout + ended.stderr;
	return ended;
}

const endpoints = (from = source.ref, to = target.ref): string[] => ['--from', from, '--to', to];

async function reportOf(...words: string[]): Promise<CommandLineReport> {
	const { code, stdout, stderr } = await twins([...words, '--json']);
	expect(stderr).toBe('');
	const report = commandLineReport.parse(JSON.parse(stdout));
	expect(report.exit_code).toBe(code);
	return report;
}

/** Statements with the source's address and key replaced as on the target; disabled webhooks apart. */
function dumps() {
	const own = dumpedStatements(source.dbUrl).map((statement) =>
		statement
			.replaceAll(source.ref, target.ref)
			.replaceAll(source.secretKey.replaceAll(/\s/g, ''), target.secretKey),
	);
	const found = dumpedStatements(target.dbUrl);
	const isDisabling = (text: string) =>
		/^ALTERTABLE.*DISABLETRIGGER/.test(text) && !own.includes(text);
	return {
		own: own.toSorted(),
		found: found.filter((text) => !isDisabling(text)).toSorted(),
		disabled: found.filter(isDisabling),
	};
}

const USERS = `select id, email, encrypted_password, raw_user_meta_data from auth.users order by id`;
const FACTORS = 'select id, user_id, factor_type, secret from auth.mfa_factors order by id';
const FILES = `select bucket_id, name, metadata ->> 'mimetype' as type from storage.objects order by 1, 2`;
const BUCKETS =
	'select id, public, file_size_limit, allowed_mime_types from storage.buckets order by id';
const JOBS = 'select jobname, schedule, username from cron.job order by jobname';

/** Every file by the Storage API: its name and a hash of what it gives. */
async function filesOf({ url, secretKey, dbUrl }: LocalProject): Promise<string[]> {
	const rows = await rowsOf(dbUrl, FILES);
	return Promise.all(
		rows.map(async ({ bucket_id: bucket, name }) => {
			const file = [String(bucket), ...String(name).split('/')].map(encodeURIComponent).join('/');
			const response = await fetch(`${url}/storage/v1/object/authenticated/${file}`, {
				headers: { apikey: secretKey, authorization: `Bearer ${secretKey}` },
			});
			const bytes = Buffer.from(await response.arrayBuffer());
			return `${response.status} ${file} ${createHash('sha256').update(bytes).digest('hex')}`;
		}),
	);
}

/** Functions and settings by the Management API, without what each project has of its own. */
async function settingsOf(project: LocalProject) {
	const api = apiOf(project);
	const functions = await api.call('GET', '/functions');
	const slugs = Array.isArray(functions)
		? functions.map((one: unknown) => {
				const { slug, name, verify_jwt } = Object(one);
				return `${slug} ${name} ${verify_jwt}`;
			})
		: [];
	const auth = Object.entries(Object(await api.call('GET', '/config/auth')));
	return {
		functions: slugs.toSorted(),
		auth: auth.filter(([name]) => !/secret|_pass$|hook_.*_secrets/.test(name)),
		rest: await api.call('GET', '/postgrest').then((all) => ({ ...Object(all), jwt_secret: '' })),
		storage: await api.call('GET', '/config/storage'),
		realtime: await api.call('GET', '/config/realtime'),
	};
}

const isNoNote = ({ severity }: { readonly severity: string }): boolean => severity !== 'note';

describe('npm run twins between two refs', { timeout: 240_000 }, () => {
	it('plans: tells what a clone would do to each component and what it cannot know, and writes nothing', async () => {
		const before = dumpedStatements(target.dbUrl);
		const planned = await twins(['plan', ...endpoints(), '--only', 'tables']);
		expect(planned.code).toBe(1);
		expect(planned.stdout).toContain('Created: table public.products');
		expect(planned.stdout).toContain('Not compared: rows, files, users');
		const { previews, skipped_components: skipped } = await reportOf('plan', ...endpoints());
		expect(Object.keys(previews).sort()).toEqual([...COMPONENT_KEYS].sort());
		expect(skipped).toEqual([]);
		expect(dumpedStatements(target.dbUrl)).toEqual(before);
	});

	it('stops on Ctrl-C after the current operation, and says what is done and what is left', async () => {
		const stopped = await twins(['clone', ...endpoints()], { interruptAt: '✔ tables.structure' });
		expect(stopped.stderr).toContain('Stopping after the current operation');
		expect(stopped.stdout).toMatch(/Done: prepare, .*tables\.structure/);
		expect(stopped.stdout).toMatch(/Left: .*data\.rows/);
		expect(stopped.code).toBe(1);
		const [left] = await rowsOf(target.dbUrl, `select to_regnamespace('_twins') is null as gone`);
		expect(left).toEqual({ gone: true });
	});

	it('goes on with what is left, by options from a file, until both are equal', async () => {
		const file = path.join(home, 'options.json');
		fs.writeFileSync(file, JSON.stringify({ copy_mfa: true }));
		const words = ['clone', ...endpoints(), '--options', file, '--verify', 'checksums'];
		const report = await reportOf(...words);
		expect(report).toMatchObject({ errors: [], compared: 'checksums', exit_code: 0 });
		// Cron jobs and webhooks that wait to be armed are notes.
		expect(report.findings.filter(isNoNote)).toEqual([]);
		expect(new Set(report.findings.map(({ component }) => component))).toEqual(
			new Set(['cron_jobs', 'webhooks']),
		);
		expect(report.items.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
		const ran = new Set(report.steps.map(({ name }) => name.split('.')[0]));
		expect(COMPONENT_KEYS.filter((key) => !ran.has(key))).toEqual([]);

		const { own, found, disabled } = dumps();
		expect(found).toEqual(own);
		expect(disabled).toHaveLength(2);
		expect(await rowSums(target)).toEqual(await rowSums(source));
		for (const query of [USERS, FACTORS, FILES, BUCKETS, JOBS]) {
			const wanted = await rowsOf(source.adminUrl, query);
			expect(wanted.length, query).toBeGreaterThan(0);
			expect(await rowsOf(target.adminUrl, query), query).toEqual(wanted);
		}
		const active = 'select jobname from cron.job where active';
		expect(await rowsOf(target.adminUrl, active)).toEqual([]);
		const files = await filesOf(source);
		expect(files.filter((line) => !line.startsWith('200 '))).toEqual([]);
		expect(await filesOf(target)).toEqual(files);
		expect(await settingsOf(target)).toEqual(await settingsOf(source));

		const again = await reportOf('clone', ...endpoints(), '--options', file);
		expect(again.items.filter(({ outcome }) => outcome === 'copied')).toEqual([]);
		expect(again.exit_code).toBe(0);
	});

	it('answers 0 to plan and verify when there is nothing to do, and 1 where a row differs', async () => {
		expect(await twins(['verify', ...endpoints()])).toMatchObject({ code: 0 });
		await runOn(target.dbUrl, `update public.brands set name = name || ' (changed)'`);
		expect(await twins(['plan', ...endpoints()])).toMatchObject({ code: 0 });
		const compared = await reportOf('plan', ...endpoints(), '--compare', 'checksums');
		const verified = await reportOf('verify', ...endpoints());
		for (const { findings, exit_code: code } of [compared, verified]) {
			const differing = findings.filter(isNoNote);
			expect(differing.map(({ component, object }) => `${component} ${object}`)).toEqual([
				'data public.brands',
			]);
			expect(code).toBe(1);
		}
	});

	it('reports what needs an API as skipped where one endpoint is the URL of a database', async () => {
		const { previews, skipped_components: skipped } = await reportOf(
			'plan',
			...endpoints(source.ref, target.dbUrl),
		);
		const names = skipped.map(({ component }) => component).sort();
		expect(names).toEqual(['edge_functions', 'project_config', 'storage']);
		for (const { reason } of skipped) {
			expect(reason).toMatch(/^--to is given by its database URL, .*SUPABASE_ACCESS_TOKEN/);
		}
		const rest = COMPONENT_KEYS.filter((key) => !names.includes(key));
		expect(
			Object.keys(previews)
				.filter((key) => key !== 'target')
				.sort(),
		).toEqual(rest.toSorted());
	});

	it('refuses wrong use with 2, in one line and what to do', async () => {
		const badOptions = path.join(home, 'bad.json');
		fs.writeFileSync(badOptions, '{ "row_limit": "many" }');
		const withPassword = new URL(target.dbUrl);
		withPassword.password = 'a-wrong-password';
		const cases: readonly (readonly [string[], RegExp, NodeJS.ProcessEnv?])[] = [
			[['clone', ...endpoints(), '--frobnicate'], /unknown option '--frobnicate'/],
			[
				['clone', ...endpoints(), '--only', 'everything'],
				/no component everything\n.*tables, data/,
			],
			[['clone', ...endpoints(), '--options', badOptions], /row_limit: .*number.*\n.*--help/],
			[['clone', '--from', source.ref], /option '--to <ref\|url>' not specified/],
			[['plan', ...endpoints(source.ref, source.ref)], /same project\n.*two different/],
			[['clone', ...endpoints(source.ref, source.dbUrl)], /same project\n.*two different/],
			[['plan', ...endpoints(source.ref, 'z'.repeat(20))], /--to: .*has no project z{20}\n.*ref/],
			[
				['verify', ...endpoints()],
				/does not accept SUPABASE_ACCESS_TOKEN\n.*tokens/,
				{ SUPABASE_ACCESS_TOKEN: `sbp_${'0'.repeat(40)}` },
			],
			[['verify', ...endpoints()], /needs an access token\n.*Set/, { SUPABASE_ACCESS_TOKEN: '' }],
			[
				['plan', ...endpoints()],
				/could not be reached.*\n.*again/,
				{ TWINS_MANAGEMENT_API_URL: 'http://127.0.0.1:9' },
			],
			[
				[
					'plan',
					...endpoints(source.ref, 'postgresql://postgres:a-wrong-password@127.0.0.1:9/postgres'),
				],
				/--to: No connection to 127\.0\.0\.1:9.*\n.*Check/,
			],
			[
				['plan', ...endpoints(source.ref, withPassword.href)],
				/password authentication.*\n.*URL of --to/,
			],
		];
		for (const [words, wanted, env = {}] of cases) {
			const ended = await twins(words, { env });
			expect(ended, words.join(' ')).toMatchObject({ code: 2, stdout: '' });
			expect(ended.stderr, words.join(' ')).toMatch(wanted);
			expect(ended.stderr.trim().split('\n').length, words.join(' ')).toBeLessThanOrEqual(2);
		}
	});

	it('has printed no token, password or key', () => {
		const secrets = [
			stack.accessToken,
			'a-wrong-password',
			...[source, target].flatMap(({ dbUrl, secretKey, jwtSecret, serviceRoleKey }) => [
				new URL(dbUrl).password,
				secretKey,
				jwtSecret,
				serviceRoleKey,
			]),
		];
		expect(printed.length).toBeGreaterThan(10_000);
		expect(secrets.filter((secret) => printed.includes(secret))).toEqual([]);
		expect(printed).not.toMatch(/^\s+at .*:\d+:\d+\)?$/m);
	});
});
