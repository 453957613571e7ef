// Makes errors of what the server says, and of its silence.
import { PostgresError, type ServerAnswer } from './postgres-error.ts';
import { text } from './messages.ts';

/** The server ended the session, or there never was one. */
export function connectionLost(name: string, reason: string): PostgresError {
	return new PostgresError('lost', `The connection to the ${name} was lost: ${reason}`);
}

/** The body of an ErrorResponse. */
export function serverError(body: Uint8Array): PostgresError {
	const fields = new Map(
		text(body)
			.split('\0')
			.filter((field) => field !== '')
			.map((field) => [field.slice(0, 1), field.slice(1)]),
	);
	const answer: ServerAnswer = {
		sqlstate: fields.get('C') ?? 'XX000',
		message: fields.get('M') ?? 'unknown error',
		severity: fields.get('V'),
		detail: fields.get('D'),
		hint: fields.get('H'),
		context: fields.get('W'),
		routine: fields.get('R'),
		schema: fields.get('s'),
		table: fields.get('t'),
		type: fields.get('d'),
		constraint: fields.get('n'),
	};
	return new PostgresError('server', answer.message, answer);
}
