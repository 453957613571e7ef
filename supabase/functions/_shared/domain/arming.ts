// Cron jobs and webhooks that arrive at rest: how it is said, and how the app knows what it may arm.
import type { ComponentKey } from './component.ts';

/** Components of which something can rest. */
export const ARMED_COMPONENTS = [
	'cron_jobs',
	'webhooks',
] as const satisfies readonly ComponentKey[];

const WORDS = 'To arm it, run on the target: ';

/** What a person does who arms it by hand. */
export const howToArm = (statement: string): string => `${WORDS}${statement}`;

/** True for what is left to do by hand where Twins can do it as well. */
export const canBeArmed = ({ component, fix }: { component: string; fix: string }): boolean =>
	ARMED_COMPONENTS.some((key) => key === component) && fix.includes(WORDS);

/** What of the options says so. */
export interface Arming {
	readonly activate: boolean;
	readonly arm?: readonly string[] | undefined;
}

/** Whether a clone arms an object. */
export const arms = ({ activate, arm = [] }: Arming, object: string): boolean =>
	activate || arm.includes(object);
