// A worker process for tests that kill it: carries out slices of a backup or of a restore, and keeps its place in a file as the
// control database would. Ends with 0 when all is done.
import * as fs from 'node:fs';
import { makeBackupWork } from '../../supabase/functions/_shared/backup/work.ts';
import { COMPONENT_KEYS } from '../../supabase/functions/_shared/domain/component.ts';
import type { RestoreOptions } from '../../supabase/functions/_shared/domain/backup.ts';
import {
	openObjectStore,
	type Destination,
	type ObjectStore,
} from '../../supabase/functions/_shared/platform/object-store.ts';
import { withContext } from './data-context.ts';

interface Task {
	readonly kind: 'backup' | 'restore';
	readonly source: string;
	readonly target: string;
	readonly bucket: Destination;
	readonly folder: string;
	readonly placeFile: string;
	/** Dies `milliseconds` after this many objects were written or read. */
	readonly death: { readonly objects: number; readonly milliseconds: number };
}

interface Place {
	readonly cursor: unknown;
	/** Of a restore: names of the steps, and which one is on. */
	readonly steps?: readonly string[];
	readonly step?: number;
}

const given: unknown = JSON.parse(process.argv[2] ?? '{}');
const task = given as Task;
const work = makeBackupWork(200_000);
const signal = new AbortController().signal;
const opened = openObjectStore(task.bucket, signal);
let objects = 0;
function count(): void {
	objects += 1;
	if (objects !== task.death.objects) return;
	setTimeout(() => process.kill(process.pid, 'SIGKILL'), task.death.milliseconds);
}
const store: ObjectStore = {
	...opened,
	async put(name, body) {
		await opened.put(name, body);
		count();
	},
	async get(name) {
		const bytes = await opened.get(name);
		count();
		return bytes;
	},
};
const options: RestoreOptions = {
	components: Object.fromEntries(
		COMPONENT_KEYS.map((key) => [
			key,
			['tables', 'data', 'views', 'functions', 'triggers', 'policies', 'auth_users'].includes(key),
		]),
	) as RestoreOptions['components'],
};

const readPlace = (): Place =>
	fs.existsSync(task.placeFile)
		? (JSON.parse(fs.readFileSync(task.placeFile, 'utf8')) as Place)
		: { cursor: null };

function writePlace(place: Place): void {
	fs.writeFileSync(`${task.placeFile}.new`, JSON.stringify(place));
	fs.renameSync(`${task.placeFile}.new`, task.placeFile);
}

/** One slice; false when nothing is left. */
async function slice(place: Place): Promise<boolean> {
	return withContext(
		{ jobId: 'crash', source: { dbUrl: task.source }, target: { dbUrl: task.target } },
		async ({ source, target }) => {
			const context = {
				...{ store, folder: task.folder, signal, attempts: 0, manifestSha256: null },
				...{ cursor: place.cursor, spent: () => false, progress: () => undefined },
				...{ identity: null, target, options },
			};
			if (task.kind === 'backup') {
				const done = await work.write({ ...context, source, ignoreRules: [], recipient: null });
				if (done.state === 'done') return false;
				writePlace({ cursor: done.cursor });
				return true;
			}
			if (place.steps === undefined) {
				const done = await work.prepareRestore(context);
				writePlace(
					done.state === 'more'
						? { cursor: done.cursor }
						: { cursor: null, steps: done.steps.map(({ name }) => name), step: 0 },
				);
				return true;
			}
			const { steps, step = 0 } = place;
			const name = steps[step];
			if (name === undefined) return false;
			const done = await work.restore({
				...context,
				...{ step: name, jobId: 'crash', failures: [], isLastTry: false },
				...{ report: () => undefined, spend: () => undefined, announce: () => Promise.resolve() },
			});
			writePlace(
				done.state === 'more'
					? { steps, step, cursor: done.cursor }
					: { steps, step: step + 1, cursor: null },
			);
			return true;
		},
	);
}

while (await slice(readPlace()));
store.close();
