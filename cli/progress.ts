// A live table of what a run is doing, for terminals; plain lines where nobody watches. Writes to stderr, so that
// stdout holds the result alone.
import { createLogUpdate } from 'log-update';
import type { Progress } from '../supabase/functions/_shared/contract/report.ts';
import type { SliceResult } from '../supabase/functions/_shared/engine/slice.ts';

export interface ProgressView {
	onStep(name: string, progress: Progress | undefined): void;
	onSlice(name: string, result: SliceResult): void;
	/** Leaves the last state on the screen. */
	end(): void;
}

interface Line {
	progress: Progress | undefined;
	state: 'running' | 'waiting' | 'done' | 'failed';
	readonly startedAt: number;
	endedAt: number | undefined;
}

const SIGNS = { running: '▸', waiting: '…', done: '✔', failed: '✘' } as const;

export function watchRun(stream: NodeJS.WriteStream): ProgressView {
	const lines = new Map<string, Line>();
	const update = createLogUpdate(stream);
	const show = (name: string, line: Line): string => {
		const seconds = (((line.endedAt ?? performance.now()) - line.startedAt) / 1000).toFixed(1);
		const { done, total } = line.progress ?? { done: 0, total: 0 };
		const count = total > 0 ? `${done}/${total}` : '';
		return `${SIGNS[line.state]} ${name.padEnd(26)} ${count.padStart(12)} ${seconds.padStart(8)} s`;
	};
	const draw = (name: string, line: Line): void => {
		if (stream.isTTY) update([...lines].map(([key, value]) => show(key, value)).join('\n'));
		else if (line.endedAt !== undefined) stream.write(`${show(name, line)}\n`);
	};
	return {
		onStep(name, progress) {
			const known = lines.get(name);
			// A step that has ended is another run's, such as the preparation before a verification.
			const line: Line =
				known && known.endedAt === undefined
					? known
					: { progress, state: 'running', startedAt: performance.now(), endedAt: undefined };
			line.progress = progress ?? line.progress;
			line.state = 'running';
			lines.set(name, line);
			draw(name, line);
		},
		onSlice(name, { outcome }) {
			const line = lines.get(name);
			if (!line) return;
			line.state = ({ more: 'running', retry: 'waiting', done: 'done', failed: 'failed' } as const)[
				outcome
			];
			if (outcome === 'done' || outcome === 'failed') line.endedAt = performance.now();
			draw(name, line);
		},
		end: () => update.done(),
	};
}
