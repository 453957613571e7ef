// The draft while the wizard is open, kept in this tab's session storage: going back, reloading and a
// closed dialog lose nothing; another tab has its own draft.
import { emptyDraft, parseDraft, type Draft } from './draft.ts';

const KEY = 'clone-draft';

export class DraftStore {
	current = $state<Draft>(emptyDraft());
	/** False until the stored draft was looked for. */
	isReady = $state(false);

	/** Takes the draft given (a twin to repeat), else the one this tab left. */
	open(given: Draft | null): void {
		this.current = given ?? parseDraft(this.#read());
		this.isReady = true;
	}

	/** Stores the draft; call it from an effect, it reads all of it. */
	keep(): void {
		const text = JSON.stringify(this.current);
		try {
			sessionStorage.setItem(KEY, text);
		} catch {
			// Storage is blocked: the draft lives as long as the page.
		}
	}

	forget(): void {
		try {
			sessionStorage.removeItem(KEY);
		} catch {
			// Nothing was stored.
		}
	}

	#read(): string | null {
		try {
			return sessionStorage.getItem(KEY);
		} catch {
			return null;
		}
	}
}
