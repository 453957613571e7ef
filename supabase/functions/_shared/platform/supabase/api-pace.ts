// Keeps the calls of the Management API that all workers make for an account within Supabase's limit, by the control
// database (…_limit_api_calls.sql). Nothing is locked while a call is made.
import { TwinsError } from '../../domain/errors.ts';
import type { Queries } from '../control.ts';
import type { Pace } from '../http.ts';

/** A slice has 45 seconds; what would wait longer than this is tried again later. */
const LONGEST_WAIT_SECONDS = 20;
const TRIED_AGAIN_SECONDS = 40;

/** The pace of one account. */
export function apiPace(
	control: Queries,
	accountId: string,
	wait: (milliseconds: number) => Promise<void> = pause,
): Pace {
	return {
		async turn() {
			const [row] = await control.query<{ milliseconds: number | null }>(
				'select private.book_api_call($1::uuid, make_interval(secs => $2::int)) as milliseconds',
				[accountId, LONGEST_WAIT_SECONDS],
			);
			const milliseconds = row?.milliseconds ?? null;
			if (milliseconds === null) throw tooMany();
			if (milliseconds > 0) await wait(milliseconds);
		},
		async held(seconds) {
			await control.query('select private.hold_api_calls($1::uuid, $2::float8)', [
				accountId,
				seconds,
			]);
		},
	};
}

function tooMany(): TwinsError {
	return new TwinsError(
		'rate_limited',
		'The runs of this account make more calls of the Management API than Supabase takes in a minute',
		'Nothing to do: the call is made when it is its turn.',
		{ passing: true, retryAfter: TRIED_AGAIN_SECONDS },
	);
}

const pause = (milliseconds: number): Promise<void> =>
	new Promise((resolve) => setTimeout(resolve, milliseconds));
