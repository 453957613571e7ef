// The chosen theme. `system` follows the device; the choice stays in this browser. The script in
// app.html applies it before the first paint, this class afterwards.
export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

class ThemeChoice {
	#theme = $state<Theme>('system');

	get current(): Theme {
		return this.#theme;
	}

	/** Reads what the pre-paint script found; call it once the page is live. */
	restore(): void {
		const applied = document.documentElement.dataset.theme;
		this.#theme = applied === 'light' || applied === 'dark' ? applied : 'system';
	}

	choose(theme: Theme): void {
		this.#theme = theme;
		if (theme === 'system') delete document.documentElement.dataset.theme;
		else document.documentElement.dataset.theme = theme;
		try {
			if (theme === 'system') localStorage.removeItem('theme');
			else localStorage.setItem('theme', theme);
		} catch {
			// Storage is blocked: the choice holds until the tab is closed.
		}
	}
}

export const theme = new ThemeChoice();
