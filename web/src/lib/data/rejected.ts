// Reads answer rows or throw a ReadError; pages turn it into their error state.
import type { PostgrestError } from '@supabase/supabase-js';
import { problemFromDatabase, type Problem } from './problem.ts';

/** A read that the database or the network refused. */
export class ReadError extends Error {
	override readonly name = 'ReadError';
	readonly problem: Problem;
	constructor(problem: Problem) {
		super(problem.message);
		this.problem = problem;
	}
}

/** What to show of a read that failed. `what`: the objects. */
export const problemOfRead = (error: unknown, what: string): Problem =>
	error instanceof ReadError
		? error.problem
		: { message: `${what} could not be read.`, fix: 'Check your connection and try again.' };

/** The data of an answer; throws ReadError when it carries an error. */
export function rowsOf<Data>(answer: { data: Data | null; error: PostgrestError | null }): Data {
	if (answer.error !== null) throw new ReadError(problemFromDatabase(answer.error));
	if (answer.data === null) {
		throw new ReadError({
			message: 'The control project answered without data.',
			fix: 'Try again in a moment.',
		});
	}
	return answer.data;
}
