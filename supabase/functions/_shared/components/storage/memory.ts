// Which copies stand for which state of their original, where the two states cannot be equal though the bytes
// are: an ETag depends on the parts of the upload. Remembered between clones; the target cannot hold it.
import type { StageContext } from '../../contract/context.ts';
import { label, type StoredFile } from './file.ts';

type Memory = StageContext['memory'];

const pair = (source: StoredFile, target: StoredFile): string => `${source.state}:${target.state}`;

/** True when the target's file is the source's: same state, or the copy we made of exactly this state. */
export function isSame(
	memory: Memory,
	bucket: string,
	source: StoredFile,
	target: StoredFile | undefined,
): boolean {
	if (target === undefined) return false;
	return (
		source.state === target.state || memory[label(bucket, source.name)] === pair(source, target)
	);
}

/** The entry to remember for a copy; null (forget) where the states are equal. */
export function remembered(
	memory: Memory,
	bucket: string,
	source: StoredFile,
	target: StoredFile,
): Record<string, string | null> {
	const key = label(bucket, source.name);
	if (source.state !== target.state) return { [key]: pair(source, target) };
	return key in memory ? { [key]: null } : {};
}
