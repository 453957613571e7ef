// PostgREST's way of saying no: its codes, its wording, and the HTTP status of each SQLSTATE.
import { HttpRefusal } from '../http.ts';

/** A refusal in PostgREST's shape: `{ code, message, details, hint }`. */
export function refuse(
	status: number,
	code: string,
	message: string,
	details: string | null = null,
	hint: string | null = null,
): HttpRefusal {
	return new HttpRefusal(status, { code, message, details, hint });
}

/** What the real service can and this one deliberately cannot: 501, naming it. */
export function missing(what: string): HttpRefusal {
	return refuse(
		501,
		'LOCAL501',
		`The local REST service has no ${what}`,
		'It covers what this app uses: see the table of local parts in docs/ARCHITECTURE.md.',
		'Read a SQL view, or run the app on a real Supabase stack.',
	);
}

const STATUS_OF_STATE: Readonly<Record<string, number>> = {
	'23503': 409,
	'23505': 409,
	'25006': 405,
	'42883': 404,
	'42P01': 404,
	'42P17': 500,
	P0001: 400,
};

const STATUS_OF_CLASS: readonly (readonly [RegExp, number])[] = [
	[/^(08|53)/, 503],
	[/^(0L|0P|28)/, 403],
	[/^(09|25|2D|38|39|3B|40|54|55|57|58|F0|HV|P0|XX)/, 500],
];

/** HTTP status for an SQLSTATE; `PTxyz` (raised by user code) means status xyz. */
export function statusOfState(state: string, role: string): number {
	if (state === '42501') return role === 'anon' ? 401 : 403;
	const chosen = /^PT(\d{3})$/.exec(state)?.[1];
	if (chosen !== undefined) return Number(chosen);
	return (
		STATUS_OF_STATE[state] ?? STATUS_OF_CLASS.find(([pattern]) => pattern.test(state))?.[1] ?? 400
	);
}
