// The password of a project's database, for projects that give no temporary login. Tried once before it is
// saved: the pooler blocks whoever tries a wrong one again and again.
import { TwinsError } from '../domain/errors.ts';
import { createManagementApi } from '../platform/supabase/management-api.ts';
import { apiPace } from '../platform/supabase/api-pace.ts';
import { loginsInMemory } from '../platform/supabase/logins.ts';
import { openProject } from '../platform/supabase/project-database.ts';
import { databasePasswordOf, sealToken, type SealedToken } from '../platform/vault.ts';
import type { AccountPorts } from './ports.ts';
import { storedTokenOf, usableToken } from './stored-token.ts';

export interface DatabasePassword {
	readonly account_id: string;
	readonly ref: string;
	/** Null forgets it. */
	readonly password: string | null;
}

/** Tests and keeps the password, or forgets it. Throws `bad_request` when the database refuses it. */
export async function setDatabasePassword(
	{ account_id, ref, password }: DatabasePassword,
	{ environment, control, userId }: AccountPorts,
): Promise<unknown> {
	let sealed: SealedToken | null = null;
	if (password !== null) {
		await tryPassword({ account_id, ref, password }, { environment, control, userId });
		const holder = databasePasswordOf(account_id, ref);
		sealed = await sealToken(environment.tokenKeys, holder, password);
	}
	await control.query('select private.save_database_password($1::uuid, $2::uuid, $3, $4, $5, $6)', [
		userId,
		account_id,
		ref,
		sealed?.key_id ?? null,
		sealed?.iv ?? null,
		sealed?.ciphertext ?? null,
	]);
	return { has_own_login: sealed !== null };
}

async function tryPassword(
	{ account_id, ref, password }: DatabasePassword & { readonly password: string },
	{ environment, control, userId }: AccountPorts,
): Promise<void> {
	const stored = await storedTokenOf(account_id, { control, userId });
	const token = await usableToken(stored, { environment });
	const baseUrl = environment.managementApiUrl;
	const api = createManagementApi({
		baseUrl,
		token,
		ref,
		readOnly: true,
		pace: apiPace(control, account_id),
	});
	try {
		const session = await openProject({
			api,
			ref,
			role: 'source',
			tls: environment.databaseTls,
			databaseCa: environment.databaseCa,
			databasePassword: password,
			logins: loginsInMemory(),
		});
		await session.close();
	} catch (error) {
		const isWrong = error instanceof TwinsError && error.details.sqlstate?.startsWith('28');
		if (!isWrong) throw error;
		throw new TwinsError(
			'bad_request',
			'The database does not accept this password',
			'Copy it again, or set a new one under Database → Settings in the Supabase dashboard.',
		);
	}
}
