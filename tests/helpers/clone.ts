// Runs a clone in this process, on two databases and without the stack, with the product's own runner. For tests of
// components.
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import type { Component } from '../../supabase/functions/_shared/contract/component.ts';
import type { Finding, Item } from '../../supabase/functions/_shared/contract/report.ts';
import {
	cloneOptionsSchema,
	type CloneOptions,
} from '../../supabase/functions/_shared/domain/clone.ts';
import type { Preview } from '../../supabase/functions/_shared/domain/preview.ts';
import type { VerificationMode } from '../../supabase/functions/_shared/domain/status.ts';
import { TwinsError } from '../../supabase/functions/_shared/domain/errors.ts';
import { layOutSteps } from '../../supabase/functions/_shared/engine/prepare.ts';
import { endpointSessions } from '../../supabase/functions/_shared/engine/endpoint-sessions.ts';
import {
	keepEndpoints,
	type KeptEndpoints,
} from '../../supabase/functions/_shared/engine/kept-endpoints.ts';
import {
	runToEnd,
	type ReportedItem,
	type RunPorts,
} from '../../supabase/functions/_shared/engine/run.ts';
import type { OpenEndpoint, RankedWork } from '../../supabase/functions/_shared/engine/slice.ts';
import type { Run } from '../../supabase/functions/_shared/engine/step.ts';
import type { Session } from '../../supabase/functions/_shared/platform/postgres/index.ts';
import type { ManagementApi } from '../../supabase/functions/_shared/platform/supabase/management-api.ts';
import { pooledSessions } from './pooled-sessions.ts';
import type { StorageApi } from '../../supabase/functions/_shared/platform/supabase/storage-api.ts';

type Keys = readonly { readonly name: string; readonly value: string }[];

export interface TestEndpoint {
	readonly dbUrl: string;
	readonly ref?: string;
	readonly url?: string;
	readonly api?: ManagementApi;
	readonly storage?: StorageApi;
	/** Or what the Management API does when asked for them. */
	readonly keys?: Keys | (() => Promise<Keys>);
}

export interface TestClone {
	readonly source: TestEndpoint;
	readonly target: TestEndpoint;
	/** New sessions, closed at the end: where settings of the database matter, or what sessions report when they end. */
	readonly ownSessions?: boolean;
	/** Sessions that several runs share. */
	readonly kept?: KeptEndpoints;
	readonly components: readonly Component[];
	readonly options?: Partial<CloneOptions>;
	readonly ignoreRules?: readonly string[];
	/** Lower limits force many slices. */
	readonly limits?: RunPorts['limits'];
	/** Of a preview: rows are counted. */
	readonly countRows?: boolean;
	/** Told what slices report of data and all else, also of a clone that throws. */
	readonly onItem?: (item: Item) => void;
	/** Aborted where the worker dies; the clone throws its reason then. */
	readonly signal?: AbortSignal;
}

export interface TestCloneResult {
	/** Last outcome per object, key `component object`. */
	readonly items: ReadonlyMap<string, ReportedItem>;
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

/** What components remember per target, as the control database keeps it between clones. */
const memories = new Map<string, Record<string, unknown>>();

function memoryOf(target: TestEndpoint, component: string): Record<string, unknown> {
	const key = `${target.dbUrl} ${component}`;
	const known = memories.get(key) ?? {};
	memories.set(key, known);
	return known;
}

/** As where the control project was lost, or the target was filled by something else. */
export function forgetClones({ dbUrl }: TestEndpoint): void {
	for (const key of memories.keys()) if (key.startsWith(`${dbUrl} `)) memories.delete(key);
}

function openEndpoint(
	role: EndpointRole,
	endpoint: TestEndpoint,
	ownSessions = false,
): OpenEndpoint {
	const keys = typeof endpoint.keys === 'function' ? [] : (endpoint.keys ?? []);
	const sessions = pooledSessions(role, endpoint.dbUrl);
	const release = ownSessions ? (session: Session) => session.close() : sessions.giveBack;
	const ref = endpoint.ref ?? (role === 'source' ? 'a' : 'b').repeat(20);
	return {
		role,
		ref,
		services: [
			...(endpoint.api ? (['management_api'] as const) : []),
			...(endpoint.storage ? (['storage_api'] as const) : []),
		],
		url: endpoint.url ?? `https://${ref}.supabase.co`,
		api: endpoint.api ?? noApi,
		...endpointSessions(ownSessions ? sessions.open : sessions.take, release),
		storage: () =>
			endpoint.storage
				? Promise.resolve(endpoint.storage)
				: Promise.reject(new Error('the test gave no Storage API')),
		keys: typeof endpoint.keys === 'function' ? endpoint.keys : () => Promise.resolve(keys),
	};
}

/** For tests of many runs on one pair, which need not open new sessions each time; closed by whoever calls. */
export const keepSessions = (pair: Pick<TestClone, 'source' | 'target'>): KeptEndpoints =>
	keepEndpoints((role) => Promise.resolve(openEndpoint(role, pair[role])));

/** Options with every default, over which `given` is laid. */
export function testOptions(given: Partial<CloneOptions> = {}): CloneOptions {
	return { ...cloneOptionsSchema.parse({}), ...given };
}

const run = (
	kind: Run['kind'],
	{ options, ignoreRules, countRows = false }: TestClone,
	mode: Run['mode'],
): Run => ({
	id: crypto.randomUUID(),
	kind,
	job_id: null,
	mode,
	options: testOptions(options),
	ignore_rules: ignoreRules ?? [],
	target: { ref: 'b'.repeat(20) },
	cloned_before: true,
	count_rows: countRows,
});

/** Carries out a run with the product's own runner; throws the first error of a step. */
async function carryOut(clone: TestClone, kind: Run['kind'], mode: Run['mode'] = null) {
	const facts = run(kind, clone, mode);
	// A signal stands for a worker that dies: it cleans nothing up.
	const steps = layOutSteps(facts, clone.components).filter(
		({ kind: step }) => !clone.signal || step !== 'cleanup',
	);
	const outcome = await runToEnd(facts, steps, {
		components: clone.components,
		openEndpoint:
			clone.kept?.openEndpoint ??
			((role) => Promise.resolve(openEndpoint(role, clone[role], clone.ownSessions))),
		limits: clone.limits,
		signal: clone.signal ?? new AbortController().signal,
		memory: {
			read: (component) => ({ ...memoryOf(clone.target, component) }),
			write(component, entries) {
				const known = memoryOf(clone.target, component);
				for (const [key, value] of Object.entries(entries)) {
					if (value === null) delete known[key];
					else known[key] = JSON.parse(JSON.stringify(value));
				}
			},
		},
		wait: () => Promise.resolve(),
		onSlice: (_, { items }) => {
			for (const item of items) clone.onItem?.(item);
		},
	});
	clone.signal?.throwIfAborted();
	const failure = outcome.steps.find(({ status }) => status === 'failed')?.error;
	if (failure) {
		const { code, message, fix, sqlstate, http_status: httpStatus } = failure;
		throw new TwinsError(code, message, fix, { sqlstate, httpStatus });
	}
	return outcome;
}

/** Clones and returns what was reported. Throws the error of the first stage that failed. */
export async function cloneInProcess(clone: TestClone): Promise<TestCloneResult> {
	const { items, steps } = await carryOut(clone, 'job');
	return {
		items,
		slices: Object.fromEntries(steps.map(({ name, slices }) => [name, slices])),
		outcome: (outcome) =>
			[...items]
				.filter(([, item]) => item.outcome === outcome)
				.map(([id]) => id)
				.sort(),
	};
}

/** What the components' `verify` finds between two databases, all in one run. */
export async function verifyAllInProcess(
	clone: TestClone,
	mode: VerificationMode,
): Promise<readonly (Finding & { readonly component: string })[]> {
	return (await carryOut(clone, 'verification', mode)).findings;
}

/** What `component.verify` finds between two databases, slice after slice. */
export async function verifyInProcess(
	clone: Omit<TestClone, 'components'>,
	component: Component,
	mode: VerificationMode,
): Promise<readonly Finding[]> {
	const findings = await verifyAllInProcess({ ...clone, components: [component] }, mode);
	return findings.map(({ component: _, ...finding }) => finding);
}

/** What `component.preview` says before a clone between two databases. */
export async function previewInProcess(
	clone: Omit<TestClone, 'components'>,
	component: Component,
): Promise<Preview> {
	const { previews } = await carryOut({ ...clone, components: [component] }, 'preview');
	const preview = previews[component.key];
	if (!preview) throw new Error(`no preview of ${component.key}`);
	return preview;
}

/** What a preview says that a clone would do, in order. */
export const planInProcess = async (clone: TestClone): Promise<readonly RankedWork[]> =>
	(await carryOut(clone, 'preview')).plan;
