// What a clone did, for the terminal: counts per outcome, failures, and what is left to do by hand.

import { ITEM_OUTCOMES, type ItemOutcome } from '../../supabase/functions/_shared/domain/status.ts';
import { refused, type DemoSession } from './session.ts';

interface Item {
	readonly component: string;
	readonly object: string;
	readonly outcome: ItemOutcome;
	readonly detail: string | null;
	readonly fix: string | null;
}

export interface RunReport {
	readonly counts: Readonly<Record<ItemOutcome, number>>;
	readonly items: readonly Item[];
}

const PAGE = 1_000;
/** Longer lists are cut; the web app shows all. */
const MOST_LINES = 15;

export async function readReport({ supabase }: DemoSession, jobId: string): Promise<RunReport> {
	const items: Item[] = [];
	for (let from = 0; ; from += PAGE) {
		const { data, error } = await supabase
			.from('job_items')
			.select('component,object,outcome,detail,fix')
			.eq('job_id', jobId)
			.order('component')
			.order('object')
			.range(from, from + PAGE - 1);
		if (error) throw refused('Reading the report', error);
		items.push(...data);
		if (data.length < PAGE) break;
	}
	const count = (outcome: ItemOutcome) => items.filter((item) => item.outcome === outcome).length;
	return {
		items,
		counts: {
			copied: count('copied'),
			unchanged: count('unchanged'),
			adapted: count('adapted'),
			skipped: count('skipped'),
			failed: count('failed'),
		},
	};
}

export function printReport({ counts, items }: RunReport): void {
	console.log(`  ${ITEM_OUTCOMES.map((outcome) => `${counts[outcome]} ${outcome}`).join(', ')}`);
	printItems(
		'Failed',
		items.filter((item) => item.outcome === 'failed'),
	);
	printItems(
		'Changed on the way',
		items.filter((item) => item.outcome === 'adapted'),
	);
	printItems(
		'To do by hand',
		items.filter((item) => item.outcome === 'skipped' && item.fix !== null),
	);
}

function printItems(title: string, items: readonly Item[]): void {
	if (items.length === 0) return;
	console.log(`  ${title}:`);
	for (const { component, object, detail, fix } of items.slice(0, MOST_LINES)) {
		console.log(`    ${component} ${object}: ${[detail, fix].filter(Boolean).join(' → ')}`);
	}
	if (items.length > MOST_LINES) console.log(`    … and ${items.length - MOST_LINES} more`);
}
