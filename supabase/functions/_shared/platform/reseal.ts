// Seals all stored secrets with the current key, so that an older one can be forgotten.
import { TwinsError } from '../domain/errors.ts';
import type { Queries } from './control.ts';
import { ident } from './postgres/index.ts';
import {
	databaseLoginOf,
	databasePasswordOf,
	oauthRequestOf,
	openToken,
	type SealedToken,
	sealToken,
	type TokenKeys,
} from './vault.ts';

/** A table of sealed secrets: what tells its rows apart, and what each is sealed for. */
interface SealedTable {
	readonly name: string;
	readonly key: readonly string[];
	/** Columns that the holder is made of. */
	readonly held: readonly string[];
	holder(...values: readonly string[]): string;
}

const itself = (value = ''): string => value;

/** Every table of the control database that holds sealed secrets; a test finds those that are missing. */
export const SEALED_TABLES: readonly SealedTable[] = [
	{ name: 'account_credentials', key: ['account_id'], held: ['account_id'], holder: itself },
	{
		name: 'database_passwords',
		key: ['account_id', 'ref'],
		held: ['account_id', 'ref'],
		holder: (account = '', ref = '') => databasePasswordOf(account, ref),
	},
	{
		name: 'database_logins',
		key: ['account_id', 'ref'],
		held: ['account_id', 'ref'],
		holder: (account = '', ref = '') => databaseLoginOf(account, ref),
	},
	{ name: 'destination_keys', key: ['destination_id'], held: ['destination_id'], holder: itself },
	{ name: 'restore_keys', key: ['id'], held: ['id'], holder: itself },
	{ name: 'channel_addresses', key: ['channel_id'], held: ['channel_id'], holder: itself },
	{
		name: 'oauth_requests',
		key: ['state_hash'],
		held: ['owner_id'],
		holder: (owner = '') => oauthRequestOf(owner),
	},
];

/** What became of the secrets of one table, in rows. */
export interface Resealed {
	readonly table: string;
	/** Sealed with the current key before. */
	readonly current: number;
	/** Sealed anew; or would be, when nothing is written. */
	readonly resealed: number;
	/** That no key of this installation opens: which, and why. They stay as they are. */
	readonly unreadable: readonly { readonly key: string; readonly reason: string }[];
}

interface SealedRow extends SealedToken, Record<string, unknown> {
	readonly key: readonly string[];
	readonly held: readonly string[];
}

/**
 * Opens every secret of the control database, and seals those of older keys with the current one. With `isDryRun` nothing
 * is written. A secret that is stored anew meanwhile stays as it is stored. Throws what the database refuses.
 */
export async function reseal(
	control: Queries,
	keys: TokenKeys,
	isDryRun: boolean,
): Promise<readonly Resealed[]> {
	const told: Resealed[] = [];
	for (const table of SEALED_TABLES) {
		let [current, resealed] = [0, 0];
		const unreadable: { key: string; reason: string }[] = [];
		for (const row of await readSealed(control, table)) {
			const holder = table.holder(...row.held);
			try {
				const secret = await openToken(keys, holder, row);
				if (row.key_id === keys.current) current += 1;
				else {
					if (!isDryRun) await store(control, table, row, await sealToken(keys, holder, secret));
					resealed += 1;
				}
			} catch (error) {
				if (!(error instanceof TwinsError) || error.code !== 'secret_unreadable') throw error;
				unreadable.push({ key: row.key.join('/'), reason: error.message });
			}
		}
		told.push({ table: table.name, current, resealed, unreadable });
	}
	return told;
}

const asTexts = (columns: readonly string[]): string =>
	`array[${columns.map((name) => `t.${ident(name)}::text`).join(', ')}]`;

const readSealed = (control: Queries, { name, key, held }: SealedTable): Promise<SealedRow[]> =>
	control.query<SealedRow>(`
select to_jsonb(${asTexts(key)}) as key, to_jsonb(${asTexts(held)}) as held, t.key_id,
  encode(t.iv, 'base64') as iv, encode(t.ciphertext, 'base64') as ciphertext
from private.${ident(name)} as t where t.ciphertext is not null`);

async function store(
	control: Queries,
	{ name, key }: SealedTable,
	row: SealedRow,
	sealed: SealedToken,
): Promise<void> {
	await control.query(
		`update private.${ident(name)} as t
set key_id = $1, iv = decode($2, 'base64'), ciphertext = decode($3, 'base64')
where to_jsonb(${asTexts(key)}) = $4::jsonb and t.iv = decode($5, 'base64')`,
		[sealed.key_id, sealed.iv, sealed.ciphertext, row.key, row.iv],
	);
}
