// Restores what is not of the schema and the rows: by the stages of a clone, with the backup in place of the source.
import { copyStage as cronStage } from '../components/cron-jobs/copy.ts';
import { functionsStage } from '../components/edge-functions/copy.ts';
import { copyRoleSettings } from '../components/project-config/copy-role-settings.ts';
import { settingsStage } from '../components/project-config/copy.ts';
import { limitsStage } from '../components/project-config/limits.ts';
import { copyStage as publicationsStage } from '../components/realtime/copy.ts';
import {
	ADD_BUCKETS,
	ADD_FILE,
	createKeptTables,
	DROP_FILE,
} from '../components/storage/backup.ts';
import { filesStage } from '../components/storage/copy.ts';
import { copyStage as webhooksStage } from '../components/webhooks/copy.ts';
import * as z from 'zod/mini';
import type { RestoreContext } from '../contract/backup.ts';
import type { Stage, StageResult } from '../contract/component.ts';
import type { StageContext } from '../contract/context.ts';
import { cloneOptionsSchema } from '../domain/clone.ts';
import { keptSource, readKeptStorage } from './kept-source.ts';
import type { OpenBackup } from './open.ts';
import { readFileList } from './pages.ts';

type Run = (context: StageContext) => Promise<StageResult>;

const runOf =
	({ run }: Stage): Run =>
	(context) =>
		run(context);

/** By the name of the step. */
export const STAGES: Readonly<Record<string, Run>> = {
	limits: runOf(limitsStage),
	files: runOf(filesStage),
	publications: runOf(publicationsStage),
	functions: runOf(functionsStage),
	settings: runOf(settingsStage),
	'role-settings': async (context) => {
		await copyRoleSettings(context);
		return { state: 'done' };
	},
	webhooks: runOf(webhooksStage),
	jobs: runOf(cronStage),
};

/** Runs a slice of a stage as a clone would: nothing is removed or armed. */
export async function runStage(
	context: RestoreContext,
	backup: OpenBackup,
	step: string,
): Promise<StageResult> {
	const run = STAGES[step];
	if (!run) throw new Error(`no stage ${step}`);
	const { components, confirm_target } = context.options;
	return run({
		...context,
		options: cloneOptionsSchema.parse({ components, confirm_target }),
		ignoreRules: [],
		// Bytes are not passed on from socket to socket here: each is hashed.
		spend: ({ bytes = 0, operations = 0 }) => context.spend({ bytes: bytes * 4, operations }),
		source: await keptSource(backup, context.target),
		memory: {},
		// Of use to clones of a pair only.
		remember: () => undefined,
	});
}

const cursorSchema = z.object({ next: z.int() });

/** Makes the files of the backup known on the target, list by list. A slice that is repeated comes to the same. */
export async function showFiles(context: RestoreContext, backup: OpenBackup): Promise<StageResult> {
	const session = await context.target.database();
	const from = context.cursor === null ? null : cursorSchema.parse(context.cursor);
	if (from === null) {
		const kept = await readKeptStorage(backup);
		await session.script(createKeptTables(kept));
		await session.query(ADD_BUCKETS, [JSON.stringify(kept.buckets)]);
	}
	const { lists } = backup.manifest.files;
	for (let next = from?.next ?? 0; next < lists.length; next += 1) {
		context.signal.throwIfAborted();
		if (next > (from?.next ?? 0) && context.spent()) return { state: 'more', cursor: { next } };
		await session.query('begin');
		for (const file of await readFileList(backup, lists[next] ?? '')) {
			const { bucket, name, row, offset, parts } = file;
			if (row === null) await session.query(DROP_FILE, [bucket, name]);
			else await session.query(ADD_FILE, [JSON.stringify({ ...row, parts }), offset > 0]);
			context.spend({ operations: 1 });
		}
		await session.query('commit');
	}
	return { state: 'done' };
}
