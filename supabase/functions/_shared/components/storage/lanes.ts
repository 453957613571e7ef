// Several files at once, in order, until the slice is used up. Knows nothing of what a file is.

/** Measured: small files are bound by round trips; more lanes gain little and cost memory. */
export const LANES = 6;

/**
 * Runs `work` on the tasks, up to LANES at once, starting none once `shouldStop` says so. Returns how many
 * were started, which is all before that index. An error stops the others from starting and is thrown when
 * the running ones have ended.
 */
export async function inLanes<T>(
	tasks: readonly T[],
	shouldStop: () => boolean,
	work: (task: T) => Promise<void>,
): Promise<number> {
	let next = 0;
	const errors: unknown[] = [];
	async function lane(): Promise<void> {
		while (next < tasks.length && errors.length === 0 && !shouldStop()) {
			const task = tasks[next];
			next += 1;
			if (task === undefined) return;
			try {
				await work(task);
			} catch (error) {
				errors.push(error);
			}
		}
	}
	await Promise.all(Array.from({ length: LANES }, lane));
	if (errors.length > 0) throw errors[0];
	return next;
}
