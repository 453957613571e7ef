// Transactions on the real storage tables in the name of a caller, so that row level security decides.
import postgres from 'postgres';
import type { Caller } from './caller.ts';
import { StorageError, storageErrors } from './errors.ts';

export type Transaction = postgres.TransactionSql;

export interface Database {
	/** Runs `work` in one transaction with the caller's role and claims. */
	as<T>(caller: Caller, operation: string, work: (sql: Transaction) => Promise<T>): Promise<T>;
	/** Runs `work` and undoes it: throws when the caller's policies do not allow it. */
	rehearse(
		caller: Caller,
		operation: string,
		work: (sql: Transaction) => Promise<unknown>,
	): Promise<void>;
	close(): Promise<void>;
}

class Undo extends Error {}

/** Errors of Postgres as the service words them. */
function translated(error: unknown): unknown {
	if (error instanceof StorageError || !(error instanceof postgres.PostgresError)) return error;
	switch (error.code) {
		case '42501':
			return storageErrors.accessDenied('new row violates row-level security policy');
		case '23505':
			return storageErrors.keyExists();
		case '23503':
			return storageErrors.noSuchBucket();
		default:
			return storageErrors.database(error.message);
	}
}

export function connectDatabase(adminUrl: string): Database {
	const pool = postgres(adminUrl, { max: 6, idle_timeout: 20, onnotice: () => undefined });

	async function as<T>(
		caller: Caller,
		operation: string,
		work: (sql: Transaction) => Promise<T>,
	): Promise<T> {
		try {
			const result = await pool.begin(async (sql) => {
				await sql`select
					set_config('role', ${caller.role}, true),
					set_config('request.jwt.claims', ${JSON.stringify(caller.claims)}, true),
					set_config('request.jwt.claim.role', ${caller.role}, true),
					set_config('request.jwt.claim.sub', ${caller.owner ?? ''}, true),
					set_config('storage.operation', ${operation}, true),
					set_config('storage.allow_delete_query', 'true', true)`;
				return { value: await work(sql) };
			});
			return result.value as T;
		} catch (error) {
			throw translated(error);
		}
	}

	return {
		as,
		async rehearse(caller, operation, work) {
			try {
				await as(caller, operation, async (sql) => {
					await work(sql);
					throw new Undo();
				});
			} catch (error) {
				if (!(error instanceof Undo)) throw error;
			}
		},
		close: () => pool.end({ timeout: 2 }),
	};
}
