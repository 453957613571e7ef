// What a test file leaves behind is cleared away when it ends. vitest does not run an `afterAll` that is
// registered inside another hook, where most of our helpers are called: so one is registered here, on import.
import { afterAll } from 'vitest';

const waiting: (() => unknown)[] = [];

/** Runs `work` when the test file has ended; last come, first served. */
export function atEnd(work: () => unknown): void {
	waiting.push(work);
}

afterAll(async () => {
	for (const work of waiting.splice(0).reverse()) await work();
});
