// One clock for the whole app: everything that counts time ticks together, once a second, and only
// while something on the page reads it.
import { createSubscriber } from 'svelte/reactivity';

class Clock {
	#subscribe = createSubscriber((update) => {
		const timer = setInterval(update, 1000);
		return () => clearInterval(timer);
	});

	/** Epoch milliseconds; reading it in a component keeps the component current. */
	get now(): number {
		this.#subscribe();
		return Date.now();
	}
}

export const clock = new Clock();
