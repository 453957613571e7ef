// Two definitions side by side, line by line.
import { diffLines } from 'diff';

/** A line of the table; null where one side has nothing there. */
export interface DiffRow {
	readonly before: string | null;
	readonly after: string | null;
	readonly isEqual: boolean;
}

/** Lines that were taken away stand beside those that came in their place. */
export function lineDiff(before: string, after: string): DiffRow[] {
	const rows: DiffRow[] = [];
	let removed: string[] = [];
	let added: string[] = [];
	const close = (): void => {
		for (let at = 0; at < Math.max(removed.length, added.length); at += 1)
			rows.push({ before: removed[at] ?? null, after: added[at] ?? null, isEqual: false });
		removed = [];
		added = [];
	};
	for (const change of diffLines(before, after)) {
		const lines = change.value.replace(/\n$/, '').split('\n');
		if (change.removed) removed.push(...lines);
		else if (change.added) added.push(...lines);
		else {
			close();
			rows.push(...lines.map((line) => ({ before: line, after: line, isEqual: true })));
		}
	}
	close();
	return rows;
}
