// Backups and restores as the worker carries them out, slice by slice.
import type { BackupWork, StoreContext } from '../contract/backup.ts';
import { TwinsError } from '../domain/errors.ts';
import { deleteBackup } from './list.ts';
import { prove } from './prove.ts';
import { prepareRestore } from './restore-plan.ts';
import { restore } from './restore.ts';
import { writeSlice } from './write.ts';

/**
 * Text of rows in a slice: compressing, hashing and sending it takes about a quarter of the two seconds of CPU on a quiet
 * machine, and twice that where its cores are shared.
 */
const SLICE_BYTES = 16 * 1024 * 1024;
const LEAST_BYTES = 1024 * 1024;

/** Where text is much larger than the table on disk, a slice would use up its CPU time again and again. */
const smaller = (bytes: number, { attempts }: StoreContext): number =>
	Math.max(Math.min(bytes, LEAST_BYTES), bytes / 2 ** attempts);

/** `sliceBytes`: lower in tests. */
export const makeBackupWork = (sliceBytes = SLICE_BYTES): BackupWork => ({
	async write(context) {
		const { source, store, folder, ignoreRules, recipient, signal } = context;
		const written = await writeSlice(
			{ source, store, folder, ignoreRules, recipient, signal, onProgress: context.progress },
			context.cursor,
			{
				bytes: smaller(recipient === null ? sliceBytes : sliceBytes / 2, context),
				spent: context.spent,
			},
		);
		if (written.state === 'done') return written;
		const { state, cursor, handOn } = written;
		return { state, cursor, ...(handOn ? { handOn } : {}) };
	},
	prove: (context) => prove(context, context.mode),
	async remove({ store, folder }) {
		await deleteBackup(store, folder).catch((error: unknown) => {
			// Somebody emptied the bucket, or nothing was ever written.
			if (!(error instanceof TwinsError) || error.code !== 'not_found') throw error;
		});
		return { state: 'done' };
	},
	prepareRestore,
	restore,
});

export const backupWork = makeBackupWork();
