// Types of what travels with a request and a page.
import type { ControlClient } from '#lib/data/client.ts';
import type { SignedInUser } from '#lib/data/rows.ts';

declare global {
	namespace App {
		interface Error {
			status: number;
			message: string;
			/** What the reader can do about it. */
			fix?: string;
		}
		interface Locals {
			supabase: ControlClient;
			user: SignedInUser | null;
			/** Whether the app is reached by https: cookies are then for https only. */
			isSecure: boolean;
		}
		interface PageState {
			/** Component selected on the run page without a navigation. */
			component?: string;
		}
	}
}
