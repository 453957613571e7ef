// Makes the control project what an installation makes of it: migrations, Vault secrets, the demo user and the
// sample account. Each step may be repeated.

import { execFile } from 'node:child_process';
import * as path from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import type { LocalProject } from '../supabase/project.ts';
import { StackError } from '../supabase/stack-error.ts';
import { ROOT_DIR } from '../state-dir.ts';

const execute = promisify(execFile);

/** Applies supabase/migrations with the real CLI. Throws with its own words. */
export async function applyMigrations(dbUrl: string): Promise<void> {
	try {
		await execute(
			path.join(ROOT_DIR, 'node_modules/.bin/supabase'),
			['db', 'push', `--remote=${dbUrl}`, '--yes', '--workdir', ROOT_DIR],
			{ env: { ...process.env, DO_NOT_TRACK: '1', SUPABASE_TELEMETRY_DISABLED: '1' } },
		);
	} catch (error) {
		const output = (name: string): string =>
			error instanceof Error && name in error ? String(Reflect.get(error, name)) : '';
		const words = `${output('stdout')}\n${output('stderr')}`
			.trim()
			.split('\n')
			.slice(-12)
			.join('\n');
		throw new StackError(
			`supabase db push failed: ${words.replaceAll(dbUrl, 'the control database')}`,
			'Mend the migration, or start anew with: npm start -- --reset',
		);
	}
}

/** Creates or changes Vault secrets by name. */
export async function putVaultSecrets(
	adminUrl: string,
	secrets: Readonly<Record<string, string>>,
): Promise<void> {
	const sql = postgres(adminUrl, { max: 1, onnotice: () => undefined });
	try {
		for (const [name, value] of Object.entries(secrets)) {
			const [known] = await sql`select id from vault.secrets where name = ${name}`;
			if (known) await sql`select vault.update_secret(${String(known['id'])}::uuid, ${value})`;
			else await sql`select vault.create_secret(${value}, ${name})`;
		}
	} finally {
		await sql.end();
	}
}

export interface DemoUser {
	readonly email: string;
	readonly password: string;
}

/** Creates the user when there is none with this address. */
export async function ensureUser(project: LocalProject, user: DemoUser): Promise<void> {
	const response = await fetch(`${project.url}/auth/v1/admin/users`, {
		method: 'POST',
		headers: {
			apikey: project.secretKey,
			authorization: `Bearer ${project.secretKey}`,
			'content-type': 'application/json',
		},
		body: JSON.stringify({ ...user, email_confirm: true }),
	});
	// 422: the address is taken, by the user of an earlier start.
	if (!response.ok && response.status !== 422) throw await refusal('The demo user', response);
}

/** Connects the account of the sample projects for the user, unless one is connected. */
export async function connectSampleAccount(
	project: LocalProject,
	user: DemoUser,
	accessToken: string,
): Promise<void> {
	const signIn = await fetch(`${project.url}/auth/v1/token?grant_type=password`, {
		method: 'POST',
		headers: { apikey: project.publishableKey, 'content-type': 'application/json' },
		body: JSON.stringify(user),
	});
	if (!signIn.ok) throw await refusal('The demo user’s session', signIn);
	const session: unknown = await signIn.json();
	const headers = {
		apikey: project.publishableKey,
		authorization: `Bearer ${accessTokenOf(session)}`,
		'content-type': 'application/json',
	};
	const known = await fetch(
		`${project.url}/rest/v1/connected_accounts?select=id&status=eq.connected`,
		{ headers },
	);
	if (!known.ok) throw await refusal('The list of accounts', known);
	const accounts: unknown = await known.json();
	if (Array.isArray(accounts) && accounts.length > 0) return;
	const response = await fetch(`${project.url}/functions/v1/accounts`, {
		method: 'POST',
		headers,
		body: JSON.stringify({
			action: 'connect_pat',
			token: accessToken,
			display_name: 'Sample account',
		}),
	});
	if (!response.ok) throw await refusal('The sample account', response);
}

function accessTokenOf(session: unknown): string {
	if (typeof session === 'object' && session !== null && 'access_token' in session) {
		return String(session.access_token);
	}
	throw new Error('The Auth service gave no session.');
}

async function refusal(what: string, response: Response): Promise<StackError> {
	return new StackError(
		`${what} could not be made: ${response.status} ${(await response.text()).slice(0, 500)}`,
		'Read .local/logs, or start anew with: npm start -- --reset',
	);
}
