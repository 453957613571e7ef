// Whether the target can take what a clone writes, looked at before anything is written. Best effort about the
// disk: not every account may ask for it, and how much of the source is copied is known only roughly.
import * as z from 'zod/mini';
import type { Endpoint } from '../contract/endpoint.ts';
import { mirrorsAllRows } from '../domain/clone.ts';
import { TwinsError } from '../domain/errors.ts';
import { both } from '../platform/both.ts';
import type { Run } from './step.ts';

const diskSchema = z.object({ metrics: z.object({ fs_avail_bytes: z.number() }) });

/** What a database takes on disk may be bloat: half of it is needed for certain. */
const CERTAIN_SHARE = 0.5;

/** Throws `target_not_ready` when the target takes no writes or lacks the disk space for the source's rows. */
export async function checkDiskSpace(run: Run, source: Endpoint, target: Endpoint): Promise<void> {
	const [from, to] = await both(stateOf(source), stateOf(target));
	// The source's sessions are read only by our own doing; the target's never are.
	if (to.isReadOnly) {
		throw new TwinsError(
			'target_not_ready',
			'The target database is in read-only mode, as Supabase sets it when the disk is nearly full',
			'Free or add disk space in the target’s dashboard (Database settings), end the read-only mode, and clone again.',
		);
	}
	if (!mirrorsAllRows(run.options, run.ignore_rules)) return;
	const needed = CERTAIN_SHARE * (from.bytes - to.bytes);
	const available = await availableBytes(target);
	if (available === null || available >= needed) return;
	throw new TwinsError(
		'target_not_ready',
		`The target's disk is too small: ${gigabytes(available)} are free, the source's database has ${gigabytes(from.bytes)}`,
		'Give the target more disk space in its dashboard, or copy less: set a row limit or ignore rules.',
	);
}

async function stateOf(
	endpoint: Endpoint,
): Promise<{ readonly bytes: number; readonly isReadOnly: boolean }> {
	const session = await endpoint.database();
	const [row] = await session.query<{ bytes: number; is_read_only: boolean }>(`
		select pg_catalog.pg_database_size(pg_catalog.current_database()) as bytes,
			pg_catalog.current_setting('transaction_read_only')::bool as is_read_only`);
	return { bytes: row?.bytes ?? 0, isReadOnly: row?.is_read_only ?? false };
}

/** Null where the account may not ask, or nobody answers. */
async function availableBytes(target: Endpoint): Promise<number | null> {
	const answer = await target.api.get<unknown>('/config/disk/util').catch(() => null);
	const disk = diskSchema.safeParse(answer);
	return disk.success ? disk.data.metrics.fs_avail_bytes : null;
}

function gigabytes(bytes: number): string {
	return `${(bytes / 1024 ** 3).toFixed(1)} GB`;
}
