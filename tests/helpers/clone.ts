// Runs a clone in this process, on two databases and without the stack: the same stages, slices and
// order as the worker, minus the queue. For tests of components.
import type {
	Component,
	Finding,
	Item,
	Preview,
	ProjectSide,
	StageContext,
	VerifyContext,
} from '../../supabase/functions/_shared/components/component.ts';
import {
	cloneOptionsSchema,
	type CloneOptions,
} from '../../supabase/functions/_shared/domain/clone.ts';
import type { ComponentKey } from '../../supabase/functions/_shared/domain/component.ts';
import type { VerificationMode } from '../../supabase/functions/_shared/domain/status.ts';
import { startBudget } from '../../supabase/functions/_shared/engine/budget.ts';
import { inOrder } from '../../supabase/functions/_shared/engine/order.ts';
import type { ManagementApi } from '../../supabase/functions/_shared/platform/management-api.ts';
import type { Session } from '../../supabase/functions/_shared/platform/session.ts';
import type { StorageApi } from '../../supabase/functions/_shared/platform/storage-api.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/wire.ts';

export interface TestEnd {
	readonly dbUrl: string;
	readonly ref?: string;
	readonly url?: string;
	readonly api?: ManagementApi;
	readonly storage?: StorageApi;
	readonly keys?: readonly { readonly name: string; readonly value: string }[];
}

export interface TestClone {
	readonly source: TestEnd;
	readonly target: TestEnd;
	readonly components: readonly Component[];
	readonly options?: Partial<CloneOptions>;
	readonly ignoreRules?: readonly string[];
	/** Lower limits force many slices. */
	readonly limits?: Parameters<typeof startBudget>[0];
	readonly signal?: AbortSignal;
}

export interface TestCloneResult {
	/** Last outcome per object, key `component object`. */
	readonly items: ReadonlyMap<string, Item & { readonly component: ComponentKey }>;
	/** Slices per stage, key `component.stage`. */
	readonly slices: Readonly<Record<string, number>>;
	/** Items with the given outcome, as `component object`, sorted. */
	outcome(outcome: Item['outcome']): string[];
}

const noApi: ManagementApi = {
	get: (path) => Promise.reject(new Error(`the test gave no Management API (GET ${path})`)),
	send: (method, path) =>
		Promise.reject(new Error(`the test gave no Management API (${method} ${path})`)),
	fetch: (method, path) =>
		Promise.reject(new Error(`the test gave no Management API (${method} ${path})`)),
};

/** Session settings of a clone, as `openProject` makes them on a hosted project. */
const SETTINGS = {
	statement_timeout: '0',
	idle_in_transaction_session_timeout: '0',
	DateStyle: 'ISO',
	IntervalStyle: 'postgres',
	TimeZone: 'UTC',
	extra_float_digits: '3',
	bytea_output: 'hex',
	synchronize_seqscans: 'off',
};

/** What components remember per target, as the control database keeps it between clones. */
const memories = new Map<string, Record<string, unknown>>();

function memoryOf(target: TestEnd, component: ComponentKey): Record<string, unknown> {
	const key = `${target.dbUrl} ${component}`;
	const known = memories.get(key) ?? {};
	memories.set(key, known);
	return known;
}

function openSide(
	role: ProjectSide['role'],
	end: TestEnd,
): ProjectSide & { close(): Promise<void> } {
	const sessions: Session[] = [];
	const connect = async (): Promise<Session> => {
		const session = await connectUrl(end.dbUrl);
		const settings = Object.entries(SETTINGS).map(([name, value]) => `set ${name} = '${value}'`);
		if (role === 'source') settings.push('set default_transaction_read_only = on');
		await session.script(settings.join('; '));
		sessions.push(session);
		return session;
	};
	let main: Promise<Session> | undefined;
	const ref = end.ref ?? (role === 'source' ? 'a' : 'b').repeat(20);
	return {
		role,
		ref,
		url: end.url ?? `https://${ref}.supabase.co`,
		api: end.api ?? noApi,
		database: () => (main ??= connect()),
		connect,
		storage: () =>
			end.storage
				? Promise.resolve(end.storage)
				: Promise.reject(new Error('the test gave no Storage API')),
		keys: () => Promise.resolve(end.keys ?? []),
		close: async () => {
			await Promise.all(sessions.map((session) => session.close().catch(() => undefined)));
		},
	};
}

/** Options with every default, over which `given` is laid. */
export function testOptions(given: Partial<CloneOptions> = {}): CloneOptions {
	return { ...cloneOptionsSchema.parse({}), ...given };
}

/** Clones and returns what was reported. Throws what a stage throws. */
export async function cloneInProcess(clone: TestClone): Promise<TestCloneResult> {
	const items = new Map<string, Item & { component: ComponentKey }>();
	const slices: Record<string, number> = {};
	const jobId = crypto.randomUUID();
	const planned = clone.components.flatMap((component) =>
		component.stages.map((stage) => ({ component, stage })),
	);
	for (const { component, stage } of inOrder(planned)) {
		let cursor: unknown = null;
		for (;;) {
			const name = `${component.key}.${stage.name}`;
			slices[name] = (slices[name] ?? 0) + 1;
			if (slices[name] > 2000) throw new Error(`${name} does not come to an end`);
			const source = openSide('source', clone.source);
			const target = openSide('target', clone.target);
			const budget = startBudget(clone.limits);
			const context: StageContext = {
				jobId,
				options: testOptions(clone.options),
				ignoreRules: clone.ignoreRules ?? [],
				source,
				target,
				cursor,
				signal: clone.signal ?? new AbortController().signal,
				...budget,
				memory: { ...memoryOf(clone.target, component.key) },
				remember: (entries) => {
					const known = memoryOf(clone.target, component.key);
					for (const [key, value] of Object.entries(entries)) {
						if (value === null) delete known[key];
						else known[key] = JSON.parse(JSON.stringify(value));
					}
				},
				report: (...reported) => {
					for (const item of reported) {
						const key = item.component ?? component.key;
						const id = `${key} ${item.object}`;
						const earlier = items.get(id)?.outcome;
						const isRepeat = earlier === 'copied' || earlier === 'adapted';
						if (isRepeat && item.outcome === 'unchanged') continue;
						items.set(id, { ...item, component: key });
					}
				},
				progress: () => undefined,
			};
			try {
				const result = await stage.run(context);
				if (result.state === 'done') break;
				// Through JSON, as the control database stores it.
				cursor = JSON.parse(JSON.stringify(result.cursor ?? null));
			} finally {
				await source.close();
				await target.close();
			}
		}
	}
	return {
		items,
		slices,
		outcome: (outcome) =>
			[...items]
				.filter(([, item]) => item.outcome === outcome)
				.map(([id]) => id)
				.sort(),
	};
}

/** What `component.verify` finds between two databases, slice after slice. */
export async function verifyInProcess(
	clone: Omit<TestClone, 'components'>,
	component: Component,
	mode: VerificationMode,
): Promise<readonly Finding[]> {
	const findings: Finding[] = [];
	let next: { readonly cursor: unknown } | undefined = { cursor: null };
	while (next) {
		const { cursor } = next;
		next = undefined;
		const source = openSide('source', clone.source);
		const target = openSide('target', clone.target);
		try {
			const context: VerifyContext = {
				options: testOptions(clone.options),
				ignoreRules: clone.ignoreRules ?? [],
				source,
				target,
				memory: { ...memoryOf(clone.target, component.key) },
				signal: clone.signal ?? new AbortController().signal,
				...startBudget(clone.limits),
				cursor,
				// Through JSON, as the control database stores it.
				continueFrom: (left) => (next = { cursor: JSON.parse(JSON.stringify(left)) }),
			};
			findings.push(...(await component.verify(context, mode)));
		} finally {
			await source.close();
			await target.close();
		}
	}
	return findings;
}

/** What `component.preview` says before a clone between two databases. */
export async function previewInProcess(
	clone: Omit<TestClone, 'components'>,
	component: Component,
): Promise<Preview> {
	const source = openSide('source', clone.source);
	const target = openSide('target', clone.target);
	try {
		return await component.preview({
			options: testOptions(clone.options),
			ignoreRules: clone.ignoreRules ?? [],
			source,
			target,
			memory: {},
			signal: clone.signal ?? new AbortController().signal,
		});
	} finally {
		await source.close();
		await target.close();
	}
}
