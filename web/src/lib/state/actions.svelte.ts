// What can be done from where one is: action objects that feed the keys, the palette (⌘K) and the
// list of keys (?). A page adds its own while it is open. Destructive ones only open dialogs.

import { untrack } from 'svelte';

export interface Action {
	readonly id: string;
	readonly label: string;
	/** Where it stands in lists. */
	readonly group: 'Go to' | 'Clones' | 'This page' | 'Help';
	/** Keys pressed one after the other, e.g. `['g', 'd']`; none = palette only. */
	readonly keys?: readonly string[];
	readonly run: () => void;
}

const SEQUENCE_MILLISECONDS = 1200;
const STORAGE_KEY = 'single-keys';

class Actions {
	#sets = $state.raw<readonly (readonly Action[])[]>([]);
	#singleKeys = $state(true);
	#pressed: string[] = [];
	#pressedAt = 0;

	get all(): readonly Action[] {
		return this.#sets.flat();
	}

	/** Keys without a modifier can be turned off, as WCAG 2.1.4 asks. */
	get singleKeys(): boolean {
		return this.#singleKeys;
	}

	restore(): void {
		try {
			this.#singleKeys = localStorage.getItem(STORAGE_KEY) !== 'off';
		} catch {
			this.#singleKeys = true;
		}
	}

	allowSingleKeys(allowed: boolean): void {
		this.#singleKeys = allowed;
		try {
			localStorage.setItem(STORAGE_KEY, allowed ? 'on' : 'off');
		} catch {
			// Storage is blocked: the choice holds until the tab is closed.
		}
	}

	/** Adds actions until the returned function is called; made for `$effect`. */
	add(set: readonly Action[]): () => void {
		// Read untracked: the effect that adds must not run again because it added.
		this.#sets = [...untrack(() => this.#sets), set];
		return () => {
			this.#sets = untrack(() => this.#sets).filter((other) => other !== set);
		};
	}

	/** Runs the action whose keys end with this one; the newest set wins. */
	handleKey(event: KeyboardEvent): void {
		if (!this.#singleKeys || event.defaultPrevented) return;
		if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
		if (takesTyping(event.target) || document.querySelector('[role="dialog"][data-state="open"]'))
			return;

		const now = event.timeStamp;
		if (now - this.#pressedAt > SEQUENCE_MILLISECONDS) this.#pressed = [];
		this.#pressedAt = now;
		this.#pressed = [...this.#pressed, event.key].slice(-2);

		const action = [...this.#sets]
			.reverse()
			.flat()
			.find(({ keys }) => keys !== undefined && endsWith(this.#pressed, keys));
		if (action === undefined) return;
		event.preventDefault();
		this.#pressed = [];
		action.run();
	}
}

function endsWith(pressed: readonly string[], keys: readonly string[]): boolean {
	if (keys.length > pressed.length) return false;
	return keys.every((key, index) => pressed[pressed.length - keys.length + index] === key);
}

function takesTyping(target: EventTarget | null): boolean {
	return (
		target instanceof HTMLElement &&
		(target.isContentEditable ||
			target.matches('input:not([type="checkbox"], [type="radio"]), textarea, select'))
	);
}

export const actions = new Actions();
