// Advice for the user about an object that the target refused, by SQLSTATE.
import type { Failed } from '../contract/report.ts';
import { FIX_OF_MISSING } from '../platform/database-errors.ts';
import { DISK_FULL_FIX } from '../platform/database-errors.ts';
import { LOCK_FIX } from '../platform/locks.ts';
import type { Failure } from './apply.ts';
import type { Fact, Facts } from './fact.ts';
import { moveStatement } from './kinds/schema.ts';
import type { FactPair } from './planning.ts';

/** What to do where things that only the target has could not be recreated after a change. */
export const adviceForExtras = (extras: readonly string[]): string =>
	`Only the target has ${extras.join(', ')}, and it rests on what changed: change or remove it there, or clone with remove_extra.`;

/** Kinds that Postgres 17 and newer make with a search path of their own, so that functions find only what is in it. */
const RUNS_FUNCTIONS: ReadonlySet<string> = new Set([
	'index',
	'exclusion_constraint',
	'materialized_view',
]);

/** About an extension that could not be moved. `rest` is what rests on it on the target. */
function adviceForMove(wanted: Fact, rest: readonly string[], sqlstate?: string): string {
	if (sqlstate === '42501')
		return `Let its owner run this on the target, then clone again: ${moveStatement(wanted)};`;
	const again = `${wanted.create.join('; ')};`;
	if (rest.length === 0)
		return `It cannot be moved. Where what it holds may be lost, run this on the target, then clone again: drop extension ${wanted.identity}; ${again}`;
	return `It cannot be moved while ${rest.join(', ')} rest on it. Remove these on the target, run this there, then clone again: drop extension ${wanted.identity}; ${again}`;
}

/** What to do about rows that are lacking because something kept them from being copied. */
export const fixForUncopied = (table: string | null): string =>
	`${table === null ? 'Rows' : `Rows of ${table}`} could not be copied: see what the report says of ${table ?? 'the component Data'}, then clone again.`;

/** Where the rows that a key misses could not be copied, that is what to see to. */
export function adviceForLackingRows(
	{ kind, parts }: Fact,
	sqlstate: string | undefined,
	failures: readonly Failed[],
): string | undefined {
	if (kind !== 'foreign_key' || sqlstate !== '23503') return undefined;
	const uncopied = failures.filter(({ component }) => component === 'data');
	const cause = uncopied.find(({ object }) => object === null || object === parts?.['references']);
	return cause && fixForUncopied(cause.object);
}

/** One or two sentences for the report. */
export function adviceFor(fact: Fact, { sqlstate, hint }: Failure, { target }: FactPair): string {
	if (fact.kind === 'extension') {
		if (target.byId.has(fact.id)) return adviceForMove(fact, restingOn(fact, target), sqlstate);
		return `Enable ${fact.object} on the target (Database, Extensions) if it offers it, then clone again.`;
	}
	if (fact.kind === 'partition' && sqlstate === '42P17') {
		return 'A partition that only the target has is in the way: detach or remove it there, or clone with remove_extra.';
	}
	switch (sqlstate) {
		case '42501':
			return `The role postgres may not do this on the target. Make ${fact.object} there by hand, or leave it out.`;
		case '42P07':
		case '42710':
		case '42723':
		case '42809':
			return 'Something else on the target has this name. Rename or remove it there, or clone with remove_extra.';
		case '53100':
			return DISK_FULL_FIX;
		case '55P03':
			return LOCK_FIX;
		case '23505':
		case '23514':
		case '23502':
		case '23P01':
			return 'Rows on the target break it. Clone the data as well, or correct the rows, then clone again.';
		case '23503':
			return 'Clone both tables with all their rows (no row limit, ignore rule or strategy skip), or remove the rows that point nowhere, then clone again.';
		case '42704':
		case '42P01':
		case '42883':
		case '3F000':
			if (RUNS_FUNCTIONS.has(fact.kind)) {
				return FIX_OF_MISSING;
			}
			return 'Something it uses is missing on the target. Switch on the component that copies it, then clone again.';
		case '42725':
			return 'Several functions or operators of this name fit: name the types in its definition on the source, or rename one of them.';
		case '0A000':
		case '58P01':
			return 'The target does not support this. Compare versions and extensions of both projects.';
		default:
			return hint ?? `Look at the definition of ${fact.object} on the source, then clone again.`;
	}
}

/** Names of what rests on it directly; what only describes it goes and comes with it. */
const restingOn = ({ id }: Fact, { byId, dependents }: Facts): string[] => [
	...new Set(
		(dependents.get(id) ?? []).flatMap((other) => {
			const fact = byId.get(other);
			return fact && fact.parent !== id ? [fact.object] : [];
		}),
	),
];
