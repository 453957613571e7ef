// Our table on the target: unfinished uploads.
import { TwinsError } from '../../domain/errors.ts';
import type { StorageEndpoint } from './endpoints.ts';
import { CREATE_LEDGER, HAS_LEDGER } from './queries.ts';

/** Makes the table when it is missing. */
export async function createLedger(target: StorageEndpoint): Promise<void> {
	if (await hasLedger(target)) return;
	try {
		await target.script(CREATE_LEDGER);
	} catch (error) {
		// Two workers at once: `if not exists` does not wait for the other's transaction.
		const raced =
			error instanceof TwinsError && /^(23505|42P06|42P07)$/.test(error.details.sqlstate ?? '');
		if (!raced) throw error;
		await target.script(CREATE_LEDGER);
	}
}

async function hasLedger(target: StorageEndpoint): Promise<boolean> {
	const [row] = await target.query(HAS_LEDGER);
	return row?.['present'] === true;
}
