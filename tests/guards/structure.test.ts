// The shape of the code: who may import whom, how long files are, what a component consists of.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { components } from '../../supabase/functions/_shared/components/index.ts';
import { COMPONENT_KEYS } from '../../supabase/functions/_shared/domain/component.ts';
import { plannedStages } from '../../supabase/functions/_shared/engine/order.ts';
import { readImports } from './layers.ts';
import { GENERATED, read, ROOT, sourceFiles } from './source-files.ts';

const SHARED = 'supabase/functions/_shared/';

const isTest = (file: string): boolean => /\.test\.ts$/.test(file);

const LONGEST_FILE = 400;

describe('imports', () => {
	it('point downwards, in no circle: see layers.ts', { timeout: 120_000 }, async () => {
		const { violations } = await readImports();
		expect(violations.join('\n')).toBe('');
	});
});

describe('the engine', () => {
	it('names no component', () => {
		const named = sourceFiles(/_shared\/engine\/.*\.ts$/)
			.filter((file) => !isTest(file))
			.flatMap((file) =>
				COMPONENT_KEYS.filter((key) => new RegExp(`['"\`]${key}['"\`.]`).test(read(file))).map(
					(key) => `${file}: ${key}`,
				),
			);
		expect(named.join('\n')).toBe('');
	});

	it('finds an order for every component together', () => {
		const all = Object.fromEntries(COMPONENT_KEYS.map((key) => [key, true])) as Record<
			(typeof COMPONENT_KEYS)[number],
			boolean
		>;
		const ordered = plannedStages(components, all).map(
			({ component, stage }) => `${component}.${stage}`,
		);
		const before = (first: string, second: string) =>
			expect(ordered.indexOf(first), `${first} before ${second}`).toBeLessThan(
				ordered.indexOf(second),
			);
		before('tables.structure', 'auth_users.users');
		before('auth_users.users', 'data.rows');
		before('data.rows', 'tables.relations');
	});
});

describe('components', () => {
	it('are all registered, each once', () => {
		expect(components.map(({ key }) => key).sort()).toEqual([...COMPONENT_KEYS].sort());
	});

	it('each have a folder with descriptor and README, and a row in COVERAGE', () => {
		const coverage = fs.existsSync(path.join(ROOT, 'docs/COVERAGE.md'))
			? read('docs/COVERAGE.md')
			: '';
		const missing = COMPONENT_KEYS.flatMap((key) => {
			const folder = `${SHARED}components/${key.replaceAll('_', '-')}`;
			return [
				...['index.ts', 'README.md']
					.filter((name) => !fs.existsSync(path.join(ROOT, folder, name)))
					.map((name) => `${folder}/${name}`),
				...(coverage.includes(`| \`${key}\``) ? [] : [`docs/COVERAGE.md: ${key}`]),
			];
		});
		expect(missing.join('\n')).toBe('');
	});
});

describe('files', () => {
	it(`have at most ${LONGEST_FILE} lines`, () => {
		const long = sourceFiles(/\.(ts|svelte|mjs)$/)
			.filter((file) => !GENERATED.includes(file))
			.filter((file) => read(file).split('\n').length > LONGEST_FILE)
			.map((file) => `${file}: ${read(file).split('\n').length}`);
		expect(long.join('\n')).toBe('');
	});

	it('are not called utils, helpers, common or manager', () => {
		expect(sourceFiles(/(^|\/)(utils?|helpers?|common|managers?)\.(ts|js|mjs|svelte)$/)).toEqual(
			[],
		);
	});

	it('of the product call fetch only in platform/ and web/src/lib/data', () => {
		const calls = sourceFiles(/^(supabase\/functions\/_shared|web\/src)\/.*\.(ts|svelte)$/)
			.filter((file) => !isTest(file))
			.filter((file) => !/_shared\/platform\/|web\/src\/lib\/data\//.test(file))
			.filter((file) => /(?<![.\w])fetch\(/.test(read(file)));
		expect(calls.join('\n')).toBe('');
	});

	it('of the Supabase without Docker do not know whom they serve', () => {
		const named = sourceFiles(/^local\/supabase\//).filter(
			(file) => /twins/i.test(file) || /twins/i.test(read(file)),
		);
		expect(named).toEqual([]);
	});

	it('hold nothing that looks like a live secret', () => {
		const suspicious = sourceFiles(/\.(ts|svelte|sql|md|json|toml|mjs|sh)$/)
			.filter((file) => file !== 'package-lock.json' && !isTest(file))
			.filter((file) => /sbp_[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{30,}/.test(read(file)));
		expect(suspicious.join('\n')).toBe('');
	});
});

describe('dependencies', () => {
	it('of the running product are used by it, not by tests and tools alone', () => {
		const product = sourceFiles(/^(web\/src|cli|supabase)\/.*\.(ts|svelte|css)$/)
			.filter((file) => !isTest(file))
			.map(read)
			.join('\n');
		const { dependencies } = JSON.parse(read('package.json'));
		const unused = Object.keys(dependencies).filter(
			(name) => !new RegExp(`(from|import|import\\(|url\\() ?'${name}['/]`).test(product),
		);
		expect(unused, 'These are devDependencies').toEqual([]);
	});
});

describe('versions', () => {
	it('are pinned, and the same for Node and Deno', () => {
		const manifest = JSON.parse(read('package.json'));
		const pinned = { ...manifest.dependencies, ...manifest.devDependencies };
		for (const [name, version] of Object.entries(pinned)) {
			expect(version, name).toMatch(/^\d+\.\d+\.\d+/);
		}
		for (const file of sourceFiles(/(^|\/)deno\.json$/)) {
			for (const target of Object.values<string>(JSON.parse(read(file)).imports ?? {})) {
				const match = /^npm:((?:@[^/]+\/)?[^@/]+)@([^/]+)/.exec(target);
				expect(match, `${file}: ${target}`).not.toBeNull();
				expect(match?.[2], `${file}: ${target}`).toBe(pinned[match?.[1] ?? '']);
			}
		}
	});
});
