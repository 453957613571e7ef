// A control database for tests: a cluster of its own with our migrations, a user, a connected account.
import * as fs from 'node:fs';
import * as path from 'node:path';
import postgres from 'postgres';
import { atEnd } from './at-end.ts';
import { cronPair } from './clusters.ts';

const MIGRATIONS = path.join(import.meta.dirname, '../../supabase/migrations');

export interface Control {
	/** Role postgres, as the functions connect. */
	readonly dbUrl: string;
	readonly sql: postgres.Sql;
	readonly userId: string;
	readonly accountId: string;
	readonly sourceRef: string;
	readonly targetRef: string;
	/** Runs as the signed-in user, as the REST API would. */
	asUser<T extends readonly object[]>(query: string, parameters?: readonly unknown[]): Promise<T>;
	/** Starts a clone of the two projects and returns the id of its job. */
	startClone(options?: object): Promise<string>;
}

/** Statements of every migration, in order. */
export function migrationFiles(): string[] {
	return fs
		.readdirSync(MIGRATIONS)
		.filter((name) => name.endsWith('.sql'))
		.sort()
		.map((name) => path.join(MIGRATIONS, name));
}

/** A new control database with one user who has two projects. Gone when the test file ends. */
export async function freshControl(): Promise<Control> {
	const { source: cluster } = await cronPair();
	return prepareControl(cluster.dbUrl);
}

/** Makes a control database with one user who has two projects of the empty database. */
export async function prepareControl(dbUrl: string): Promise<Control> {
	const sql = postgres(dbUrl, { max: 3, onnotice: () => undefined });
	atEnd(() => sql.end({ timeout: 1 }));
	for (const file of migrationFiles()) {
		await sql.begin((transaction) => transaction.unsafe(fs.readFileSync(file, 'utf8')));
	}
	const userId = '11111111-1111-4111-8111-111111111111';
	const accountId = '22222222-2222-4222-8222-222222222222';
	const sourceRef = 's'.repeat(20);
	const targetRef = 't'.repeat(20);
	const sealed = Buffer.from('not a real one').toString('base64');
	const iv = Buffer.alloc(12).toString('base64');
	await sql`insert into auth.users (id, email) values (${userId}, 'owner@example.com')`;
	await sql`select private.save_account(${userId}, ${accountId}, 'Sample', 'pat', 'k', ${iv}, ${sealed})`;
	await sql`select private.store_projects(${accountId}, ${sql.json([
		{ ref: sourceRef, name: 'Source' },
		{ ref: targetRef, name: 'Target' },
	])})`;

	const asUser: Control['asUser'] = async <T extends readonly object[]>(
		query: string,
		parameters: readonly unknown[] = [],
	) => {
		const rows = await sql.begin(async (transaction) => {
			await transaction`select set_config('role', 'authenticated', true),
				set_config('request.jwt.claims', ${JSON.stringify({ sub: userId, role: 'authenticated' })}, true)`;
			return transaction.unsafe(query, parameters as never[]);
		});
		return rows as unknown as T;
	};
	return {
		dbUrl,
		sql,
		userId,
		accountId,
		sourceRef,
		targetRef,
		asUser,
		startClone: async (options = {}) => {
			const [job] = await asUser<{ id: string }[]>(
				'select id from public.start_clone($1, $2, $3, $4, $5::jsonb, true)',
				[accountId, sourceRef, accountId, targetRef, options],
			);
			if (!job) throw new Error('start_clone returned nothing');
			return job.id;
		},
	};
}
