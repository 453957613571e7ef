// Which settings the platform left as they were on the target, though a clone asked for others. Remembered
// between clones: no project can tell, and a verification must say "to do by hand" instead of "failed".
import { sha256 } from '../../platform/sha256.ts';
import type { StageContext } from '../../contract/context.ts';

type Memory = StageContext['memory'];

/** Of an area of the API, or of the settings in the database. */
interface Area {
	readonly name: string;
}
interface Change {
	readonly setting: string;
	readonly value: unknown;
}

interface Remembered {
	/** Digest of the wanted value: another value is another question. */
	readonly wanted: string;
	readonly reason: string;
}

const keyOf = (area: Area, { setting }: Change): string => `left ${area.name}.${setting}`;

const digest = async (value: unknown): Promise<string> =>
	(await sha256(new TextEncoder().encode(JSON.stringify(value)))).slice(0, 16);

/** The entry for a setting that was left as it was, and why. */
export async function leftEntry(
	area: Area,
	change: Change,
	reason: string,
): Promise<Record<string, Remembered>> {
	return { [keyOf(area, change)]: { wanted: await digest(change.value), reason } };
}

/** Forgets settings that are written after all. */
export function forgotten(
	memory: Memory,
	area: Area,
	changes: readonly Change[],
): Record<string, null> {
	const keys = changes.map((change) => keyOf(area, change)).filter((key) => key in memory);
	return Object.fromEntries(keys.map((key) => [key, null]));
}

/** Why an earlier clone could not make this change; undefined when none tried. */
export async function reasonLeft(
	memory: Memory,
	area: Area,
	change: Change,
): Promise<string | undefined> {
	const known: unknown = memory[keyOf(area, change)];
	if (typeof known !== 'object' || known === null) return undefined;
	const { wanted, reason } = known as Partial<Remembered>;
	return wanted === (await digest(change.value)) ? reason : undefined;
}
