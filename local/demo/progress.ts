// The progress of a clone in the terminal: a table that is drawn over itself, or, where the output is no
// terminal, one line per change of status.

import type { RunComponent } from './run.ts';

export interface ProgressView {
	update(components: readonly RunComponent[]): void;
}

const MARKS: Readonly<Record<RunComponent['status'], string>> = {
	pending: '·',
	in_progress: '▸',
	completed: '✔',
	failed: '✘',
	skipped: '–',
	canceled: '◌',
};

/** One line of text for a component: mark, name, count, time taken. */
export function lineOf(component: RunComponent): string {
	const { items_done: done, items_total: total, unit } = component;
	const count = total === null ? (done > 0 ? `${done} ${unit}` : '') : `${done}/${total} ${unit}`;
	const seconds =
		component.started_at && component.finished_at
			? `${((Date.parse(component.finished_at) - Date.parse(component.started_at)) / 1000).toFixed(1)} s`
			: '';
	const name = component.component.replaceAll('_', ' ');
	return `${MARKS[component.status]} ${name.padEnd(16)} ${count.padEnd(22)} ${seconds}`.trimEnd();
}

export function progressView(output: NodeJS.WriteStream): ProgressView {
	return output.isTTY ? redrawn(output) : printed(output);
}

function redrawn(output: NodeJS.WriteStream): ProgressView {
	let drawn = 0;
	return {
		update(components) {
			const up = drawn > 0 ? `\x1b[${drawn}A` : '';
			output.write(`${up}${components.map((each) => `\x1b[2K  ${lineOf(each)}\n`).join('')}`);
			drawn = components.length;
		},
	};
}

function printed(output: NodeJS.WriteStream): ProgressView {
	const known = new Map<string, string>();
	return {
		update(components) {
			for (const each of components) {
				const before = known.get(each.component) ?? 'pending';
				known.set(each.component, each.status);
				if (before !== each.status) output.write(`  ${lineOf(each)}\n`);
			}
		},
	};
}
