// A schedule's rhythm in words. Imported by the server only: the library is larger than a page may be.
import cronstrue from 'cronstrue';
import type { Rhythm } from './schedules.ts';

/** "Every 6 hours", "At 03:00, only on Monday"; the expression itself where the library does not know it. */
export function rhythmWords({ every_hours, cron }: Omit<Rhythm, 'timezone'>): string {
	if (cron === null) return `Every ${every_hours ?? 0} hours`;
	try {
		return cronstrue.toString(cron, { use24HourTimeFormat: true });
	} catch {
		return cron;
	}
}
