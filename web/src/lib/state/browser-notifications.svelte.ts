// Notifications that the browser shows while a page is open. Off until the user asks for them: the browser is
// asked for its permission then, and the choice stays in this browser.
import type { ShownNotification } from '../data/notification-channel.ts';

/** `blocked`: the browser was told to show none of this site. */
export type BrowserNotificationState = 'on' | 'off' | 'blocked' | 'unsupported';

const KEY = 'browser-notifications';

class BrowserNotifications {
	#state = $state<BrowserNotificationState>('off');

	get state(): BrowserNotificationState {
		return this.#state;
	}

	/** Call it once the page is live. */
	restore(): void {
		if (!('Notification' in window)) this.#state = 'unsupported';
		else if (Notification.permission === 'denied') this.#state = 'blocked';
		else this.#state = Notification.permission === 'granted' && isWanted() ? 'on' : 'off';
	}

	/** Switches them on, once the browser allows it, or off. */
	async choose(wanted: boolean): Promise<void> {
		if (wanted && Notification.permission === 'default') await Notification.requestPermission();
		try {
			if (wanted) localStorage.setItem(KEY, 'on');
			else localStorage.removeItem(KEY);
		} catch {
			// Storage is blocked: the choice holds until the tab is closed.
		}
		if (Notification.permission === 'denied') this.#state = 'blocked';
		else this.#state = wanted && Notification.permission === 'granted' ? 'on' : 'off';
	}

	/** Several tabs show one: the browser replaces what has the same tag. */
	show({ id, title, detail }: ShownNotification, open: () => void): void {
		const shown = new Notification(title, {
			tag: id,
			...(detail === null ? {} : { body: detail }),
		});
		shown.onclick = () => {
			window.focus();
			open();
			shown.close();
		};
	}
}

function isWanted(): boolean {
	try {
		return localStorage.getItem(KEY) === 'on';
	} catch {
		return false;
	}
}

export const browserNotifications = new BrowserNotifications();
