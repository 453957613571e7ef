// Works off one queue on several lanes side by side. A lane is a pair of connections at the source's snapshot.
import type { Sessions } from './sessions.ts';

/** A piece of work; may put further pieces at the front of the queue. */
export type Work = (sessions: Sessions) => Promise<readonly Work[]>;

/**
 * Until the queue is empty or `isEnough`. Throws the first error when all lanes have come to rest.
 */
export async function workOff(
	queue: Work[],
	lanes: readonly Sessions[],
	isEnough: () => boolean,
	onProgress: () => void,
): Promise<void> {
	let running = 0;
	let failure: unknown;
	let wake: () => void = () => undefined;
	let changed = new Promise<void>((resolve) => (wake = resolve));
	const drain = async (sessions: Sessions): Promise<void> => {
		while (failure === undefined) {
			if (isEnough()) return;
			const work = queue.shift();
			if (work === undefined) {
				if (running === 0) return;
				// The other lane may be about to divide a table.
				await changed;
				continue;
			}
			running += 1;
			try {
				queue.unshift(...(await work(sessions)));
				onProgress();
			} catch (error) {
				failure ??= error;
			} finally {
				running -= 1;
				wake();
				changed = new Promise((resolve) => (wake = resolve));
			}
		}
	};
	await Promise.all(lanes.map(drain));
	if (failure !== undefined) throw failure;
}
