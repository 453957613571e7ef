// What the Postgres client throws, as a TwinsError. The one place that decides what of a server's error may be
// shown: names and SQLSTATE yes, values of rows never (they sit in DETAIL, CONTEXT and some messages).
import { type ErrorCode, type ErrorDetails, TwinsError } from '../domain/errors.ts';
import { plainWords } from './plain-words.ts';
import type { PostgresError, ServerAnswer } from './postgres/index.ts';

/** What is said of failures that are no answer of the server to a statement. */
const FAILURES: Readonly<
	Record<Exclude<PostgresError['failure'], 'server'>, readonly [ErrorCode, string, ErrorDetails?]>
> = {
	unreachable: [
		'database_unreachable',
		'Check that the project is running and accepts connections from outside, then try again.',
		{ passing: true },
	],
	no_tls: [
		'database_refused',
		'Turn TLS on for this database; connections without it are not made.',
	],
	not_genuine: [
		'database_refused',
		'Do not enter the password again before you know why: something may sit between us and the database.',
	],
	unknown_login: [
		'unsupported',
		'Use SCRAM-SHA-256 (`password_encryption`, pg_hba.conf), the default of Supabase.',
	],
	lost: [
		'connection_lost',
		'Nothing to do: the step is repeated. If it keeps happening, check the project’s health.',
		{ passing: true },
	],
	misuse: ['internal', 'Report this.'],
};

/** What people may read of an error of the client, and what they should do. */
export function databaseError({ failure, message, answer }: PostgresError): TwinsError {
	if (failure === 'server') return serverError(answer ?? { sqlstate: 'XX000', message });
	const [code, fix, details] = FAILURES[failure];
	return new TwinsError(code, message, fix, details);
}

/** What `private.refuse` says with these SQLSTATEs is meant for the user. */
const REFUSALS: Readonly<Record<string, ErrorCode>> = {
	PT404: 'not_found',
	PT409: 'conflict',
	'22023': 'bad_request',
};

/** Errors of the control database, whose functions we wrote: message and hint of a refusal are shown whole. */
export function controlError(error: PostgresError): TwinsError {
	const { answer } = error;
	const code = answer?.routine === 'exec_stmt_raise' ? REFUSALS[answer.sqlstate] : undefined;
	if (answer === undefined || code === undefined) return databaseError(error);
	return new TwinsError(code, answer.message, answer.hint ?? 'Report this.');
}

function serverError(answer: ServerAnswer): TwinsError {
	const { sqlstate } = answer;
	const ended = hasEnded(answer);
	const place = copyPlace(answer.context);
	const isOurs = isRaisedByUs(answer);
	const isOwn = !isOurs && isOwnWords(answer);
	const message = isOwn
		? plainWords(answer.message, valuesIn(answer)) || 'it raised an error'
		: withoutValues(sqlstate, answer.message, place !== undefined);
	const hint = isOwn ? undefined : answer.hint;
	const where = [
		isOurs ? undefined : functionOf(answer.context),
		...(isOwn ? [] : constraintOf(answer, message)),
		place,
	].filter((part) => part !== undefined);
	return new TwinsError(
		codeOf(sqlstate, message, ended),
		where.length === 0 ? message : `${message} (${where.join(', ')})`,
		fixOf(sqlstate, message, hint, isOwn),
		{
			sqlstate,
			hint,
			passing: ended || isBreakerOpen(message) || isPassingState(sqlstate, message),
			retryAfter: isBreakerOpen(message) ? BREAKER_SECONDS : undefined,
		},
	);
}

/** Code of users: the first line of a context is where the error arose, later ones may quote values. */
const FUNCTION = /^(?:PL\/\w+|SQL) function ([^\n]+?)(?: line \d| statement \d| during |\n|$)/;

/** SQLSTATE of errors that a block of ours raises: their words and hint are our own, without values. */
export const RAISED_BY_US = 'TW001';

/** Raised by a block of its own, not by a function of users that says the same. */
const isRaisedByUs = ({ sqlstate, context = '' }: ServerAnswer): boolean =>
	sqlstate === RAISED_BY_US &&
	/^PL\/pgSQL function inline_code_block line \d+ at RAISE$/.test(context);

/** Routines of the server that raise what a function was told to say. */
const RAISING = ['exec_stmt_raise', 'exec_stmt_assert'];

/**
 * Whether a function of users chose the words of the error. The server's own, about objects and constraints (classes 42
 * and 23), quote names only; where a statement was put together of values (EXECUTE), these may be values too.
 */
function isOwnWords({ sqlstate, context = '', routine = '' }: ServerAnswer): boolean {
	if (sqlstate.startsWith('P0') || RAISING.includes(routine)) return true;
	if (!/\b(?:PL\/\w+|SQL) function\b/.test(context)) return false;
	const isOfServer = routine !== '' && /^(?:42|23)/.test(sqlstate);
	return !isOfServer || / at EXECUTE\b/.test(context);
}

/** What an error quotes of its row beside the message. */
function valuesIn({ context = '', detail = '' }: ServerAnswer): string {
	const [, ofRow = ''] = /^COPY [^\n]*?, line \d+[^\n]*?: "(.*)/ms.exec(context) ?? [];
	return `${ofRow} ${detail}`;
}

function functionOf(context: string | undefined): string | undefined {
	const name = FUNCTION.exec(context ?? '')?.[1];
	return name === undefined ? undefined : `function ${name.replaceAll('"', '')}`;
}

/** The constraint, or else the table or type, that the message does not name itself. */
function constraintOf(
	{ schema, table, type, constraint }: ServerAnswer,
	message: string,
): readonly string[] {
	const holder = table ?? type;
	const parts = [
		...(constraint === undefined || message.includes(constraint)
			? []
			: [`constraint ${constraint}`]),
		...(holder === undefined || message.includes(holder)
			? []
			: [schema === undefined ? holder : `${schema}.${holder}`]),
	];
	return parts.length === 0 ? [] : [parts.join(' of ')];
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
	return /^COPY .*?, (line \d+(?:, column [^:"\n]{1,63})?)/m.exec(context ?? '')?.[1];
}

function isSnapshotLost(message: string): boolean {
	return /^invalid snapshot identifier|^snapshot ".*" does not exist/.test(message);
}

/** The pooler has no connection to give at the moment, or lost the one it gave. */
function isPoolerBusy(message: string): boolean {
	return /E(?:CHECKOUTTIMEOUT|DBHANDLEREXITED|MAXCLIENTSESSION|MAXCONNSESSION)|max clients reached|unable to check out/i.test(
		message,
	);
}

/** Longer than the pooler blocks, by its documentation: what is tried sooner prolongs it. */
const BREAKER_SECONDS = 150;

function isBreakerOpen(message: string): boolean {
	return /ECIRCUITBREAKER|too many authentication (failures|errors)/i.test(message);
}

/**
 * Whether the error ended the session. One of class 08 need not: a foreign table says the same of the server
 * behind it.
 */
function hasEnded({ sqlstate, severity }: ServerAnswer): boolean {
	return sqlstate.startsWith('57P') || (sqlstate.startsWith('08') && severity !== 'ERROR');
}

/** What to do about a full disk. */
export const DISK_FULL_FIX =
	'The disk is full: give the project more disk space, then run it again.';

/** A full disk (53100) and a limit of temporary files (53400) are met by the same statement again. */
const LASTING_STATES = ['53100', '53400'];
const PASSING_CLASSES = ['53'];
const PASSING_STATES = ['40001', '40P01', '55P03'];

function isPassingState(sqlstate: string, message: string): boolean {
	return (
		(PASSING_CLASSES.some((prefix) => sqlstate.startsWith(prefix)) &&
			!LASTING_STATES.includes(sqlstate)) ||
		PASSING_STATES.includes(sqlstate) ||
		isPoolerBusy(message)
	);
}

function codeOf(sqlstate: string, message: string, ended: boolean): ErrorCode {
	if (isSnapshotLost(message)) return 'snapshot_lost';
	if (isBreakerOpen(message)) return 'database_unreachable';
	if (ended) return 'connection_lost';
	if (sqlstate === '53300' || isPoolerBusy(message)) return 'database_unreachable';
	return 'database_refused';
}

/** Where a name was not found. */
export const FIX_OF_MISSING =
	'Switch on the component that copies what is missing. If it is there, name its schema in the code that uses it, or give the function a search_path (indexes and materialized views of Postgres 17 look in no other).';

const FIXES: readonly (readonly [string, string])[] = [
	[
		'08',
		'Another server, of a foreign table or a link, does not answer: see that it does, or leave this table out with an ignore rule.',
	],
	['28', 'Enter the database password of this project again under Connected accounts.'],
	['42501', 'Give the role postgres the privilege it lacks on this object.'],
	[
		'25006',
		'The database takes no writes: a source never does here, a target does not while its disk is nearly full. Give it more disk space, then run it again.',
	],
	['23', 'Look at the rows that break this constraint; rows or constraint must change.'],
	['22', 'Look at the column’s type on source and target; one of the values does not fit.'],
	['53100', DISK_FULL_FIX],
	['53', 'The database is short of a resource: wait, or give it more compute.'],
	[
		'54',
		'A row or statement is larger than Postgres allows: make it smaller on the source, or leave this table out with an ignore rule.',
	],
	['55P03', 'Another session holds a lock on this object: end it, or try again later.'],
	['57014', 'The statement took longer than allowed: try again at a quieter time.'],
	['42P01', 'Copy its structure first: include the component Tables.'],
	['42703', 'Copy its structure first: include the component Tables.'],
	['42883', FIX_OF_MISSING],
	['42704', FIX_OF_MISSING],
	['3F000', FIX_OF_MISSING],
	[
		'0A000',
		'This server does not support it: compare the versions and extensions of both projects.',
	],
	[
		'58',
		'The server could not read or write a file of its own: see the project’s health, and ask Supabase’s support.',
	],
	[
		'XX00',
		'The data on the server may be damaged: see the project’s logs, and ask Supabase’s support.',
	],
];

const REFUSED_BY_FUNCTION =
	'Code of the database refused it: change the function, or the rows that it does not accept, then clone again.';
const NOT_KNOWN = 'Mend what the message names, on the project that it is about, then clone again.';

function fixOf(
	sqlstate: string,
	message: string,
	hint: string | undefined,
	isOwn: boolean,
): string {
	if (isBreakerOpen(message)) {
		return 'The pooler blocks sign-ins for this project for some minutes: wait 10 minutes, then try again.';
	}
	if (isOwn) return REFUSED_BY_FUNCTION;
	const known = FIXES.find(([prefix]) => sqlstate.startsWith(prefix))?.[1];
	return known ?? hint ?? NOT_KNOWN;
}
