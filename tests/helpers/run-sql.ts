// SQL on a database of a test: once by its URL, or through a connection that ends with the test file.
import postgres from 'postgres';
import { atEnd } from './at-end.ts';

/** A connection, closed when the test file ends. */
export function connect(url: string): postgres.Sql {
	const sql = postgres(url, { max: 1, onnotice: () => undefined });
	atEnd(() => sql.end());
	return sql;
}

/** Runs SQL text on a database. */
export async function runOn(url: string, text: string): Promise<void> {
	if (text.trim() !== '') await rowsOf(url, text);
}

/** Rows of a query on a database. */
export async function rowsOf(url: string, text: string): Promise<Record<string, unknown>[]> {
	const sql = postgres(url, { max: 1, onnotice: () => undefined });
	try {
		return (await sql.unsafe(text)).map((row) => ({ ...row }));
	} finally {
		await sql.end();
	}
}

/** SQLSTATE and message of the refusal, or `no error`. */
export const errorOf = (work: Promise<unknown>): Promise<string> =>
	work.then(
		() => 'no error',
		(error: { code?: string; message: string }) => `${error.code ?? ''} ${error.message}`,
	);
