// For operators: seals the stored secrets of an installation with its current key.
import { TwinsError } from '../supabase/functions/_shared/domain/errors.ts';
import { connectControl } from '../supabase/functions/_shared/platform/database.ts';
import { reseal, type Resealed } from '../supabase/functions/_shared/platform/reseal.ts';
import { importTokenKeys } from '../supabase/functions/_shared/platform/vault.ts';
import { EXIT } from './report.ts';

export interface ResealFlags {
	readonly control: string;
	readonly dryRun?: boolean;
	readonly json?: boolean;
}

/** Tells what became of each table. Exit code 1 when a secret could not be opened. */
export async function resealSecrets(flags: ResealFlags): Promise<number> {
	const {
		TWINS_ENCRYPTION_KEY: key,
		TWINS_ENCRYPTION_KEY_ID: id,
		TWINS_ENCRYPTION_KEYS_PREVIOUS: previous = '{}',
	} = process.env;
	if (key === undefined || id === undefined) {
		throw new TwinsError(
			'bad_request',
			'The keys of the installation are needed',
			'Set TWINS_ENCRYPTION_KEY and TWINS_ENCRYPTION_KEY_ID to the new key, and TWINS_ENCRYPTION_KEYS_PREVIOUS to {"old id": "old key"}.',
		);
	}
	const keys = await importTokenKeys(id, key, parsed(previous));
	const control = await connectControl(flags.control, process.env['TWINS_DATABASE_CA'] ?? null);
	try {
		const told = await reseal(control, keys, flags.dryRun === true);
		const text = flags.json === true ? JSON.stringify(told) : asText(told, flags.dryRun === true);
		process.stdout.write(`${text}\n`);
		return told.some(({ unreadable }) => unreadable.length > 0) ? EXIT.different : EXIT.equal;
	} finally {
		await control.close();
	}
}

function parsed(previous: string): Record<string, string> {
	try {
		const value: unknown = JSON.parse(previous);
		if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
			return Object.fromEntries(Object.entries(value).map(([id, key]) => [id, String(key)]));
		}
	} catch {
		// Told below.
	}
	throw new TwinsError(
		'bad_request',
		'TWINS_ENCRYPTION_KEYS_PREVIOUS is not understood',
		'Write it as {"old id": "old key in base64"}.',
	);
}

function asText(told: readonly Resealed[], isDryRun: boolean): string {
	const done = isDryRun ? 'would be sealed anew' : 'sealed anew';
	return told
		.flatMap(({ table, current, resealed, unreadable }) => [
			`${table}: ${resealed} ${done}, ${current} with the current key already`,
			...unreadable.map(({ key, reason }) => `  cannot be opened: ${key}. ${reason}`),
		])
		.join('\n');
}
