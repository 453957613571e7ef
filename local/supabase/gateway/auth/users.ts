// Rows of auth.users as the Auth service reads, writes and shows them. Runs as the service's own role, with
// its search path, so that triggers of users on these tables behave as on the hosted platform.
import { randomUUID } from 'node:crypto';
import bcrypt from 'bcryptjs';
import postgres, { type Sql, type TransactionSql } from 'postgres';
import { HttpRefusal } from '../http.ts';

/** Rows of other instances are invisible to the service. */
export const INSTANCE_ID = '00000000-0000-0000-0000-000000000000';
const BCRYPT_COST = 10;

/** The service reads these columns into plain strings: one NULL and it cannot read the row at all. */
const NEVER_NULL = [
	'confirmation_token',
	'recovery_token',
	'email_change_token_new',
	'email_change_token_current',
	'email_change',
	'phone_change',
	'phone_change_token',
	'reauthentication_token',
] as const;

export interface UserRow {
	readonly id: string;
	readonly aud: string | null;
	readonly role: string | null;
	readonly email: string | null;
	readonly phone: string | null;
	readonly encrypted_password: string | null;
	readonly email_confirmed_at: Date | null;
	readonly phone_confirmed_at: Date | null;
	readonly confirmed_at: Date | null;
	readonly invited_at: Date | null;
	readonly last_sign_in_at: Date | null;
	readonly banned_until: Date | null;
	readonly raw_app_meta_data: Readonly<Record<string, unknown>> | null;
	readonly raw_user_meta_data: Readonly<Record<string, unknown>> | null;
	readonly is_anonymous: boolean;
	readonly created_at: Date | null;
	readonly updated_at: Date | null;
	readonly [column: string]: unknown;
}

/** The service's refusals: `{ code, error_code, msg }`. */
export function authRefusal(status: number, errorCode: string, message: string): HttpRefusal {
	return new HttpRefusal(status, { code: status, error_code: errorCode, msg: message });
}

export type Transaction = TransactionSql;

/** Runs `work` in one transaction as `supabase_auth_admin`. */
export async function asAuthService<T>(
	database: Sql,
	work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
	const results: T[] = [];
	await database.begin(async (transaction) => {
		await transaction.unsafe(
			'set local session authorization supabase_auth_admin; set local search_path = auth',
		);
		results.push(await work(transaction));
	});
	const [result] = results;
	return result as T;
}

function readable(row: UserRow | undefined): UserRow | undefined {
	if (row !== undefined && NEVER_NULL.some((column) => row[column] === null)) {
		throw authRefusal(500, 'unexpected_failure', 'Database error querying schema');
	}
	return row;
}

export async function userByEmail(
	transaction: Transaction,
	email: string,
): Promise<UserRow | undefined> {
	const [row] = await transaction<UserRow[]>`
		select * from auth.users
		where instance_id = ${INSTANCE_ID} and lower(email) = ${email.toLowerCase()}
			and aud = 'authenticated' and not is_sso_user and deleted_at is null`;
	return readable(row);
}

export async function userByPhone(
	transaction: Transaction,
	phone: string,
): Promise<UserRow | undefined> {
	const [row] = await transaction<UserRow[]>`
		select * from auth.users
		where instance_id = ${INSTANCE_ID} and phone = ${plainPhone(phone)}
			and aud = 'authenticated' and not is_sso_user and deleted_at is null`;
	return readable(row);
}

/** The service stores digits alone. */
const plainPhone = (phone: string): string => phone.replace(/^\+/, '').replaceAll(' ', '');

export async function userById(transaction: Transaction, id: string): Promise<UserRow | undefined> {
	if (!/^[0-9a-f-]{36}$/i.test(id)) return undefined;
	const [row] = await transaction<UserRow[]>`
		select * from auth.users
		where instance_id = ${INSTANCE_ID} and id = ${id} and deleted_at is null`;
	return readable(row);
}

export interface NewUser {
	readonly id?: string | undefined;
	/** One of email and phone at least. */
	readonly email?: string | undefined;
	readonly phone?: string | undefined;
	readonly password?: string | undefined;
	/** A bcrypt hash instead of a password. */
	readonly passwordHash?: string | undefined;
	readonly userMetadata: Readonly<Record<string, unknown>>;
	readonly appMetadata: Readonly<Record<string, unknown>>;
	readonly isConfirmed: boolean;
	readonly isPhoneConfirmed?: boolean | undefined;
	/** Null ends a ban. */
	readonly bannedUntil?: Date | null | undefined;
}

export function checkPassword(password: string): void {
	if (password.length >= 6) return;
	throw new HttpRefusal(422, {
		code: 422,
		error_code: 'weak_password',
		msg: 'Password should be at least 6 characters.',
		weak_password: { reasons: ['length'] },
	});
}

export function hashPassword(password: string): Promise<string> {
	return bcrypt.hash(password, BCRYPT_COST);
}

/** Compares with a bcrypt hash of any flavour ($2a$, $2b$, $2y$); other hashes never match. */
export async function passwordMatches(user: UserRow, password: string): Promise<boolean> {
	const hash = user.encrypted_password ?? '';
	return /^\$2[aby]\$/.test(hash) && bcrypt.compare(password, hash);
}

/** Creates the user with an identity for each address. A failing trigger answers as the real service does. */
export async function createUser(transaction: Transaction, user: NewUser): Promise<UserRow> {
	const email = user.email?.toLowerCase() ?? null;
	const phone = user.phone === undefined ? null : plainPhone(user.phone);
	if (email === null && phone === null) {
		throw authRefusal(
			400,
			'validation_failed',
			'Cannot create a user without either an email or phone',
		);
	}
	if (email !== null && !/^[^@\s]+@[^@\s]+$/.test(email)) {
		throw authRefusal(400, 'validation_failed', 'Unable to validate email address: invalid format');
	}
	if (phone !== null && !/^[1-9]\d{1,14}$/.test(phone)) {
		throw authRefusal(400, 'validation_failed', 'Invalid phone number format (E.164 required)');
	}
	if (user.password !== undefined) checkPassword(user.password);
	const hash =
		user.passwordHash ?? (user.password === undefined ? '' : await hashPassword(user.password));
	const id = user.id ?? randomUUID();
	const addresses = { ...(email === null ? {} : { email }), ...(phone === null ? {} : { phone }) };
	const providers = Object.keys(addresses);
	const appMetadata = { provider: providers[0], providers, ...user.appMetadata };
	try {
		await transaction`
			insert into auth.users (instance_id, id, aud, role, email, phone, encrypted_password, email_confirmed_at,
				phone_confirmed_at, banned_until, raw_app_meta_data, raw_user_meta_data, created_at, updated_at,
				confirmation_token, recovery_token, email_change_token_new, email_change)
			values (${INSTANCE_ID}, ${id}, 'authenticated', 'authenticated', ${email}, ${phone}, ${hash},
				${email !== null && user.isConfirmed ? new Date() : null},
				${phone !== null && user.isPhoneConfirmed ? new Date() : null}, ${user.bannedUntil ?? null},
				${transaction.json(plain(appMetadata))}, ${transaction.json(plain(user.userMetadata))}, now(), now(),
				'', '', '', '')`;
		for (const [provider, address] of Object.entries(addresses)) {
			const identity = {
				sub: id,
				[provider]: address,
				email_verified: false,
				phone_verified: false,
			};
			await transaction`
				insert into auth.identities (provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
				values (${id}, ${id}, ${transaction.json(identity)}, ${provider}, now(), now(), now())`;
		}
	} catch (error) {
		if (error instanceof postgres.PostgresError && error.code === '23505') {
			const which = error.constraint_name === 'users_phone_key' ? 'phone' : 'email';
			throw authRefusal(
				422,
				`${which}_exists`,
				which === 'phone'
					? 'A user with this phone number has already been registered'
					: 'A user with this email address has already been registered',
			);
		}
		throw authRefusal(500, 'unexpected_failure', 'Database error saving new user');
	}
	const row = await userById(transaction, id);
	if (row === undefined)
		throw authRefusal(500, 'unexpected_failure', 'Database error saving new user');
	return row;
}

/** Changes what is given of a user, as an administrator; metadata is laid over what is there. */
export async function changeUser(
	transaction: Transaction,
	{ id, email, phone, banned_until }: UserRow,
	change: NewUser,
): Promise<void> {
	if (change.password !== undefined) checkPassword(change.password);
	const hash =
		change.passwordHash ??
		(change.password === undefined ? null : await hashPassword(change.password));
	const newEmail = change.email?.toLowerCase() ?? email;
	const newPhone = change.phone === undefined ? phone : plainPhone(change.phone);
	await transaction`
		update auth.users set email = ${newEmail}, phone = ${newPhone},
			encrypted_password = coalesce(${hash}, encrypted_password),
			email_confirmed_at = coalesce(email_confirmed_at, ${change.isConfirmed ? new Date() : null}),
			phone_confirmed_at = coalesce(phone_confirmed_at, ${change.isPhoneConfirmed ? new Date() : null}),
			banned_until = ${change.bannedUntil === undefined ? banned_until : change.bannedUntil},
			raw_user_meta_data = coalesce(raw_user_meta_data, '{}') || ${transaction.json(plain(change.userMetadata))}::jsonb,
			raw_app_meta_data = coalesce(raw_app_meta_data, '{}') || ${transaction.json(plain(change.appMetadata))}::jsonb,
			updated_at = now()
		where id = ${id}`;
	await transaction`
		update auth.identities set updated_at = now(),
			identity_data = identity_data || jsonb_build_object(provider, case provider when 'email' then ${newEmail}::text else ${newPhone}::text end)
		where user_id = ${id} and provider in ('email', 'phone')`;
}

/** Metadata comes from a parsed JSON body, so it is JSON. */
function plain(metadata: Readonly<Record<string, unknown>>): postgres.JSONValue {
	return JSON.parse(JSON.stringify(metadata));
}

/** The user as the API shows it. */
export async function describeUser(transaction: Transaction, user: UserRow) {
	const identities = await transaction`
		select id as identity_id, provider_id as id, user_id, identity_data, provider, last_sign_in_at,
			created_at, updated_at, email
		from auth.identities where user_id = ${user.id} order by created_at`;
	const when = {
		email_confirmed_at: user.email_confirmed_at,
		phone_confirmed_at: user.phone_confirmed_at,
		confirmed_at: user.confirmed_at,
		invited_at: user.invited_at,
		last_sign_in_at: user.last_sign_in_at,
		banned_until: user.banned_until,
	};
	return {
		id: user.id,
		aud: user.aud ?? '',
		role: user.role ?? '',
		email: user.email ?? '',
		phone: user.phone ?? '',
		...Object.fromEntries(Object.entries(when).filter(([, time]) => time !== null)),
		app_metadata: user.raw_app_meta_data ?? {},
		user_metadata: user.raw_user_meta_data ?? {},
		identities: [...identities],
		created_at: user.created_at,
		updated_at: user.updated_at,
		is_anonymous: user.is_anonymous,
	};
}
