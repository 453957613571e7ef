// Rotating the encryption key of an installation: all that is sealed is sealed anew, and nothing is lost on the way. What
// tells is decryption by Node's own crypto, with the new key alone.
import { createDecipheriv, randomBytes } from 'node:crypto';
import * as path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { connectControl } from '../../supabase/functions/_shared/platform/database.ts';
import { reseal, SEALED_TABLES } from '../../supabase/functions/_shared/platform/reseal.ts';
import { importTokenKeys, sealToken } from '../../supabase/functions/_shared/platform/vault.ts';
import { runCommand } from '../helpers/command.ts';
import { type Control, freshControl } from '../helpers/control.ts';

const OLD = randomBytes(32).toString('base64');
const NEW = randomBytes(32).toString('base64');
const LOST = randomBytes(32).toString('base64');
const DESTINATION = '33333333-3333-4333-8333-333333333333';
const CHANNEL = '44444444-4444-4444-8444-444444444444';
const RESTORE_KEY = '55555555-5555-4555-8555-555555555555';
let control: Control;
/** What each secret was sealed for, and what it says. */
const secrets: Record<string, { readonly holder: string; readonly text: string }> = {};

beforeAll(async () => {
	control = await freshControl();
	const { sql, accountId, userId, targetRef } = control;
	const keys = await importTokenKeys('old', OLD);
	const seal = async (table: string, holder: string) => {
		secrets[table] = { holder, text: `${table} öffne dich` };
		const { key_id, iv, ciphertext } = await sealToken(keys, holder, `${table} öffne dich`);
		return { key_id, iv: Buffer.from(iv, 'base64'), ciphertext: Buffer.from(ciphertext, 'base64') };
	};
	await sql`update private.account_credentials set ${sql(await seal('account_credentials', accountId))}`;
	await sql`insert into private.database_passwords ${sql({
		account_id: accountId,
		ref: targetRef,
		...(await seal('database_passwords', `${accountId}/${targetRef}`)),
	})}`;
	await sql`insert into private.database_logins ${sql({
		account_id: accountId,
		ref: targetRef,
		expires_at: new Date(Date.now() + 60_000),
		...(await seal('database_logins', `login of ${accountId}/${targetRef}`)),
	})}`;
	await sql`insert into public.backup_destinations (id, owner_id, name, endpoint, region, bucket, prefix, key_hint)
		values (${DESTINATION}, ${userId}, 'd', 'https://s3.example.com', 'r', 'bucket', '', 'AKIA')`;
	await sql`insert into private.destination_keys ${sql({
		destination_id: DESTINATION,
		...(await seal('destination_keys', DESTINATION)),
	})}`;
	await sql`insert into private.restore_keys ${sql({
		id: RESTORE_KEY,
		owner_id: userId,
		recipient: 'age1',
		...(await seal('restore_keys', RESTORE_KEY)),
	})}`;
	await sql`insert into public.notification_channels (id, owner_id, kind, name, destination, events)
		values (${CHANNEL}, ${userId}, 'webhook', 'c', 'example.com', '{run_failed}')`;
	await sql`insert into private.channel_addresses ${sql({
		channel_id: CHANNEL,
		...(await seal('channel_addresses', CHANNEL)),
	})}`;
	await sql`insert into private.oauth_requests ${sql({
		state_hash: 'h',
		owner_id: userId,
		...(await seal('oauth_requests', `oauth request of ${userId}`)),
	})}`;
});

async function stored(table: string) {
	const [row] = await control.sql<{ key_id: string; iv: Buffer; ciphertext: Buffer }[]>`
		select key_id, iv, ciphertext from ${control.sql(`private.${table}`)}`;
	if (!row) throw new Error(`nothing in ${table}`);
	return row;
}

function opened(key: string, holder: string, iv: Buffer, ciphertext: Buffer): string {
	const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'base64'), iv);
	decipher.setAAD(Buffer.from(holder));
	decipher.setAuthTag(ciphertext.subarray(-16));
	return Buffer.concat([decipher.update(ciphertext.subarray(0, -16)), decipher.final()]).toString();
}

const cli = (env: NodeJS.ProcessEnv, ...words: string[]) =>
	runCommand(
		process.execPath,
		[path.join(import.meta.dirname, '../../cli/main.ts'), 'reseal-secrets', ...words],
		{ env },
	);

it('knows every table that holds sealed secrets', async () => {
	const tables = await control.sql<{ name: string }[]>`
		select table_name as name from information_schema.columns
		where table_schema not in ('pg_catalog', 'information_schema', 'vault') and column_name = 'ciphertext'
		order by 1`;
	expect(tables.map(({ name }) => name)).toEqual(SEALED_TABLES.map(({ name }) => name).toSorted());
});

it('writes nothing in a dry run, and nothing that it cannot open', async () => {
	const before = await Promise.all(Object.keys(secrets).map(stored));
	const session = await connectControl(control.dbUrl);
	try {
		const dry = await reseal(session, await importTokenKeys('new', NEW, { old: OLD }), true);
		expect(dry.map(({ resealed, unreadable }) => [resealed, unreadable.length])).toEqual(
			SEALED_TABLES.map(() => [1, 0]),
		);
		for (const keys of [
			await importTokenKeys('new', NEW),
			await importTokenKeys('new', NEW, { old: LOST }),
		]) {
			const lost = await reseal(session, keys, false);
			expect(lost.map(({ resealed, unreadable }) => [resealed, unreadable.length])).toEqual(
				SEALED_TABLES.map(() => [0, 1]),
			);
		}
	} finally {
		await session.close();
	}
	expect(await Promise.all(Object.keys(secrets).map(stored))).toEqual(before);
});

it('seals everything with the new key, from the command line, and has nothing to do again', async () => {
	const env = {
		TWINS_ENCRYPTION_KEY: NEW,
		TWINS_ENCRYPTION_KEY_ID: 'new',
		TWINS_ENCRYPTION_KEYS_PREVIOUS: JSON.stringify({ old: OLD }),
	};
	const first = await cli(env, '--control', control.dbUrl);
	expect(first).toMatchObject({ code: 0, stderr: '' });
	for (const [table, { holder, text }] of Object.entries(secrets)) {
		const { key_id, iv, ciphertext } = await stored(table);
		expect([key_id, opened(NEW, holder, iv, ciphertext)]).toEqual(['new', text]);
		expect(first.stdout).toContain(`${table}: 1 sealed anew`);
		expect(first.stdout).not.toContain('öffne');
	}
	const again = await cli(
		{ ...env, TWINS_ENCRYPTION_KEYS_PREVIOUS: '{}' },
		'--control',
		control.dbUrl,
		'--json',
	);
	expect(again.code).toBe(0);
	expect(JSON.parse(again.stdout)).toEqual(
		SEALED_TABLES.map(({ name }) => ({ table: name, current: 1, resealed: 0, unreadable: [] })),
	);
});

it('refuses to begin without keys, and names what no key opens', async () => {
	const none = await cli({}, '--control', control.dbUrl);
	expect(none).toMatchObject({ code: 2, stdout: '' });
	expect(none.stderr).toContain('TWINS_ENCRYPTION_KEYS_PREVIOUS');
	const wrong = await cli(
		{ TWINS_ENCRYPTION_KEY: LOST, TWINS_ENCRYPTION_KEY_ID: 'new' },
		'--control',
		control.dbUrl,
	);
	expect(wrong.code).toBe(1);
	expect(wrong.stdout).toContain(
		`cannot be opened: ${control.accountId}. The encryption key "new"`,
	);
});
