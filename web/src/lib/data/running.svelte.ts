// Running clones, kept current wherever they show: often while there are any, rarely otherwise.
import { createQuery } from '@tanstack/svelte-query';
import { browserClient } from './client.ts';
import { readRunningClones } from './clones.ts';
import type { CloneHistoryRow } from './rows.ts';

const BUSY_MILLISECONDS = 4_000;
const IDLE_MILLISECONDS = 30_000;

/** @param initial what the server read for the first paint */
export function runningClones(initial: () => CloneHistoryRow[]) {
	return createQuery(() => ({
		queryKey: ['running-clones'],
		queryFn: async () => readRunningClones(await browserClient()),
		initialData: initial(),
		refetchInterval: ({ state }) =>
			(state.data?.length ?? 0) > 0 ? BUSY_MILLISECONDS : IDLE_MILLISECONDS,
	}));
}
