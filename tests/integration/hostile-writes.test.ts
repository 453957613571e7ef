// What is answered to a call that writes may be anything, too. Each such call of the product gets each such answer, while
// reads are answered as they should be. What comes of it is an error for people or a report that does not say "done": never a
// mistake of ours, never a call to somewhere else.
import { describe, expect, it } from 'vitest';
import {
	changeSettings,
	deployBundle,
	deploySource,
} from '../../supabase/functions/_shared/components/edge-functions/deploy.ts';
import { functionsStage } from '../../supabase/functions/_shared/components/edge-functions/copy.ts';
import { applyChanges } from '../../supabase/functions/_shared/components/project-config/apply.ts';
import { AREAS } from '../../supabase/functions/_shared/components/project-config/areas.ts';
import {
	copyIdentityProviders,
	ISSUERS,
} from '../../supabase/functions/_shared/components/project-config/identity-providers.ts';
import { limitsStage } from '../../supabase/functions/_shared/components/project-config/limits.ts';
import { ensureBucket } from '../../supabase/functions/_shared/components/storage/buckets.ts';
import { removeExtraBuckets } from '../../supabase/functions/_shared/components/storage/extras.ts';
import {
	BUCKETS,
	FINISH_UPLOAD,
} from '../../supabase/functions/_shared/components/storage/queries.ts';
import { copyInPieces } from '../../supabase/functions/_shared/components/storage/resumable.ts';
import { copyWhole } from '../../supabase/functions/_shared/components/storage/transfer.ts';
import { copyStage as webhooksStage } from '../../supabase/functions/_shared/components/webhooks/copy.ts';
import type { StageResult } from '../../supabase/functions/_shared/contract/component.ts';
import type { Item } from '../../supabase/functions/_shared/contract/report.ts';
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import { createManagementApi } from '../../supabase/functions/_shared/platform/supabase/management-api.ts';
import { createStorageApi } from '../../supabase/functions/_shared/platform/supabase/storage-api.ts';
import {
	ANSWERS,
	expectForPeople,
	hostile,
	type Hostile,
	MEGABYTE,
	OWN_MISTAKE,
	taken,
	TOKEN,
} from '../helpers/hostile-service.ts';

const REFS = { source: 'a'.repeat(20), target: 'b'.repeat(20) };

/** Rows that a database answers, by the statement. */
type Rows = (text: string) => readonly Record<string, unknown>[];

interface Stage {
	readonly context: never;
	readonly items: readonly Item[];
	/** Statements on the target. */
	readonly statements: readonly string[];
}

/** A stage's context on a service, with what it reports. */
function stageOf({ fetch }: Hostile, rows: Partial<Record<EndpointRole, Rows>> = {}): Stage {
	const items: Item[] = [];
	const statements: string[] = [];
	const endpoint = (role: EndpointRole) => {
		const query = (text: string) => {
			if (role === 'target') statements.push(text);
			return Promise.resolve(rows[role]?.(text) ?? []);
		};
		const storage = createStorageApi({ url: 'https://api.example', secretKey: TOKEN, fetch });
		return {
			...{ role, ref: REFS[role], url: `https://${REFS[role]}.supabase.co` },
			services: ['management_api', 'storage_api'],
			api: createManagementApi({
				...{ baseUrl: 'https://api.example', token: TOKEN, ref: REFS[role], fetch },
				readOnly: role === 'source',
				wait: () => Promise.resolve(),
			}),
			database: () =>
				Promise.resolve({ query, script: async (text: string) => [await query(text)] }),
			storage: () => Promise.resolve(storage),
			keys: () => Promise.resolve([]),
			...{ query, fetch: storage.fetch },
		};
	};
	const context = {
		source: endpoint('source'),
		target: endpoint('target'),
		options: { remove_extra: true, components: {} },
		memory: {},
		cursor: null,
		signal: new AbortController().signal,
		spent: () => false,
		spend: () => undefined,
		progress: () => undefined,
		announce: () => Promise.resolve(),
		remember: () => undefined,
		report: (...reported: readonly Item[]) => void items.push(...reported),
	};
	return { context: context as never, items, statements };
}

interface Write {
	/** Calls that are answered as they should be: those that read. */
	readonly knows: (method: string, url: string) => unknown;
	/** What is said to be done. An error of it is thrown. */
	run(use: Hostile): Promise<readonly Item[] | undefined>;
	/** All that says that it is done is the status. */
	readonly byStatus?: true;
}

const FUNCTION = {
	...{ slug: 'hello', name: 'hello', status: 'ACTIVE', version: 1 },
	...{ verify_jwt: true, import_map: false },
};
const FILES = {
	entrypoint: 'index.ts',
	importMap: undefined,
	files: [{ path: 'index.ts', bytes: new Uint8Array([1]) }],
	bytes: 1,
};
const BUCKET = {
	...{ id: 'b', name: 'b', isPublic: true, fileSizeLimit: null, allowedMimeTypes: null },
	type: 'STANDARD',
};
const FILE = {
	...{ name: 'f', size: 3, etag: null, mimetype: null, cacheControl: null },
	...{ hasMetadata: false, state: 's' },
};
const [settings] = AREAS.filter(({ name }) => name === 'auth');
if (!settings) throw new Error('auth has settings');

const reads =
	(answers: Readonly<Record<string, unknown>>) =>
	(method: string, url: string): unknown =>
		method === 'GET'
			? Object.entries(answers).find(([part]) => url.endsWith(part))?.[1]
			: undefined;
const done = (object: string): Item[] => [{ object, outcome: 'copied' }];

const WRITES: Readonly<Record<string, Write>> = {
	'a setting': {
		knows: reads({ [settings.path]: { site_url: 'https://old.example' } }),
		run: async (use) => {
			const change = { setting: 'site_url', group: 'urls', isAdapted: false };
			const values = { value: 'https://new.example', before: 'https://old.example' };
			return applyChanges(stageOf(use).context, settings, [{ ...change, ...values }]);
		},
	},
	'the limit for files': {
		knows: reads({
			[`${REFS.source}/config/storage`]: { fileSizeLimit: 100 },
			[`${REFS.target}/config/storage`]: { fileSizeLimit: 50 },
		}),
		run: async (use) => {
			const { context, items } = stageOf(use);
			await limitsStage.run(context);
			return items;
		},
	},
	'an issuer of tokens': {
		knows: reads({
			[REFS.source + ISSUERS]: [{ id: '1', oidc_issuer_url: 'https://idp.example' }],
			[REFS.target + ISSUERS]: [],
			'/sso/providers': { items: [] },
		}),
		run: async (use) => {
			const { context, items } = stageOf(use);
			await copyIdentityProviders(context);
			return items;
		},
	},
	'a function by its files': {
		knows: () => undefined,
		run: async ({ api }) => {
			await deploySource(api, FUNCTION, FILES);
			return done('hello');
		},
	},
	'a new function by its bundle': {
		knows: () => undefined,
		run: async ({ api }) => {
			await deployBundle(api, FUNCTION, new Uint8Array([1]), false);
			return done('hello');
		},
	},
	'a function that is there by its bundle': {
		knows: () => undefined,
		run: async ({ api }) => {
			await deployBundle(api, FUNCTION, new Uint8Array([1]), true);
			return done('hello');
		},
	},
	'the settings of a function': {
		knows: () => undefined,
		run: async ({ api }) => {
			await changeSettings(api, FUNCTION);
			return done('hello');
		},
	},
	'the removal of a function': {
		byStatus: true,
		knows: reads({
			[`${REFS.source}/functions`]: [],
			[`${REFS.target}/functions`]: [FUNCTION],
			'/secrets': [],
			'/api-keys?reveal=true': [],
		}),
		run: async (use) => {
			const { context, items } = stageOf(use);
			await functionsStage.run(context);
			return items;
		},
	},
	'webhooks that are enabled': {
		knows: () => undefined,
		run: async (use) => {
			const hook = {
				...{ name: 'h', schema: 'public', table: 't', state: 'O', head: 'create trigger h' },
				arguments: ['https://x.example', 'POST'],
			};
			const { context, items } = stageOf(use, { source: () => [{ enabled: true }, { hook }] });
			let cursor: unknown = null;
			for (let slice = 0; slice < 20; slice += 1) {
				const result: StageResult = await webhooksStage.run(
					Object.assign({}, context, { cursor }) as never,
				);
				if (result.state === 'done') break;
				({ cursor } = result);
			}
			return items;
		},
	},
	'a new bucket': {
		knows: () => undefined,
		run: async (use) => {
			const { context } = stageOf(use);
			const { target, announce } = context as never as { target: never; announce: never };
			return [(await ensureBucket(target, BUCKET, undefined, null, announce)).item];
		},
	},
	'a bucket that is changed': {
		knows: () => undefined,
		run: async (use) => {
			const row = { id: 'b', name: 'b', public: false, type: 'STANDARD' };
			const { context } = stageOf(use, { target: (text) => (text === BUCKETS ? [row] : []) });
			const { target, announce } = context as never as { target: never; announce: never };
			const found = { ...BUCKET, isPublic: false };
			return [(await ensureBucket(target, BUCKET, found, null, announce)).item];
		},
	},
	'the removal of a bucket': {
		knows: () => undefined,
		run: async (use) => {
			const row = { id: 'b', name: 'b', public: false, type: 'STANDARD' };
			const { context, items } = stageOf(use, {
				target: (text) => (text === BUCKETS ? [row] : []),
			});
			await removeExtraBuckets(context, context, [], () => false);
			return items;
		},
	},
	// Whether it has arrived is read from its row afterwards (verify-uploads.ts).
	'a file': {
		knows: (method) => (method === 'GET' ? 'abc' : undefined),
		run: async (use) => {
			await copyWhole(stageOf(use).context, 'b', FILE, new AbortController().signal);
			return [];
		},
	},
	'the beginning of a file in pieces': {
		knows: (method) => (method === 'GET' ? 'abc' : undefined),
		run: (use) => inPieces(use, () => []),
	},
	'a piece of a file': {
		knows: (method) => (method === 'GET' ? 'abc' : undefined),
		run: (use) =>
			inPieces(use, (text) => (text.includes('storage_uploads') ? [{ location: 'l' }] : [])),
	},
};

async function inPieces(use: Hostile, target: Rows): Promise<readonly Item[]> {
	const { context, statements } = stageOf(use, { target });
	const outcome = await copyInPieces(context, {
		...{ bucket: 'b', file: FILE, size: 3, signal: new AbortController().signal },
		...{ shouldStop: () => false, onPiece: (bytes) => expect(bytes).toBeGreaterThan(0) },
	});
	expect(statements).not.toContain(FINISH_UPLOAD);
	return outcome === 'done' ? done('f') : [];
}

/** What the protocol of resumable uploads says, wrongly. */
const OFFSETS: Readonly<Record<string, () => Response>> = Object.fromEntries(
	['NaN', '-1', '0', '4', '1.5', '99999999999', 'Infinity', ''].map((offset) => [
		`an offset of "${offset}"`,
		() =>
			new Response(null, {
				status: 204,
				headers: { 'upload-offset': offset, location: 'https://elsewhere.example/..' },
			}),
	]),
);

describe.each(Object.entries(WRITES))('%s', (name, { knows, run, byStatus = false }) => {
	const answers = name.includes('piece') ? { ...ANSWERS, ...OFFSETS } : ANSWERS;
	it.each(Object.entries(answers))('is not said to be done after %s', async (_what, answer) => {
		taken.bytes = 0;
		const { asked, use } = hostile(answer, knows);
		let items: readonly Item[] = [];
		try {
			items = (await run(use)) ?? [];
		} catch (error) {
			expectForPeople(error);
		}
		const isTaken = byStatus && answer().ok;
		for (const { object, outcome, detail = '', fix = '' } of items) {
			if (!isTaken)
				expect(['failed', 'skipped'], `${object}: ${outcome} ${detail}`).toContain(outcome);
			expect(`${detail} ${fix}`).not.toMatch(OWN_MISTAKE);
			expect(`${detail} ${fix}`).not.toContain(TOKEN);
			if (outcome === 'failed') expect(fix).toMatch(/\w{3}/);
		}
		expect(
			asked.every(
				({ url, redirect }) => url.startsWith('https://api.example/') && redirect === 'manual',
			),
		).toBe(true);
		expect(taken.bytes / asked.length).toBeLessThan(40 * MEGABYTE);
		expect(({} as { polluted?: true }).polluted).toBeUndefined();
	});
});
