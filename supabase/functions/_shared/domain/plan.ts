// The plan of a clone: all that it will do to its target, in order. SQL and calls of APIs are named exactly; contents (rows,
// files, users), whose number nobody knows, are described. One definition for the engine that writes it, the table that
// stores it and the web app that shows it.
import type { ComponentKey } from './component.ts';
import type { PlannedAction, Preview, PreviewObject } from './preview.ts';
import { planText } from './preview-words.ts';
import type { Risk } from './risk.ts';
import type { Thing } from './thing.ts';

/** One call of an API of Supabase. */
export interface PlannedCall {
	readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
	/** Below the address of the API: `/config/auth`. */
	readonly path: string;
	readonly body?: unknown;
}

/** What is done about one object, or about several that change together. */
export interface PlannedWork {
	readonly component: ComponentKey;
	/** The stage of the clone that does it. */
	readonly stage: string;
	readonly object: string;
	readonly kind?: Thing;
	readonly action: PlannedAction;
	/** They run in this order, in one transaction; keys in them are masked. */
	readonly statements?: readonly string[];
	readonly calls?: readonly PlannedCall[];
	/** What it does, where it is no statement and no call, or only one of several that may follow. */
	readonly detail?: string;
	/** Definitions on the target: now, and afterwards. */
	readonly before?: string;
	readonly after?: string;
	/** What must be agreed to before it runs. */
	readonly risks?: readonly Risk[];
}

/** Of a table's rows, in percent: beyond it a clone must be agreed to. As schedules have it when nobody says otherwise. */
export const AGREED_LOSS_PERCENT = 50;
/** Tables with fewer rows change as a whole in the ordinary course. */
const FEWEST_ROWS = 20;

/** What a component describes of its plan, because only the clone itself finds out what it does exactly. */
export function describedWork(
	component: ComponentKey,
	stage: string,
	{ objects }: Pick<Preview, 'objects'>,
): PlannedWork[] {
	return objects.flatMap((object): PlannedWork[] => {
		const { action, kind, detail } = object;
		if (action === undefined || action === 'keep' || action === 'leave') return [];
		const texts = [planText(object.plan ?? []), detail].filter((text) => text);
		const risks = lossesOf(object);
		return [
			{
				component,
				stage,
				object: object.object,
				kind,
				action,
				...(texts.length > 0 ? { detail: texts.join(' · ') } : {}),
				...(risks.length > 0 ? { risks } : {}),
			},
		];
	});
}

function lossesOf({ object, action, plan = [], counts = [] }: PreviewObject): Risk[] {
	if (action === 'remove') return [{ risk: 'removed', object }];
	return plan.flatMap(({ action: done, kind, count }): Risk[] => {
		const there = counts.find(({ unit }) => unit === kind)?.target ?? 0;
		const isMuch = there >= FEWEST_ROWS && (count ?? 0) * 100 > there * AGREED_LOSS_PERCENT;
		return done === 'remove' && isMuch ? [{ risk: 'contents', object }] : [];
	});
}
