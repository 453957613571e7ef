// What to do about an object that the target refused, by SQLSTATE.
import type { Failure } from './apply.ts';
import type { Fact } from './fact.ts';

/** What to do where things that only the target has could not be made again after a change. */
export const fixForExtras = (extras: readonly string[]): string =>
	`Only the target has ${extras.join(', ')}, and it rests on what changed: change or remove it there, or clone with remove_extra.`;

/** One sentence for the report. */
export function fixFor(fact: Fact, { sqlstate, hint }: Failure): string {
	if (fact.kind === 'extension') {
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
		case '55P03':
			return 'Another session holds a lock on the target. Clone again when it has ended.';
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
			return 'Something it uses is missing on the target. Switch on the component that copies it, then clone again.';
		case '0A000':
		case '58P01':
			return 'The target does not support this. Compare versions and extensions of both projects.';
		default:
			return hint ?? `Look at the definition of ${fact.object} on the source, then clone again.`;
	}
}
