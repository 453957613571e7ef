// Postgres's ErrorResponse as a TwinsError. The one place that decides what of a server's error may be
// shown: names and SQLSTATE yes, values of rows never (they sit in DETAIL, CONTEXT and some messages).
import { type ErrorCode, TwinsError } from '../domain/errors.ts';
import { text } from './wire-messages.ts';

/** The server ended the session, or there never was one: what was running may not have happened. */
export function connectionLost(name: string, reason: string): TwinsError {
	return new TwinsError(
		'connection_lost',
		`The connection to the ${name} was lost: ${reason}`,
		'Nothing to do: the step is repeated. If it keeps happening, check the project’s health.',
		{ passing: true },
	);
}

export function serverError(body: Uint8Array): TwinsError {
	const fields = fieldsOf(body);
	const sqlstate = fields.get('C') ?? 'XX000';
	const place = copyPlace(fields.get('W'));
	const isOwnWords = place !== undefined && /\bPL\/\w+ function\b/.test(fields.get('W') ?? '');
	// What a function says of a row may quote it.
	const message = isOwnWords
		? 'a function of the database refused a row'
		: withoutValues(sqlstate, fields.get('M') ?? 'unknown error', place !== undefined);
	const hint = isOwnWords ? undefined : fields.get('H');
	return new TwinsError(
		codeOf(sqlstate, message),
		place === undefined ? message : `${message} (${place})`,
		fixOf(sqlstate, message, hint),
		{
			sqlstate,
			hint,
			passing: isPassingState(sqlstate, message),
		},
	);
}

function fieldsOf(body: Uint8Array): ReadonlyMap<string, string> {
	return new Map(
		text(body)
			.split('\0')
			.filter((field) => field !== '')
			.map((field) => [field.slice(0, 1), field.slice(1)]),
	);
}

/** Data exceptions (class 22) quote the offending value; everything else quotes names. */
function withoutValues(sqlstate: string, message: string, isOfRow: boolean): string {
	if (!sqlstate.startsWith('22')) return message;
	const clean = message.replace(/: ".*"$/s, '');
	// A COPY of another shape quotes columns, a statement with a wrong parameter its name.
	const quotesNames = sqlstate === '22P04' || (sqlstate === '22023' && !isOfRow);
	return quotesNames ? clean : clean.replace(/ ".*"/s, '');
}

/** `COPY orders, line 3, column total: "12,5"` → `line 3, column total`. */
function copyPlace(context: string | undefined): string | undefined {
	return /^COPY .*?, (line \d+(?:, column [^:"]+)?)/m.exec(context ?? '')?.[1];
}

function isSnapshotLost(message: string): boolean {
	return /^invalid snapshot identifier|^snapshot ".*" does not exist/.test(message);
}

function isBreakerOpen(message: string): boolean {
	return /ECIRCUITBREAKER|too many authentication (failures|errors)/i.test(message);
}

const PASSING_CLASSES = ['08', '53', '57P'];
const PASSING_STATES = ['40001', '40P01', '55P03'];

function isPassingState(sqlstate: string, message: string): boolean {
	return (
		PASSING_CLASSES.some((prefix) => sqlstate.startsWith(prefix)) ||
		PASSING_STATES.includes(sqlstate) ||
		/EMAXCLIENTSESSION|max clients reached/i.test(message)
	);
}

function codeOf(sqlstate: string, message: string): ErrorCode {
	if (isSnapshotLost(message)) return 'snapshot_lost';
	if (isBreakerOpen(message)) return 'database_unreachable';
	if (sqlstate.startsWith('57P') || sqlstate.startsWith('08')) return 'connection_lost';
	if (sqlstate === '53300' || /EMAXCLIENTSESSION/.test(message)) return 'database_unreachable';
	return 'database_refused';
}

const FIXES: readonly (readonly [string, string])[] = [
	['28', 'Enter the database password of this project again under Connected accounts.'],
	['42501', 'Give the role postgres the privilege it lacks on this object.'],
	[
		'25006',
		'The database takes no writes: a source never does here, a target does not while its disk is nearly full. Give it more disk space, then run it again.',
	],
	['23', 'Look at the rows that break this constraint; rows or constraint must change.'],
	['22', 'Look at the column’s type on both sides; one of the values does not fit.'],
	['53100', 'The disk is full: give the project more disk space, then run it again.'],
	['53', 'The database is short of a resource: wait, or give it more compute.'],
	['55P03', 'Another session holds a lock on this object: end it, or try again later.'],
	['57014', 'The statement took longer than allowed: try again at a quieter time.'],
	['42P01', 'Copy its structure first: include the component Tables.'],
	['42703', 'Copy its structure first: include the component Tables.'],
];

function fixOf(sqlstate: string, message: string, hint: string | undefined): string {
	if (isBreakerOpen(message)) {
		return 'The pooler blocks sign-ins for this project for some minutes: wait 10 minutes, then try again.';
	}
	const known = FIXES.find(([prefix]) => sqlstate.startsWith(prefix))?.[1];
	return known ?? hint ?? `Look up SQLSTATE ${sqlstate} in the Postgres documentation.`;
}
