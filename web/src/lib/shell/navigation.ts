// The places of the app, for the sidebar, the keys and the palette.
import Archive from '@lucide/svelte/icons/archive';
import CalendarClock from '@lucide/svelte/icons/calendar-clock';
import ArrowLeftRight from '@lucide/svelte/icons/copy-plus';
import KeyRound from '@lucide/svelte/icons/key-round';
import LayoutDashboard from '@lucide/svelte/icons/layout-dashboard';
import Settings from '@lucide/svelte/icons/settings-2';
import type { Component } from 'svelte';

export interface Place {
	readonly href: '/' | '/clones' | '/schedules' | '/backups' | '/accounts' | '/settings';
	readonly label: string;
	/** Where the full label does not fit (bottom bar). */
	readonly shortLabel: string;
	readonly icon: Component;
	readonly keys: readonly [string, string];
}

export const PLACES: readonly Place[] = [
	{
		href: '/',
		label: 'Dashboard',
		shortLabel: 'Dashboard',
		icon: LayoutDashboard,
		keys: ['g', 'd'],
	},
	{
		href: '/clones',
		label: 'Clones',
		shortLabel: 'Clones',
		icon: ArrowLeftRight,
		keys: ['g', 'c'],
	},
	{
		href: '/schedules',
		label: 'Schedules',
		shortLabel: 'Schedules',
		icon: CalendarClock,
		keys: ['g', 'p'],
	},
	{
		href: '/backups',
		label: 'Backups',
		shortLabel: 'Backups',
		icon: Archive,
		keys: ['g', 'b'],
	},
	{
		href: '/accounts',
		label: 'Connected accounts',
		shortLabel: 'Accounts',
		icon: KeyRound,
		keys: ['g', 'a'],
	},
	{
		href: '/settings',
		label: 'Settings',
		shortLabel: 'Settings',
		icon: Settings,
		keys: ['g', 's'],
	},
];

/** Whether a place is the one shown: itself or a page below it. */
export function isCurrent(place: Place, pathname: string): boolean {
	if (place.href === '/') return pathname === '/' || pathname.startsWith('/twins');
	return pathname === place.href || pathname.startsWith(`${place.href}/`);
}
