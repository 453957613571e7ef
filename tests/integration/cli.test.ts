// The command line between two databases, as a shell runs it.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asText, EXIT, verifyExit } from '../../cli/report.ts';
import type { RunReport } from '../../cli/run.ts';
import { ROOT_DIR } from '../../local/state-dir.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { runCommand, type Ended } from '../helpers/command.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { runScript } from '../helpers/corpus.ts';
import { rowSums } from '../helpers/row-sums.ts';

const home = fs.mkdtempSync(path.join(os.tmpdir(), 'twins-cli-'));
afterAll(() => fs.rmSync(home, { recursive: true }));

const twins = (...words: string[]): Promise<Ended> =>
	runCommand(process.execPath, [path.join(ROOT_DIR, 'cli/main.ts'), ...words], {
		env: { XDG_STATE_HOME: home, SUPABASE_ACCESS_TOKEN: '' },
	});

const ended: RunReport = {
	items: new Map(),
	steps: [],
	previews: {},
	plan: [],
	findings: [],
	leftOut: [],
	errors: [],
	wasCanceled: false,
	mode: 'checksums',
};

describe('the report of a comparison', () => {
	it('says that nothing differs only where all was compared', () => {
		const error = {
			step: 'verify data',
			code: 'internal',
			message: 'lost',
			fix: 'Again.',
		} as const;
		expect(asText(ended)).toContain('no differences');
		expect(asText({ ...ended, errors: [error] })).not.toContain('no differences');
		expect(asText({ ...ended, wasCanceled: true })).not.toContain('no differences');
	});
});

describe('the exit code of a comparison', () => {
	const severities = ['warning', 'failed'] as const;
	it.each(severities)('is that of a difference where one is %s', (severity) => {
		const finding = {
			component: 'tables',
			severity,
			object: 'public.t',
			expected: '1',
			found: '2',
			fix: 'Look.',
		} as const;
		expect(verifyExit({ ...ended, findings: [finding] })).toBe(EXIT.different);
		expect(verifyExit(ended)).toBe(EXIT.equal);
	});
});

describe('npm run twins', () => {
	let pair: Pair;
	let endpoints: string[];
	beforeAll(async () => {
		pair = await freshPair();
		endpoints = ['--from', pair.source.dbUrl, '--to', pair.target.dbUrl];
		runScript(
			pair.source.dbUrl,
			`create table notes (id int primary key, body text); insert into notes values (1, 'one'), (2, null);
			create view bodies as select body from notes;`,
		);
	});

	it('clones, verifies and finds nothing to do afterwards', async () => {
		expect(await twins('plan', ...endpoints)).toMatchObject({ code: 1 });
		const first = await twins('clone', ...endpoints, '--verify', 'checksums', '--json');
		expect(first.stderr).toBe('');
		const report = JSON.parse(first.stdout) as {
			items: { object: string; outcome: string }[];
			findings: unknown[];
			skipped_components: { component: string }[];
		};
		expect(report.items.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
		expect(report.findings).toEqual([]);
		expect(report.skipped_components.map(({ component }) => component).sort()).toEqual([
			'edge_functions',
			'project_config',
			'storage',
		]);
		expect(first.code).toBe(0);
		expect(dumpedStatements(pair.target.dbUrl)).toEqual(dumpedStatements(pair.source.dbUrl));
		expect(await rowSums(pair.target)).toEqual(await rowSums(pair.source));

		const second = await twins('clone', ...endpoints, '--json');
		const { items } = JSON.parse(second.stdout) as typeof report;
		expect(items.filter(({ outcome }) => outcome === 'copied')).toEqual([]);
		expect(await twins('plan', ...endpoints)).toMatchObject({ code: 0 });
		expect(await twins('verify', ...endpoints)).toMatchObject({ code: 0 });
	});

	it('says with its exit code that both differ', async () => {
		runScript(pair.target.dbUrl, `update notes set body = 'other' where id = 2`);
		const verified = await twins('verify', ...endpoints);
		expect(verified.code).toBe(1);
		expect(verified.stdout).toContain('public.notes');
		expect(await twins('clone', ...endpoints)).toMatchObject({ code: 0 });
		expect(await twins('verify', ...endpoints)).toMatchObject({ code: 0 });
	});

	it('refuses wrong use and ends that are not reachable with 2, and writes nothing', async () => {
		const nowhere = 'postgresql://postgres:x@127.0.0.1:1/postgres';
		for (const words of [
			[],
			['clone'],
			['clone', '--from', 'nonsense', '--to', pair.target.dbUrl],
			['clone', '--from', 'a'.repeat(20), '--to', pair.target.dbUrl],
			['clone', '--from', pair.source.dbUrl, '--to', pair.source.dbUrl],
			['clone', ...endpoints, '--only', 'everything'],
			['clone', ...endpoints, '--row-limit', '-1'],
			['clone', ...endpoints, '--frobnicate'],
			['verify', '--from', pair.source.dbUrl, '--to', nowhere],
		]) {
			const ended = await twins(...words);
			expect(ended, words.join(' ')).toMatchObject({ code: 2 });
			expect(`${ended.stdout}${ended.stderr}`, words.join(' ')).not.toContain('at file:');
		}
	});

	it("asks for the name of a target that holds somebody's tables", async () => {
		const other = await freshPair();
		runScript(other.target.dbUrl, 'create table theirs (id int)');
		const words = ['clone', '--from', other.source.dbUrl, '--to', other.target.dbUrl];
		const refused = await twins(...words);
		expect(refused).toMatchObject({ code: 2 });
		const { hostname, port, pathname } = new URL(other.target.dbUrl);
		const name = `${hostname}:${port}${pathname}`;
		expect(refused.stdout).toContain(`clone again with --confirm-target ${name}.`);
		const confirmed = await twins(...words, '--confirm-target', name);
		expect(confirmed).toMatchObject({ code: 0 });
	});
});
