// The routes for administrators: users made, changed and listed with a secret key.
import * as z from 'zod/mini';
import type { Keys } from '../keys.ts';
import { type Call, metadata, parse, type Route } from './call.ts';
import {
	authRefusal,
	changeUser,
	createUser,
	describeUser,
	userById,
	type UserRow,
} from './users.ts';

const adminUserBody = z.object({
	id: z.optional(z.string()),
	email: z.optional(z.string()),
	phone: z.optional(z.string()),
	password: z.optional(z.string()),
	password_hash: z.optional(z.string()),
	email_confirm: z._default(z.boolean(), false),
	phone_confirm: z._default(z.boolean(), false),
	ban_duration: z.optional(z.string().check(z.regex(/^(none|(\d+[hms])+)$/))),
	user_metadata: z.optional(metadata),
	app_metadata: z.optional(metadata),
});

/** What a body says of a user, as `createUser` and `changeUser` take it; a ban is read separately. */
function attributesOf(given: z.infer<typeof adminUserBody>) {
	return {
		email: given.email,
		phone: given.phone,
		password: given.password,
		passwordHash: given.password_hash,
		userMetadata: given.user_metadata ?? {},
		appMetadata: given.app_metadata ?? {},
		isConfirmed: given.email_confirm,
		isPhoneConfirmed: given.phone_confirm,
	};
}

/** When a ban of `24h` or `1h30m` ends, counted from now; null for `none`. */
function banEnd(duration: string): Date | null {
	const seconds = { h: 3600, m: 60, s: 1 };
	const parts = [...duration.matchAll(/(\d+)([hms])/g)];
	if (parts.length === 0) return null;
	const total = parts.reduce(
		(sum, [, amount, unit]) => sum + Number(amount) * seconds[unit as keyof typeof seconds],
		0,
	);
	return new Date(Date.now() + total * 1000);
}

/** Routes that only a secret key opens. */
export function adminRoutes(
	keys: Keys,
	mails: () => readonly object[],
): Readonly<Record<string, Route>> {
	async function asAdmin({ request, url }: Call): Promise<void> {
		const claims = await keys.authorize(request, url);
		if (claims.role !== 'service_role') throw authRefusal(403, 'not_admin', 'User not allowed');
	}

	async function named({ transaction, id }: Call): Promise<UserRow> {
		const user = await userById(transaction, id);
		if (user === undefined) throw authRefusal(404, 'user_not_found', 'User not found');
		return user;
	}

	return {
		/** What a real service would have sent; not a route of its. */
		async 'GET /admin/mails'(call) {
			await asAdmin(call);
			return { mails: mails() };
		},
		async 'GET /admin/users'(call) {
			await asAdmin(call);
			const perPage = Number(call.url.searchParams.get('per_page') || 50);
			const page = Number(call.url.searchParams.get('page') || 1);
			const rows = await call.transaction<UserRow[]>`
				select * from auth.users where deleted_at is null
				order by created_at desc, id limit ${perPage} offset ${(page - 1) * perPage}`;
			const users = [];
			for (const row of rows) users.push(await describeUser(call.transaction, row));
			return { users, aud: 'authenticated' };
		},
		async 'POST /admin/users'(call) {
			await asAdmin(call);
			const given = parse(adminUserBody, call.body);
			const user = await createUser(call.transaction, {
				...attributesOf(given),
				id: given.id,
				bannedUntil: banEnd(given.ban_duration ?? 'none'),
			});
			return describeUser(call.transaction, user);
		},
		async 'GET /admin/users/:id'(call) {
			await asAdmin(call);
			const user = await named(call);
			return describeUser(call.transaction, user);
		},
		async 'PUT /admin/users/:id'(call) {
			await asAdmin(call);
			const user = await named(call);
			const given = parse(adminUserBody, call.body);
			await changeUser(call.transaction, user, {
				...attributesOf(given),
				bannedUntil: given.ban_duration === undefined ? undefined : banEnd(given.ban_duration),
			});
			return describeUser(call.transaction, (await userById(call.transaction, user.id)) ?? user);
		},
		async 'DELETE /admin/users/:id'(call) {
			await asAdmin(call);
			await named(call);
			await call.transaction`delete from auth.users where id = ${call.id}`;
			return {};
		},
	};
}
