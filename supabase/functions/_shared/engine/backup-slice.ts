// One slice of a backup or of a restore: opens the store and the project, hands both to whoever knows backups, and says what
// came of it. Names no component.
import type { BackupWork, Sliced } from '../contract/backup.ts';
import type { ObjectStore } from '../platform/object-store.ts';
import type { Budget } from './budget.ts';
import { dropLedgerSchema } from '../contract/ledger.ts';
import type { Item, Progress } from '../contract/report.ts';
import { restoreOptionsSchema } from '../domain/backup.ts';
import type { EndpointRole } from '../domain/endpoint-role.ts';
import { errorBody, isPassing, TwinsError } from '../domain/errors.ts';
import { checkReady, checkTargetIsMeant, CLEANUP_RANK, WORK_RANK } from './prepare.ts';
import { stepName } from './order.ts';
import type { StoredBackup, StoredRun } from './queue.ts';
import {
	closingAfter,
	type EndpointOpener,
	shown,
	type SlicePorts,
	type SliceResult,
	unknownWork,
} from './slice.ts';
import type { OpenStore } from './stored-store.ts';
import { MAX_ATTEMPTS, type NewStep, type Step } from './step.ts';

export interface BackupPorts extends Pick<
	SlicePorts,
	'budget' | 'signal' | 'onProgress' | 'onAnnounce'
> {
	readonly work: BackupWork;
	readonly openEndpoint: EndpointOpener;
	openStore(backup: StoredBackup, signal: AbortSignal): Promise<OpenStore>;
}

type StoredBackupRun = StoredRun & { readonly backup: StoredBackup };

/** True for backups, and for restores of one. */
export const isOfBackup = (run: StoredRun): run is StoredBackupRun => run.backup !== null;

/** Carries out one slice. Never throws: an error is a result, `retry` when the same may succeed later. */
export async function runBackupSlice(
	step: Step,
	run: StoredBackupRun,
	ports: BackupPorts,
): Promise<SliceResult> {
	const items: Item[] = [];
	let progress: Progress | undefined;
	const collected = { items, memory: {} };
	try {
		const { store, location, identity } = await ports.openStore(run.backup, ports.signal);
		try {
			const context: Context = {
				store: spending(store, ports.budget),
				folder: run.backup.folder,
				manifestSha256: run.backup.manifest_sha256,
				identity,
				cursor: step.cursor,
				attempts: step.attempts,
				signal: ports.signal,
				spent: ports.budget.spent,
				spend: ports.budget.spend,
				jobId: run.job_id ?? run.id,
				failures: step.failures,
				isLastTry: step.attempts + 1 >= MAX_ATTEMPTS,
				progress: (reached) => {
					progress = reached;
					ports.onProgress?.(reached);
				},
				report: (...reported) => items.push(...reported.map(shown)),
				announce: (...announced) => ports.onAnnounce(announced.map(shown)),
			};
			const result = await runStep(step, run, context, location, ports);
			return { ...collected, ...result, progress };
		} finally {
			store.close();
		}
	} catch (error) {
		// Stopped on purpose: the step goes back to the queue, where it is dropped.
		const outcome = ports.signal.aborted || isPassing(error) ? 'retry' : 'failed';
		const retryAfter = error instanceof TwinsError ? error.details.retryAfter : undefined;
		const tried = proofOf(step, error, outcome);
		return {
			...collected,
			...tried,
			outcome,
			error: errorBody(error),
			retry_after: retryAfter,
			progress,
		};
	}
}

/** Signing, compressing and hashing an object, however small it is: 8 to 11 ms of CPU (measured on 500 small tables). */
const OPERATIONS_OF_OBJECT = 8;

/** The store, whose calls are paid for by the slice. */
function spending(store: ObjectStore, { spend }: Budget): ObjectStore {
	return {
		...store,
		put(name, body) {
			spend({ operations: OPERATIONS_OF_OBJECT });
			return store.put(name, body);
		},
		get(name) {
			spend({ operations: OPERATIONS_OF_OBJECT });
			return store.get(name);
		},
	};
}

/** Trouble that ends the reading of a backup is what that found. */
function proofOf(
	{ kind, stage, attempts }: Pick<Step, 'kind' | 'stage' | 'attempts'>,
	error: unknown,
	outcome: 'retry' | 'failed',
): Pick<SliceResult, 'backup'> {
	const isFinal = outcome === 'failed' || attempts + 1 >= MAX_ATTEMPTS;
	if (kind !== 'prove' || !isFinal) return {};
	return { backup: { proof: { mode: stage, objects: 0, damaged: [], error: errorBody(error) } } };
}

type Context = Omit<Parameters<BackupWork['restore']>[0], 'target' | 'options' | 'step'>;

type StepResult = Pick<SliceResult, 'outcome' | 'cursor' | 'steps' | 'backup' | 'handOn'>;

async function runStep(
	step: Step,
	run: StoredBackupRun,
	context: Context,
	location: string,
	ports: BackupPorts,
): Promise<StepResult> {
	const { work } = ports;
	switch (step.kind) {
		case 'backup':
			return withEndpoint('source', ports, async (source) => {
				if (step.cursor === null) await checkReady(source);
				const ignoreRules = run.ignore_rules;
				return resultOf(
					await work.write({ ...context, source, ignoreRules, recipient: run.backup.recipient }),
					({ manifestSha256, ...told }) => ({
						backup: { location, manifest_sha256: manifestSha256, ...told },
					}),
				);
			});
		case 'prove': {
			const mode = step.stage === 'whole' ? 'whole' : 'sampled';
			return resultOf(await work.prove({ ...context, mode }), ({ proof }) => ({
				backup: { proof },
			}));
		}
		case 'remove':
			return resultOf(await work.remove(context), () => ({}));
		case 'prepare':
			return withEndpoint('target', ports, async (target) => {
				await checkReady(target);
				await checkTargetIsMeant({ ...run, cloned_before: false }, target);
				const options = restoreOptionsSchema.parse(run.options);
				const prepared = await work.prepareRestore({ ...context, target, options });
				// What an earlier run left would say that its work is done.
				if (prepared.state === 'done') await dropLedgerSchema(target);
				return resultOf(prepared, ({ steps }) => ({ steps: inOrder(steps) }));
			});
		case 'stage':
			return withEndpoint('target', ports, async (target) => {
				const options = restoreOptionsSchema.parse(run.options);
				const name = step.stage ?? '';
				return resultOf(
					await work.restore({ ...context, target, options, step: name }),
					() => ({}),
				);
			});
		case 'cleanup':
			return withEndpoint('target', ports, async (target) => {
				await dropLedgerSchema(target);
				return { outcome: 'done' };
			});
		default:
			throw unknownWork(step.kind);
	}
}

const resultOf = <T extends { readonly state: 'done' }>(
	result: Sliced<T>,
	told: (done: T) => Omit<StepResult, 'outcome'>,
): StepResult =>
	result.state === 'more'
		? {
				outcome: 'more',
				cursor: result.cursor,
				...(result.handOn ? { handOn: result.handOn } : {}),
			}
		: { outcome: 'done', ...told(result) };

/** Each step after the one before: what a restore makes rests on what is there by then. */
function inOrder(
	steps: readonly { readonly component: NewStep['component'] & string; readonly name: string }[],
): NewStep[] {
	const [first] = steps;
	return [
		...steps.map(({ component, name }, index) => ({
			kind: 'stage' as const,
			rank: WORK_RANK,
			component,
			stage: name,
			waits_for: steps.slice(0, index).map((earlier) => stepName(earlier.component, earlier.name)),
		})),
		...(first
			? [{ kind: 'cleanup' as const, rank: CLEANUP_RANK, component: first.component }]
			: []),
	];
}

async function withEndpoint(
	role: EndpointRole,
	{ openEndpoint, signal }: BackupPorts,
	work: (endpoint: Awaited<ReturnType<EndpointOpener>>) => Promise<StepResult>,
): Promise<StepResult> {
	const endpoint = await openEndpoint(role, signal);
	let isKept = false;
	try {
		const result = await work(endpoint);
		if (!result.handOn) return result;
		isKept = true;
		return { ...result, handOn: closingAfter(result.handOn, endpoint) };
	} finally {
		if (!isKept) await endpoint.close();
	}
}
