// Plans in words: items of a clone. Values are shown where they cannot be personal or secret.
import type { Item } from '../../contract/report.ts';
import { TwinsError } from '../../domain/errors.ts';
import type { Area } from './area.ts';
import type { Change, Note, Plan } from './plan.ts';

/** `true (was false)`; texts are not shown, they can be mail templates or hold addresses. */
export function changeDetail({ value, before, isAdapted }: Change): string {
	if (isAdapted) return 'names the target where the source names itself';
	const after = shown(value);
	return after === undefined ? 'text copied' : `${after} (was ${shown(before) ?? 'another'})`;
}

/** A value for a report; undefined for texts. */
export function shown(value: unknown): string | undefined {
	if (value === null || value === undefined) return 'unset';
	return typeof value === 'boolean' || typeof value === 'number' ? String(value) : undefined;
}

export function noteItem(area: Area, { setting, kind, detail, fix }: Note): Item {
	return {
		object: `${area.name}.${setting}`,
		outcome: kind === 'todo' ? 'skipped' : 'unchanged',
		detail,
		fix,
	};
}

/** One line for everything that is equal. */
export function equalItem(area: Area, { equal }: Plan): Item {
	return {
		object: `${area.name} settings`,
		outcome: 'unchanged',
		detail: equal === 1 ? '1 setting is equal' : `${equal} settings are equal`,
	};
}

/** The one item of an area that this account cannot read; undefined for other trouble. */
export function unreadableItem(area: Area, error: unknown): Item | undefined {
	const isRefusal =
		error instanceof TwinsError && [403, 404].includes(error.details.httpStatus ?? 0);
	if (!isRefusal) return undefined;
	return {
		object: `${area.name} settings`,
		outcome: 'skipped',
		detail: `${area.label} settings cannot be read: ${error.message}`,
		fix: error.fix,
	};
}
