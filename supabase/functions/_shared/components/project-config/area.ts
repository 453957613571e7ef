// An area of settings: one path of the Management API.
import type { ReadContext } from '../../contract/context.ts';
import type { Plan } from './plan.ts';

export interface Area {
	/** Prefix of its items: `auth.site_url`. */
	readonly name: 'auth' | 'data_api' | 'realtime' | 'storage' | 'database';
	/** In messages. */
	readonly label: string;
	/** Of the Management API, for GET and PATCH. */
	readonly path: string;
	/** Number of settings, for the progress. */
	readonly size: number;
	/** `isBefore`: objects of the database are not copied yet, so their absence means nothing. */
	plan(context: ReadContext, isBefore: boolean): Promise<Plan>;
}
