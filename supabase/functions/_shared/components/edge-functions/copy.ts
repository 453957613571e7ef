// The stage: functions in the order of their slugs, one after the other, then secrets. Never two deploys of
// one slug at once: the platform loses the bundle of one.
import * as z from 'zod/mini';
import type { Stage, StageResult } from '../../contract/component.ts';
import type { StageContext } from '../../contract/context.ts';
import type { Item } from '../../contract/report.ts';
import { TwinsError } from '../../domain/errors.ts';
import { concernsAll, copyFunction } from './copy-function.ts';
import { functionPath, listFunctions } from './deployed.ts';
import { sourceNames } from './references.ts';
import { secretItems } from './secrets.ts';

/** `after`: the last slug that is done. */
const cursorSchema = z.object({ after: z.string() });

/** Hashing and searching cost about a millisecond for so many bytes, which is what an operation stands for. */
const BYTES_PER_OPERATION = 100_000;

export const functionsStage: Stage = {
	name: 'functions',
	needs: [],
	provides: ['edge_functions'],
	run,
};

async function run(context: StageContext): Promise<StageResult> {
	const { source, target, options } = context;
	const parsed = z.safeParse(cursorSchema, context.cursor);
	const after = parsed.success ? parsed.data.after : '';
	const [wanted, present] = await Promise.all([
		listFunctions(source.api),
		listFunctions(target.api),
	]);
	const names = await sourceNames(source);
	const extra = options.remove_extra ? [...present.keys()].filter((slug) => !wanted.has(slug)) : [];
	const slugs = [...wanted.keys(), ...extra].sort();

	let last = after;
	for (const [index, slug] of slugs.entries()) {
		if (slug <= after) continue;
		// At least one a slice, or a slice that starts late would never move on.
		const isEnding = context.spent() || context.signal.aborted;
		if (isEnding && last !== after) return { state: 'more', cursor: { after: last } };
		context.signal.throwIfAborted();

		const deployed = wanted.get(slug);
		if (deployed) {
			const pair = { source: deployed, target: present.get(slug) };
			const { item, bytes } = await copyFunction(context, pair, names);
			context.report(item);
			context.spend({ bytes, operations: 3 + Math.ceil(bytes / BYTES_PER_OPERATION) });
		} else await remove(context, slug);
		last = slug;
		context.progress({ done: index + 1, total: slugs.length });
	}
	if (slugs.length === 0) context.progress({ done: 0, total: 0 });
	context.report(...(await secretItems(context)));
	return { state: 'done' };
}

async function remove(context: StageContext, slug: string): Promise<void> {
	const removed: Item = {
		object: slug,
		outcome: 'adapted',
		detail: 'removed: the source has no such function',
	};
	try {
		await context.announce(removed);
		await context.target.api.send('DELETE', functionPath(slug));
		context.report(removed);
	} catch (error) {
		if (!(error instanceof TwinsError) || concernsAll(error)) throw error;
		context.report({ object: slug, outcome: 'failed', detail: error.message, fix: error.fix });
	}
	context.spend({ operations: 1 });
}
