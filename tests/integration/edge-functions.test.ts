// The component Edge functions between two projects of the local Management API.
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { edgeFunctions } from '../../supabase/functions/_shared/components/edge-functions/index.ts';
import type { CloneOptions } from '../../supabase/functions/_shared/domain/clone.ts';
import {
	type ManagementApi,
	createManagementApi,
} from '../../supabase/functions/_shared/platform/supabase/management-api.ts';
import { cloneInProcess, type TestClone, testOptions, verifyInProcess } from '../helpers/clone.ts';
import {
	openPlatform,
	type Platform,
	SOURCE_REF,
	TARGET_REF,
	TOKEN,
} from '../helpers/management-api.ts';

const BINARY = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256);

let platform: Platform;

beforeAll(async () => {
	platform = await openPlatform();
});

beforeEach(() => {
	platform.shim.faults.clear();
	for (const ref of [SOURCE_REF, TARGET_REF]) {
		const state = platform.shim.stateOf(ref);
		state.functions = {};
		state.secrets = {};
		state.functionLimit = 100;
	}
	platform.shim.log.length = 0;
});

type Files = Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>;

interface Deploy {
	readonly entrypoint?: string;
	readonly importMap?: string;
	readonly verifyJwt?: boolean;
	readonly name?: string;
}

const ownerOf = (on: Platform, ref: string): ManagementApi =>
	createManagementApi({ baseUrl: on.baseUrl, token: TOKEN, ref, readOnly: false });

async function deploy(
	slug: string,
	files: Files,
	how: Deploy = {},
	ref = SOURCE_REF,
	on = platform,
) {
	const form = new FormData();
	const metadata = {
		name: how.name ?? slug,
		entrypoint_path: how.entrypoint ?? 'index.ts',
		verify_jwt: how.verifyJwt ?? true,
		...(how.importMap === undefined ? {} : { import_map_path: how.importMap }),
	};
	form.append('metadata', JSON.stringify(metadata));
	for (const [path, content] of Object.entries(files))
		form.append('file', new Blob([content]), path);
	await ownerOf(on, ref).fetch('POST', `/functions/deploy?slug=${slug}`, { body: form });
	on.shim.log.length = 0;
}

function clone(options: Partial<CloneOptions> = {}, more: Partial<TestClone> = {}, on = platform) {
	return cloneInProcess({
		source: on.end('source'),
		target: on.end('target'),
		components: [edgeFunctions],
		options,
		...more,
	});
}

const verify = (on = platform) =>
	verifyInProcess(
		{ source: on.end('source'), target: on.end('target') },
		edgeFunctions,
		'checksums',
	);

describe('cloning edge functions', () => {
	it('copies every file byte for byte, then finds nothing to do', async () => {
		await deploy(
			'hello',
			{
				'hello/index.ts':
					'import "../_shared/cors.ts"; export const sql = `select 1 from "users"`;',
				'_shared/cors.ts': 'export {};',
				'hello/page ü%.html': '<p>é</p>',
				'hello/logo.bin': BINARY,
			},
			{ entrypoint: 'hello/index.ts', verifyJwt: false, name: 'Hello there' },
		);
		const first = await clone();
		expect(first.outcome('copied')).toEqual(['edge_functions hello']);
		expect(first.items.get('edge_functions hello')?.detail).toBe(
			'Deployed from its files, 4 files',
		);
		expect(platform.shim.stateOf(TARGET_REF).functions['hello']).toMatchObject({
			name: 'Hello there',
			verify_jwt: false,
			version: 1,
		});
		expect(await verify()).toEqual([]);

		platform.shim.log.length = 0;
		const second = await clone();
		expect(second.outcome('unchanged')).toEqual(['edge_functions hello']);
		expect(platform.writes()).toEqual([]);
	});

	it('deploys again what changed, and only that', async () => {
		await deploy('one', { 'index.ts': '1' });
		await deploy('two', { 'index.ts': '2' });
		await clone();
		await deploy('two', { 'index.ts': '3' });
		expect((await verify()).map(({ object, severity }) => [object, severity])).toEqual([
			['two', 'failed'],
		]);
		const result = await clone();
		expect(result.outcome('copied')).toEqual(['edge_functions two']);
		expect(platform.writes()).toEqual([`POST /v1/projects/${TARGET_REF}/functions/deploy`]);
		expect(await verify()).toEqual([]);
	});

	it('changes only the settings where the files are the same', async () => {
		await deploy('one', { 'index.ts': '1' });
		await clone();
		await ownerOf(platform, SOURCE_REF).send('PATCH', '/functions/one', { verify_jwt: false });
		platform.shim.log.length = 0;
		const result = await clone();
		expect(result.outcome('copied')).toEqual(['edge_functions one']);
		expect(platform.writes()).toEqual([`PATCH /v1/projects/${TARGET_REF}/functions/one`]);
		expect(await verify()).toEqual([]);
	});

	it('uploads the bundle where the download lacks the import map', async () => {
		await deploy(
			'mapped',
			{ 'index.ts': 'import "zod";', 'deno.json': '{"imports":{"zod":"npm:zod@4"}}' },
			{ importMap: 'deno.json' },
		);
		const result = await clone();
		expect(result.items.get('edge_functions mapped')).toMatchObject({ outcome: 'copied' });
		expect(platform.shim.stateOf(TARGET_REF).functions['mapped']).toMatchObject({
			import_map: true,
		});
		expect(await verify()).toEqual([]);
		platform.shim.log.length = 0;
		expect((await clone()).outcome('unchanged')).toEqual(['edge_functions mapped']);
		expect(platform.writes()).toEqual([]);
		// A new map with the same modules is a change.
		await deploy(
			'mapped',
			{ 'index.ts': 'import "zod";', 'deno.json': '{"imports":{"zod":"npm:zod@5"}}' },
			{ importMap: 'deno.json' },
		);
		expect((await clone()).outcome('copied')).toEqual(['edge_functions mapped']);
	});

	it('says what to do where not even the bundle is accepted', async () => {
		await deploy(
			'mapped',
			{ 'index.ts': 'import "zod";', 'deno.json': '{"imports":{"zod":"npm:zod@4"}}' },
			{ importMap: 'deno.json' },
		);
		await deploy('plain', { 'index.ts': '1' });
		platform.shim.faults.add({
			kind: 'refused',
			method: 'POST',
			path: '/functions',
			message: 'no eszip',
		});
		const result = await clone();
		expect(result.items.get('edge_functions mapped')).toMatchObject({
			outcome: 'failed',
			detail: expect.stringContaining('no eszip'),
			fix: expect.stringContaining('own source files'),
		});
		expect(result.outcome('copied')).toEqual(['edge_functions plain']);
	});

	it('sends the import map along where the download holds it', async () => {
		const kind = await openPlatform({ downloadsImportMap: true });
		const files = { 'index.ts': 'import "zod";', 'deno.json': '{"imports":{"zod":"npm:zod@4"}}' };
		await deploy('mapped', files, { importMap: 'deno.json' }, SOURCE_REF, kind);
		const result = await clone({}, {}, kind);
		expect(result.items.get('edge_functions mapped')?.detail).toBe(
			'Deployed from its files, 2 files',
		);
		expect(kind.shim.stateOf(TARGET_REF).functions['mapped']?.bundle.importMap).toBe('deno.json');
		expect(await verify(kind)).toEqual([]);
	});

	it('downloads nothing where the platform says that the bundles are equal', async () => {
		const equal = await openPlatform({ sameBundleEverywhere: true });
		await deploy('one', { 'index.ts': '1' }, {}, SOURCE_REF, equal);
		await clone({}, {}, equal);
		equal.shim.log.length = 0;
		expect((await clone({}, {}, equal)).outcome('unchanged')).toEqual(['edge_functions one']);
		expect(equal.shim.log.filter((entry) => entry.includes('/body'))).toEqual([]);
	});

	it('reports one refused function and copies the others', async () => {
		await deploy('a-first', { 'index.ts': '1' });
		await deploy('b-bad', { 'index.ts': '2' });
		await deploy('c-last', { 'index.ts': '3' });
		platform.shim.faults.add({
			kind: 'refused',
			path: '/functions/b-bad/body',
			message: 'bundle is damaged',
		});
		const result = await clone();
		expect(result.outcome('copied')).toEqual(['edge_functions a-first', 'edge_functions c-last']);
		expect(result.items.get('edge_functions b-bad')?.detail).toContain('bundle is damaged');
	});

	it('names the limit of the plan', async () => {
		await deploy('one', { 'index.ts': '1' });
		await deploy('two', { 'index.ts': '2' });
		platform.shim.stateOf(TARGET_REF).functionLimit = 1;
		const result = await clone();
		expect(result.items.get('edge_functions two')).toMatchObject({
			outcome: 'failed',
			detail: expect.stringContaining('Max number of functions'),
			fix: expect.stringContaining('Upgrade'),
		});
	});

	it('stops for trouble of the account, to be tried again by the engine', async () => {
		await deploy('one', { 'index.ts': '1' });
		platform.shim.faults.add({ kind: 'rate_limited', path: '/functions/deploy', seconds: 60 });
		const result = await clone();
		expect(result.slices['edge_functions.functions']).toBe(2);
		expect(result.outcome('copied')).toEqual(['edge_functions one']);
		await deploy('one', { 'index.ts': '2' });
		platform.shim.faults.add({ kind: 'expired_token', path: '/functions/deploy' });
		await expect(clone()).rejects.toMatchObject({ code: 'account_expired' });
		expect((await clone()).outcome('copied')).toEqual(['edge_functions one']);
	});

	it('goes on where the last slice ended', async () => {
		for (const slug of ['a', 'b', 'c']) await deploy(slug, { 'index.ts': slug });
		const result = await clone({}, { limits: { operations: 1 } });
		expect(result.slices['edge_functions.functions']).toBe(3);
		expect(result.outcome('copied')).toHaveLength(3);
		expect(platform.writes()).toHaveLength(3);
	});

	it('keeps functions of the target, and deletes them only when asked to', async () => {
		await deploy('mine', { 'index.ts': '1' }, {}, TARGET_REF);
		await clone();
		expect(Object.keys(platform.shim.stateOf(TARGET_REF).functions)).toEqual(['mine']);
		const result = await clone({ remove_extra: true });
		expect(result.outcome('adapted')).toEqual(['edge_functions mine']);
		expect(platform.shim.stateOf(TARGET_REF).functions).toEqual({});
	});

	it('warns of files that name the source or hold its key, and copies them unchanged', async () => {
		await deploy('leak', {
			'index.ts': `fetch("https://${SOURCE_REF}.supabase.co", { headers: { apikey: "${platform.source.secretKey}" } })`,
		});
		const item = (await clone()).items.get('edge_functions leak');
		expect(item).toMatchObject({
			outcome: 'copied',
			fix: expect.stringContaining('names the source'),
		});
		expect(JSON.stringify(item)).not.toContain(platform.source.secretKey);
		expect(await verify()).toEqual([]);
	});

	it('lists secrets that the target lacks and never a value', async () => {
		const source = ownerOf(platform, SOURCE_REF);
		await source.send('POST', '/secrets', [
			{ name: 'SAME', value: 'one' },
			{ name: 'OTHER', value: 'source value' },
			{ name: 'MISSING', value: 'hidden' },
		]);
		await ownerOf(platform, TARGET_REF).send('POST', '/secrets', [
			{ name: 'SAME', value: 'one' },
			{ name: 'OTHER', value: 'target value' },
		]);
		const result = await clone();
		expect(result.outcome('skipped')).toEqual(['edge_functions secret MISSING']);
		expect(result.outcome('unchanged')).toEqual([
			'edge_functions secret OTHER',
			'edge_functions secrets',
		]);
		expect(JSON.stringify([...result.items])).not.toMatch(/hidden|SUPABASE_URL/);
	});

	it('says so where the token may not read secrets', async () => {
		platform.shim.faults.add({
			kind: 'refused',
			status: 403,
			path: '/secrets',
			message: 'Forbidden resource',
			calls: 2,
		});
		const result = await clone();
		expect(result.items.get('edge_functions secrets')).toMatchObject({ outcome: 'skipped' });
	});
});

describe('previewing edge functions', () => {
	it('counts, lists and warns without downloading or changing anything', async () => {
		await deploy('one', { 'index.ts': '1' });
		await deploy('extra', { 'index.ts': '1' }, {}, TARGET_REF);
		const preview = await edgeFunctions.preview({
			options: testOptions(),
			ignoreRules: [],
			memory: {},
			signal: new AbortController().signal,
			source: endpoint('source'),
			target: endpoint('target'),
			cursor: null,
			spent: () => false,
			continueFrom: () => undefined,
		});
		expect(preview?.counts[0]).toEqual({ unit: 'function', source: 1, target: 1 });
		expect(preview?.objects.map(({ object, action }) => [object, action])).toEqual([
			['one', 'create'],
			['extra', 'leave'],
		]);
		expect(preview?.warnings).toMatchObject([{ level: 'note', object: 'extra' }]);
		expect(platform.shim.log.every((entry) => !entry.includes('/body'))).toBe(true);
		expect(platform.writes()).toEqual([]);
	});
});

function endpoint(role: EndpointRole) {
	const { api, url = '', ref = '' } = platform.end(role);
	const none = () => Promise.reject(new Error('not used'));
	return {
		role,
		ref,
		services: ['management_api'] as const,
		url,
		api,
		database: none,
		connect: none,
		storage: none,
		keys: async () => [],
	};
}
