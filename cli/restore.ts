// Restores a backup from a bucket into a project or database, on the command line: the steps of the worker, one after the other.
import { randomUUID } from 'node:crypto';
import type { Sliced } from '../supabase/functions/_shared/contract/backup.ts';
import { restorableComponents } from '../supabase/functions/_shared/backup/restore-plan.ts';
import { openBackup } from '../supabase/functions/_shared/backup/open.ts';
import { backupWork } from '../supabase/functions/_shared/backup/work.ts';
import { dropLedgerSchema } from '../supabase/functions/_shared/contract/ledger.ts';
import type { Failed, Item } from '../supabase/functions/_shared/contract/report.ts';
import { formatQuantity } from '../supabase/functions/_shared/domain/amount.ts';
import type { RestoreOptions } from '../supabase/functions/_shared/domain/backup.ts';
import {
	COMPONENT_KEYS,
	type ComponentKey,
} from '../supabase/functions/_shared/domain/component.ts';
import { TwinsError } from '../supabase/functions/_shared/domain/errors.ts';
import { asRemark } from '../supabase/functions/_shared/domain/sentence.ts';
import { checkTargetIsMeant } from '../supabase/functions/_shared/engine/prepare.ts';
import type { OpenEndpoint } from '../supabase/functions/_shared/engine/slice.ts';
import { readKeyFile, watch, withBackup, writeResult, type AddressFlags } from './backup.ts';
import { endpointOpener, parseEndpoint } from './endpoints.ts';
import { inOwnWords } from './own-words.ts';
import { EXIT } from './report.ts';

export interface RestoreFlags extends AddressFlags {
	readonly to: string;
	readonly only?: readonly string[];
	readonly table?: readonly string[];
	readonly confirmTarget?: string;
}

/** Exit code 1 when something could not be restored. Throws before anything is written when the backup or the target is not fit. */
export async function restore(flags: RestoreFlags, signal: AbortSignal): Promise<number> {
	const named = parseEndpoint('--to', flags.to);
	const open = endpointOpener({ source: named, target: named }, process.env);
	return withBackup(flags, signal, async (store, folder) => {
		const target = await open('target', signal);
		try {
			await target.database().catch((error: unknown) => {
				throw inOwnWords(error, named);
			});
			const identity = await readKeyFile(flags.key);
			const { manifest } = await openBackup({ store, folder, identity });
			const options = optionsOf(flags, restorableComponents(manifest, target));
			await checkTargetIsMeant(
				{ cloned_before: false, target: { ref: named.name }, options },
				target,
			);
			const items = await carryOut(flags, { store, folder, target, options, signal, identity });
			return tell(flags, items);
		} finally {
			await target.close();
		}
	});
}

function optionsOf(
	{ only, table, confirmTarget }: RestoreFlags,
	possible: readonly ComponentKey[],
): RestoreOptions {
	const unknown = only?.find((name) => !possible.some((key) => key === name));
	if (unknown !== undefined) {
		throw new TwinsError(
			'bad_request',
			`The backup does not have ${unknown}, or the target has no service for it`,
			`What can be restored there: ${possible.join(', ')}.`,
		);
	}
	if (table !== undefined && only !== undefined) {
		throw new TwinsError(
			'bad_request',
			'Single tables are restored with their rows only',
			'Leave out --only, or --table.',
		);
	}
	const wanted: readonly string[] = table === undefined ? (only ?? possible) : ['data'];
	return {
		components: Object.fromEntries(
			COMPONENT_KEYS.map((key) => [key, wanted.includes(key)]),
		) as RestoreOptions['components'],
		...(table === undefined ? {} : { tables: [...table] }),
		...(confirmTarget === undefined ? {} : { confirm_target: confirmTarget }),
	};
}

type Given = Pick<
	Parameters<typeof backupWork.restore>[0],
	'store' | 'folder' | 'options' | 'signal' | 'identity'
> & { readonly target: OpenEndpoint };

/** What became of each object, the latest word winning. */
async function carryOut(flags: RestoreFlags, given: Given): Promise<readonly Item[]> {
	const items = new Map<string, Item>();
	let step = 'reading the backup back';
	const context = {
		...given,
		attempts: 0,
		manifestSha256: null,
		spent: () => false,
		progress: ({ done, total }: { readonly done: number; readonly total: number }) =>
			watch(flags, `${step} ${done}/${total}`),
	};
	const { steps } = await toItsEnd((cursor) => backupWork.prepareRestore({ ...context, cursor }));
	await dropLedgerSchema(given.target);
	for (const { component, name } of steps) {
		step = name;
		await toItsEnd((cursor) =>
			backupWork.restore({
				...context,
				cursor,
				...{ step: name, jobId: randomUUID(), isLastTry: true },
				failures: failuresOf(items),
				spend: () => undefined,
				// One process carries it out, or nobody: no slice is lost.
				announce: () => Promise.resolve(),
				report: (...reported) => {
					for (const item of reported) {
						items.set(`${item.component ?? component} ${item.object}`, { component, ...item });
					}
				},
			}),
		);
	}
	await dropLedgerSchema(given.target);
	return [...items.values()];
}

const failuresOf = (items: ReadonlyMap<string, Item>): Failed[] =>
	[...items.values()].flatMap(({ component, object, outcome }) =>
		outcome === 'failed' && component !== undefined ? [{ component, object }] : [],
	);

async function toItsEnd<T extends { readonly state: 'done' }>(
	work: (cursor: unknown) => Promise<Sliced<T>>,
): Promise<T> {
	for (let cursor: unknown = null; ;) {
		const done = await work(cursor);
		if (done.state === 'done') return done;
		cursor = done.cursor;
	}
}

function tell(flags: RestoreFlags, items: readonly Item[]): number {
	const failed = items.filter(({ outcome }) => outcome === 'failed');
	const copied = items.filter(({ outcome }) => outcome === 'copied').length;
	const lines = items
		.filter(({ outcome }) => outcome !== 'copied')
		.map(({ object, outcome, detail = '' }) => `${outcome} ${object}: ${asRemark(detail)}`);
	const text = [...lines, `${formatQuantity(copied, 'object')} restored`].join('\n');
	writeResult(flags, { restored: copied, failed: failed.length, items }, text);
	return failed.length === 0 ? EXIT.equal : EXIT.different;
}
