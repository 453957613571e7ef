// SQL, the temporary login role, the pooler's address, and the webhooks switch. All of it real Postgres.
import { randomBytes } from 'node:crypto';
import postgres, { type Sql } from 'postgres';
import { ENABLE_WEBHOOKS } from '../../postgres/webhooks.ts';
import type { LocalProject } from '../../project.ts';
import { type Answer, ApiRefusal, created, ok } from '../answers.ts';
import type { ProjectDatabases } from '../project-databases.ts';
import type { ProjectCall } from '../request.ts';

export interface PoolerAddress {
	readonly host: string;
	readonly port: number;
}

const LOGIN_TTL_SECONDS = 300;
const STATEMENT_TIMEOUT = '58s';

/** Address of the session pooler; the user is `postgres.<ref>`, as behind the hosted one. */
export function pooler(address: PoolerAddress | ((project: LocalProject) => PoolerAddress)) {
	return async ({ project }: ProjectCall): Promise<Answer> => {
		const { host, port } = typeof address === 'function' ? address(project) : address;
		const user = `postgres.${project.ref}`;
		const url = `postgresql://${user}:[YOUR-PASSWORD]@${host}:${port}/postgres`;
		return ok([
			{
				identifier: project.ref,
				database_type: 'PRIMARY',
				is_using_scram_auth: true,
				db_user: user,
				db_host: host,
				db_port: port,
				db_name: 'postgres',
				connection_string: url,
				connectionString: url,
				default_pool_size: 15,
				max_client_conn: 200,
				pool_mode: 'session',
			},
		]);
	};
}

/** Gives the project's login role a new password for five minutes: one role, each call replaces the last. */
export function createLoginRole(databases: ProjectDatabases) {
	return async ({ project, body }: ProjectCall): Promise<Answer> => {
		const readOnly = isRecord(body.json) && body.json['read_only'] === true;
		const role = readOnly ? 'cli_login_supabase_read_only_user' : 'cli_login_postgres';
		const password = randomBytes(24).toString('base64url');
		const sql = databases.asAdmin(project);
		if (readOnly) await ensureReadOnlyRole(sql, role);
		const until = new Date(Date.now() + LOGIN_TTL_SECONDS * 1000).toISOString();
		const [statement] = await sql<{ text: string }[]>`
			select format('alter role %I with login password %L valid until %L',
				${role}::text, ${password}::text, ${until}::text) as text`;
		await sql.unsafe(statement?.text ?? '');
		return created({ role, password, ttl_seconds: LOGIN_TTL_SECONDS });
	};
}

async function ensureReadOnlyRole(sql: Sql, role: string): Promise<void> {
	const [found] = await sql`select 1 from pg_roles where rolname = ${role}`;
	if (found) return;
	await sql.unsafe(`create role ${role} login noinherit`);
	await sql.unsafe(`grant supabase_read_only_user to ${role}`);
}

export function deleteLoginRole(databases: ProjectDatabases) {
	return async ({ project }: ProjectCall): Promise<Answer> => {
		await databases
			.asAdmin(project)
			.unsafe(`alter role cli_login_postgres with password null valid until '-infinity'`);
		return ok({ message: 'ok' });
	};
}

/** Runs SQL as postgres, or as supabase_read_only_user; answers the rows of the last result. */
export function runQuery(databases: ProjectDatabases, options: { readonly readOnly: boolean }) {
	return async ({ project, body }: ProjectCall): Promise<Answer> => {
		const request = isRecord(body.json) ? body.json : {};
		const text = String(request['query']);
		const parameters = Array.isArray(request['parameters']) ? request['parameters'] : undefined;
		const readOnly = options.readOnly || request['read_only'] === true;
		const connection =
			await databases[options.readOnly ? 'asAdmin' : 'asPostgres'](project).reserve();
		try {
			await connection.unsafe(`set statement_timeout = '${STATEMENT_TIMEOUT}'`);
			if (options.readOnly) await connection.unsafe('set role supabase_read_only_user');
			if (readOnly) await connection.unsafe('set default_transaction_read_only = on');
			return created(lastRows(await connection.unsafe(text, parameters)));
		} catch (error) {
			if (!(error instanceof postgres.PostgresError)) throw error;
			throw new ApiRefusal(
				400,
				`Failed to run sql query: ${error.severity}:  ${error.code}: ${error.message}`,
			);
		} finally {
			// The caller's text may have left a transaction open or any setting behind.
			await connection.unsafe('rollback').catch(() => {});
			await connection.unsafe('discard all').catch(() => {});
			connection.release();
		}
	};
}

/** Several statements come back as a list of lists, one as a list of rows. */
function lastRows(result: readonly unknown[]): unknown[] {
	const last = result.at(-1);
	return Array.isArray(last) ? [...last] : [...result];
}

/** The switch "database webhooks": pg_net and schema supabase_functions. May be used again. */
export function enableWebhooks(databases: ProjectDatabases) {
	return async ({ project }: ProjectCall): Promise<Answer> => {
		await databases.asAdmin(project).unsafe(ENABLE_WEBHOOKS);
		return { status: 201 };
	};
}

function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}
