// Keys in lists: j and k go from row to row, by the focus; Enter then opens it, as of every link.
import type { Action } from './actions.svelte.ts';

/** Actions for a page whose rows are led by links with `data-row`. */
export function rowKeys(thing: string): Action[] {
	return [
		{ id: 'next-row', label: `Next ${thing}`, group: 'This page', keys: ['j'], run: () => move(1) },
		{
			id: 'previous-row',
			label: `Previous ${thing}`,
			group: 'This page',
			keys: ['k'],
			run: () => move(-1),
		},
	];
}

function move(by: 1 | -1): void {
	// Of the two shapes of a list, for desks and for phones, only one is to be seen.
	const rows = [...document.querySelectorAll<HTMLElement>('[data-row]')].filter(
		(row) => row.offsetParent !== null,
	);
	const at = rows.findIndex((row) => row === document.activeElement);
	const next = at === -1 ? (by === 1 ? 0 : rows.length - 1) : at + by;
	rows[next]?.focus();
}
