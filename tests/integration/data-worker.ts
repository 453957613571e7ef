// A worker process for tests that kill it: runs slices of the stage `rows` with tiny pieces, keeps the cursor
// in a file as the control database would, and retries passing trouble. Ends with 0 when the stage is done.
import * as fs from 'node:fs';
import { createData } from '../../supabase/functions/_shared/components/data/index.ts';
import { SIZES } from '../../supabase/functions/_shared/components/data/sizes.ts';
import { isPassing } from '../../supabase/functions/_shared/domain/errors.ts';
import { withContext } from './data-context.ts';

interface Task {
	readonly jobId: string;
	readonly source: string;
	readonly target: string;
	/** Holds the cursor; the text `done` at the end. */
	readonly cursorFile: string;
	readonly bytesPerSlice: number;
	/** Dies `milliseconds` after this many pieces of work; never when left out. */
	readonly death?: { readonly pieces: number; readonly milliseconds: number };
}

const KB = 1024;

/** Pieces so small that a test's tables give some hundred of them. */
const TINY = {
	...SIZES,
	smallBytes: 64 * KB,
	groupBytes: 128 * KB,
	wholeBytes: 256 * KB,
	chunkBytes: 32 * KB,
	copyBytes: 128 * KB,
	hashCopyBytes: 256 * KB,
	secondLaneBytes: 0,
};

const given: unknown = JSON.parse(process.argv[2] ?? '{}');
const task = given as Task;
const [stage] = createData(TINY).stages;
const failures: string[] = [];

function readCursorFile(): unknown {
	const text = fs.existsSync(task.cursorFile) ? fs.readFileSync(task.cursorFile, 'utf8') : 'null';
	return text === 'done' ? 'done' : JSON.parse(text);
}

function writeCursorFile(text: string): void {
	const fresh = `${task.cursorFile}.${process.pid}`;
	fs.writeFileSync(fresh, text);
	fs.renameSync(fresh, task.cursorFile);
}

let pieces = 0;
function countPiece(): void {
	pieces += 1;
	if (pieces !== task.death?.pieces) return;
	setTimeout(() => process.kill(process.pid, 'SIGKILL'), task.death.milliseconds);
}

for (;;) {
	const cursor = readCursorFile();
	if (cursor === 'done' || !stage) break;
	try {
		const result = await withContext(
			{
				jobId: task.jobId,
				source: { dbUrl: task.source },
				target: { dbUrl: task.target },
				cursor,
				limits: { bytes: task.bytesPerSlice },
				report: (items) => {
					failures.push(
						...items
							.filter(({ outcome }) => outcome === 'failed')
							.map(({ object, detail }) => `${object}: ${detail ?? ''}`),
					);
				},
			},
			(context) =>
				stage.run({
					...context,
					spend: (amount) => {
						context.spend(amount);
						countPiece();
					},
				}),
		);
		writeCursorFile(result.state === 'done' ? 'done' : JSON.stringify(result.cursor));
	} catch (error) {
		if (!isPassing(error)) throw error;
	}
}
if (failures.length > 0) throw new Error(failures.join('\n'));
