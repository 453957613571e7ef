// Backups on the command line: written into a bucket, listed, read back and deleted.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { deleteBackup, listBackups } from '../supabase/functions/_shared/backup/list.ts';
import { safeName } from '../supabase/functions/_shared/backup/objects.ts';
import { bytesOf } from '../supabase/functions/_shared/backup/finish.ts';
import { verifyBackup } from '../supabase/functions/_shared/backup/prove.ts';
import { openBackup, seeBackup } from '../supabase/functions/_shared/backup/open.ts';
import { writeBackup } from '../supabase/functions/_shared/backup/write.ts';
import { formatBytes, formatQuantity } from '../supabase/functions/_shared/domain/amount.ts';
import type { Manifest } from '../supabase/functions/_shared/domain/backup.ts';
import { TwinsError } from '../supabase/functions/_shared/domain/errors.ts';
import {
	openObjectStore,
	type Destination,
	type ObjectStore,
} from '../supabase/functions/_shared/platform/object-store.ts';
import { checkRecipient, recipientOf } from '../supabase/functions/_shared/platform/age.ts';
import { countObjects } from '../supabase/functions/_shared/backup/pages.ts';
import { parseDestination } from './destination.ts';
import { endpointOpener, parseEndpoint } from './endpoints.ts';
import { inOwnWords } from './own-words.ts';
import { EXIT } from './report.ts';

export interface BackupFlags {
	readonly from: string;
	readonly to: string;
	readonly ignore?: readonly string[];
	/** Of age. */
	readonly recipient?: string;
	readonly json?: boolean;
}

/** `from`: the address of a backup, or of the folder that backups are in. */
export interface AddressFlags extends Pick<BackupFlags, 'from' | 'json'> {
	/** File with the key of an encrypted backup, as age-keygen writes it. */
	readonly key?: string;
}

/** Writes the backup and tells where. Exit code 1 when something could not be kept. */
export async function backUp(flags: BackupFlags, signal: AbortSignal): Promise<number> {
	const named = parseEndpoint('--from', flags.from);
	const destination = parseDestination('--to', flags.to, process.env);
	const open = endpointOpener({ source: named, target: named }, process.env);
	const source = await open('source', signal);
	const store = openObjectStore(destination, signal);
	// No two of one second get one name.
	const moment = new Date().toISOString().replaceAll(/[:.]/g, '-');
	const folder = `${safeName(named.name)}/${moment}-${randomBytes(2).toString('hex')}`;
	try {
		await source.database().catch((error: unknown) => {
			throw inOwnWords(error, named);
		});
		const manifest = await writeBackup({
			source,
			store,
			folder,
			ignoreRules: flags.ignore ?? [],
			recipient: flags.recipient === undefined ? null : checkRecipient(flags.recipient),
			signal,
			onTable: (object, done, total) => watch(flags, `${done}/${total} ${object}`),
		});
		const address = addressOf(destination, folder);
		writeResult(flags, { backup: address, ...manifest }, asText(address, manifest));
		return manifest.problems.some(({ outcome }) => outcome === 'failed')
			? EXIT.different
			: EXIT.equal;
	} finally {
		store.close();
		await source.close();
	}
}

function asText(address: string, manifest: Manifest): string {
	const { tables, files, problems, left_out } = manifest;
	const bytes = bytesOf(manifest);
	const rows = tables.reduce((sum, table) => sum + table.rows, 0);
	return [
		...problems.map(({ object, outcome, detail }) => `${outcome} ${object}: ${detail}`),
		`${formatQuantity(tables.length, 'table')} with ${formatQuantity(rows, 'row')} in ${formatBytes(bytes)}, written and read back: ${address}`,
		...(files.objects === 0
			? []
			: [
					`with ${formatBytes(files.bytes)} of files in ${formatQuantity(files.objects, 'object')}`,
				]),
		...(left_out.length === 0 ? [] : [`Not in it: ${left_out.join(', ')}`]),
	].join('\n');
}

/** Reads the backup back and tells what is damaged. Exit code 1 when something is. */
export const verify = (flags: AddressFlags, signal: AbortSignal): Promise<number> =>
	withBackup(flags, signal, async (store, folder) => {
		const identity = await readKeyFile(flags.key);
		const place = { store, folder, identity };
		// With the key: whether it opens the backup, too.
		const seen = identity === null ? await seeBackup(place) : await openBackup(place);
		const damaged = await verifyBackup(seen, (done, total) => watch(flags, `${done}/${total}`));
		const count = countObjects(seen);
		const objects = formatQuantity(count, 'object');
		const text =
			damaged.length === 0
				? `${objects} read back: all are as they were written`
				: damaged.map(({ name, problem }) => `${name} is ${problem}`).join('\n');
		writeResult(flags, { objects: count, damaged }, text);
		return damaged.length === 0 ? EXIT.equal : EXIT.different;
	});

/** Removes all objects of the backup. */
export const deleteOne = (flags: AddressFlags, signal: AbortSignal): Promise<number> =>
	withBackup(flags, signal, async (store, folder) => {
		const objects = await deleteBackup(store, folder);
		writeResult(flags, { objects }, `${formatQuantity(objects, 'object')} removed`);
		return EXIT.equal;
	});

/** Lists the backups below a folder. Exit code 1 when one is not complete. */
export async function list(flags: AddressFlags, signal: AbortSignal): Promise<number> {
	const destination = parseDestination('--from', flags.from, process.env);
	const store = openObjectStore(destination, signal);
	try {
		const backups = (await listBackups(store)).map(({ folder, ...backup }) => ({
			backup: addressOf(destination, folder),
			...backup,
		}));
		const lines = backups.map(
			({ backup, state, bytes }) =>
				`${state.padEnd(10)} ${formatBytes(bytes).padStart(8)} ${backup}`,
		);
		writeResult(flags, { backups }, lines.length === 0 ? 'no backups' : lines.join('\n'));
		return backups.every(({ state }) => state === 'complete') ? EXIT.equal : EXIT.different;
	} finally {
		store.close();
	}
}

export async function withBackup(
	{ from }: AddressFlags,
	signal: AbortSignal,
	work: (store: ObjectStore, folder: string) => Promise<number>,
): Promise<number> {
	const destination = parseDestination('--from', from, process.env);
	const folder = destination.prefix;
	if (folder === '') {
		throw new TwinsError(
			'bad_request',
			'--from names a bucket, and no backup in it',
			'Give the address that the backup command printed.',
		);
	}
	const store = openObjectStore({ ...destination, prefix: '' }, signal);
	try {
		return await work(store, folder);
	} finally {
		store.close();
	}
}

/** The key in a file, between comments. Throws `bad_request` where there is none; null without a file. */
export async function readKeyFile(file: string | undefined): Promise<string | null> {
	if (file === undefined) return null;
	const text = await readFile(file, 'utf8').catch(() => {
		throw new TwinsError('bad_request', `${file} cannot be read`, 'Give the file with your key.');
	});
	const identity = text.split('\n').find((line) => line.startsWith('AGE-SECRET-KEY-1')) ?? '';
	await recipientOf(identity);
	return identity.trim();
}

const addressOf = ({ bucket, prefix }: Destination, folder: string): string =>
	['s3:/', bucket, prefix, folder].filter((part) => part !== '').join('/');

/** What is going on, where somebody watches. */
export function watch({ json }: Pick<BackupFlags, 'json'>, text: string): void {
	if (json !== true && process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`);
}

export function writeResult(
	{ json }: Pick<BackupFlags, 'json'>,
	result: object,
	text: string,
): void {
	watch({ ...(json === undefined ? {} : { json }) }, '');
	process.stdout.write(`${json === true ? JSON.stringify(result) : text}\n`);
}
