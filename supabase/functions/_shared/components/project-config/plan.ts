// What a plan of settings consists of, and the simple case of it: fields that are copied as they are. Pure.
import type { LeftOut } from './settings.ts';

export type Config = Readonly<Record<string, unknown>>;

/** One field to write. */
export interface Change {
	readonly setting: string;
	/** Fields of one group are sent together. */
	readonly group: string;
	readonly value: unknown;
	readonly before: unknown;
	/** The value names the target where the source's named the source. */
	readonly isAdapted: boolean;
	/** What the user may want to do about the copied value. */
	readonly fix?: string;
}

/** Something that is not copied. */
export interface Note {
	/** Setting or group of settings. */
	readonly setting: string;
	/** `todo`: the user has to do something; `kept`: the target has its own. */
	readonly kind: 'todo' | 'kept';
	readonly detail: string;
	readonly fix?: string;
	/** True when the projects behave differently until it is done. */
	readonly isDifference?: boolean;
}

export interface Plan {
	readonly changes: readonly Change[];
	readonly notes: readonly Note[];
	/** Number of settings that are equal. */
	readonly equal: number;
}

/** Unset is unset, whether the API says null, an empty text or nothing. */
export function isSame(one: unknown, other: unknown): boolean {
	const plain = (value: unknown): unknown => (value === '' || value === undefined ? null : value);
	const [left, right] = [plain(one), plain(other)];
	if (left === null || right === null) return (left ?? false) === (right ?? false);
	return left === right || JSON.stringify(left) === JSON.stringify(right);
}

/** Copies the given fields as they are. A null means "the default" and cannot be sent: it becomes a note. */
export function planFields(
	source: Config,
	target: Config,
	fields: readonly string[],
	leftOut: Readonly<Record<string, LeftOut>>,
): Plan {
	const changes: Change[] = [];
	const notes: Note[] = [];
	let equal = 0;
	for (const setting of fields) {
		const [value, before] = [source[setting], target[setting]];
		if (isSame(value, before)) equal += 1;
		else if (value === null || value === undefined) {
			notes.push({
				setting,
				kind: 'todo',
				detail: 'the source uses the default, which the API cannot set back',
				fix: `Reset ${setting} on the target by hand.`,
				isDifference: true,
			});
		} else changes.push({ setting, group: 'all', value, before, isAdapted: false });
	}
	return { changes, notes: [...notes, ...planLeftOut(source, target, leftOut)], equal };
}

/** One note per reason whose fields differ. */
export function planLeftOut(
	source: Config,
	target: Config,
	leftOut: Readonly<Record<string, LeftOut>>,
): Note[] {
	return Object.entries(leftOut).flatMap(([setting, { fields, reason, fix }]): Note[] => {
		const differing = fields.filter((field) => !isSame(source[field], target[field]));
		if (differing.length === 0) return [];
		return [{ setting, kind: 'todo', detail: `${differing.join(', ')}: ${reason}`, fix }];
	});
}
