// The log of a component as lines of text, the same on the page and in the file. Pure.
import { formatQuantity } from '#shared/domain/amount.ts';
import type { JobLogRow } from '../data/rows.ts';
import { stepLabel } from './timeline.ts';

export interface LogLine {
	readonly at: string;
	readonly text: string;
	readonly isTrouble: boolean;
}

const TROUBLE = ['failed', 'retry', 'lost'];

/** "copied public.orders: 12 rows", "Data: rows: slice over, 12 objects". */
export function logLine({
	at,
	event,
	component,
	stage,
	object,
	detail,
	items,
}: JobLogRow): LogLine {
	const what = object ?? stepLabel({ kind: 'stage', component, stage });
	const told = detail === null ? '' : `: ${detail}`;
	const reported = items > 0 ? `, ${formatQuantity(items, 'object')}` : '';
	const isTrouble = TROUBLE.includes(event);
	if (object !== null) return { at, text: `${event} ${what}${told}`, isTrouble };
	const words: Readonly<Record<string, string>> = {
		started: 'slice begins',
		more: `slice over${reported}, more to do`,
		done: `done${reported}`,
		retry: `failed, will be tried again${told}`,
		lost: `its worker stopped without a word${told}`,
		failed: `failed${told}`,
	};
	return { at, text: `${what}: ${words[event] ?? event}`, isTrouble };
}

/** The log as a file: one line each, with the time to the millisecond, in UTC. */
export function logText(rows: readonly JobLogRow[]): string {
	return rows
		.map((row) => {
			const { at, text } = logLine(row);
			return `${new Date(at).toISOString()} ${text.replaceAll('\n', ' ')}\n`;
		})
		.join('');
}
