// Looks at what the service made of the files we sent: nothing counts as copied before its row says so.
import type { StageContext } from '../../contract/context.ts';
import type { StorageEndpoint } from './endpoints.ts';
import { type StoredFile, storedFile } from './file.ts';
import { remembered } from './memory.ts';
import { FILES_NAMED } from './queries.ts';

export interface Damage {
	readonly detail: string;
	readonly fix: string;
}

const FIX = 'Clone again; the file will be sent anew.';
/** An ETag without a part count is the MD5 of the content. */
const isMd5 = (etag: string | null): etag is string => etag !== null && /^[0-9a-f]{32}$/.test(etag);

/**
 * Compares each copied file with its row on the target, and remembers those whose rows cannot be equal
 * though the bytes are (other parts, other ETag). Returns the files that did not arrive whole, by name.
 */
export async function verifyUploads(
	context: Pick<StageContext, 'memory' | 'remember'>,
	target: StorageEndpoint,
	bucket: string,
	files: readonly StoredFile[],
): Promise<ReadonlyMap<string, Damage>> {
	const damage = new Map<string, Damage>();
	if (files.length === 0) return damage;
	const names = JSON.stringify(files.map(({ name }) => name));
	const rows = (await target.query(FILES_NAMED, [bucket, names])).map(storedFile);
	const arrived = new Map(rows.map((row) => [row.name, row]));
	for (const file of files) {
		const row = arrived.get(file.name);
		if (!row) {
			damage.set(file.name, {
				detail: 'the target does not list the file after its upload',
				fix: FIX,
			});
		} else if (file.size !== null && row.size !== file.size) {
			const detail = `arrived with ${row.size ?? 0} of ${file.size} bytes`;
			damage.set(file.name, { detail, fix: FIX });
		} else if (isMd5(file.etag) && isMd5(row.etag) && file.etag !== row.etag) {
			damage.set(file.name, { detail: 'arrived with other bytes (MD5 differs)', fix: FIX });
		} else {
			context.remember(remembered(context.memory, bucket, file, row));
		}
	}
	return damage;
}
