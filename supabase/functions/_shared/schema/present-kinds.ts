// Which kinds a database has anything of. The statement of all kinds is planned by every session, and planning those that
// most projects have nothing of (operators, casts, text search …) took half of the time of a small reading.
import { both } from '../platform/both.ts';
import type { Session } from '../platform/postgres/index.ts';
import type { Kind } from './fact.ts';
import { KINDS } from './kinds/index.ts';

/** What each session was found to need. What is made later is noticed by `anyBeside`. */
const presentOn = new WeakMap<Session, ReadonlySet<Kind>>();

const CONDITIONS = [...new Set(KINDS.flatMap(({ mayExist }) => mayExist ?? []))];

async function ask(session: Session): Promise<ReadonlySet<Kind>> {
	const [row] = await session.query<{ found: boolean[] }>(
		`select pg_catalog.json_build_array(${CONDITIONS.join(',\n')}) as found`,
	);
	const found = new Set(CONDITIONS.filter((_, n) => row?.found[n] === true));
	return new Set(KINDS.filter(({ mayExist }) => mayExist === undefined || found.has(mayExist)));
}

/** Kinds that the session's database may have something of. */
export async function presentKinds(session: Session): Promise<ReadonlySet<Kind>> {
	const known = presentOn.get(session) ?? (await ask(session));
	presentOn.set(session, known);
	return known;
}

/** After something else has turned up: the next reading asks again. */
export const forgetKinds = (session: Session): boolean => presentOn.delete(session);

/** Lets both sessions read the kinds of either: what the source has the target is about to have. */
export async function shareKinds(source: Session, target: Session): Promise<void> {
	const [ours, theirs] = await both(presentKinds(source), presentKinds(target));
	if (ours === theirs) return;
	const shared = new Set(KINDS.filter((kind) => ours.has(kind) || theirs.has(kind)));
	presentOn.set(source, shared);
	presentOn.set(target, shared);
}

/** SQL condition: there is something of another kind than these. */
export function anyBeside(present: ReadonlySet<Kind>): string {
	const absent = new Set(KINDS.flatMap((kind) => (present.has(kind) ? [] : (kind.mayExist ?? []))));
	return absent.size === 0 ? 'false' : `(${[...absent].join('\n or ')})`;
}
