// Which users (identities, factors) the source had when it was cloned into this target. One of them that is on the
// target and not on the source any more came by a clone and was deleted since; any other was never the source's.
// Remembered as short hashes of the ids in 256 parts, in the control database: the target keeps nothing of ours.
import type { StageContext } from '../../contract/context.ts';
import type { Session } from '../../platform/postgres/index.ts';
import type { AuthTable } from './columns.ts';
import { countIds, hashesOf, sourceHashes } from './statements.ts';

/** 72 bits as base64 without padding. */
const HASH_LENGTH = 12;
/** Hashes of more users than these are read in 16 answers. */
const IDS_AT_ONCE = 50_000;
const DIGITS = [...'0123456789abcdef'];

type Memory = StageContext['memory'];

// By source: another source's users are none of this one's to remove.
const keyOf = (ref: string, table: AuthTable, part: string): string =>
	`ids of ${ref} ${table} ${part}`;

function knownIn(memory: Memory, key: string): Set<string> {
	const text = memory[key];
	const hashes = new Set<string>();
	if (typeof text !== 'string') return hashes;
	for (let at = 0; at < text.length; at += HASH_LENGTH) {
		hashes.add(text.slice(at, at + HASH_LENGTH));
	}
	return hashes;
}

/** Adds the ids that the source has now to what is remembered. */
export async function rememberIds(
	context: Pick<StageContext, 'memory' | 'remember' | 'source' | 'spend'>,
	source: Session,
	table: AuthTable,
): Promise<void> {
	const [count] = await source.query(countIds(table));
	const prefixes = Number(count?.['rows'] ?? 0) > IDS_AT_ONCE ? DIGITS : [''];
	for (const prefix of prefixes) {
		const rows = await source.query(sourceHashes(table, prefix));
		context.spend({ operations: 1 });
		for (const { part, hashes } of rows) {
			const key = keyOf(context.source.ref, table, String(part));
			const now = String(hashes);
			if (context.memory[key] === now) continue;
			const all = knownIn(context.memory, key);
			const before = all.size;
			for (let at = 0; at < now.length; at += HASH_LENGTH) all.add(now.slice(at, at + HASH_LENGTH));
			if (all.size > before) context.remember({ [key]: [...all].sort().join('') });
		}
	}
}

/** Those of the ids that the source had at a former clone into this target. */
export async function idsOfFormerClones(
	context: Pick<StageContext, 'memory' | 'source'>,
	target: Session,
	table: AuthTable,
	ids: readonly string[],
): Promise<string[]> {
	if (ids.length === 0) return [];
	const known = new Map<string, Set<string>>();
	const isKnown = (part: string, hash: string): boolean => {
		const key = keyOf(context.source.ref, table, part);
		const hashes = known.get(key) ?? knownIn(context.memory, key);
		known.set(key, hashes);
		return hashes.has(hash);
	};
	const rows = await target.query(hashesOf, [JSON.stringify(ids)]);
	return rows
		.filter(({ part, hash }) => isKnown(String(part), String(hash)))
		.map(({ id }) => String(id));
}
