// A bucket for tests: the S3 of the local stack on a port of its own.
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { startObjectStore } from '../../local/supabase/object-store.ts';
import { freePort } from '../../local/supabase/ports.ts';
import type {
	Destination,
	ObjectStore,
} from '../../supabase/functions/_shared/platform/object-store.ts';
import { atEnd } from './at-end.ts';

/** Gone when the test file ends. */
export async function openS3(): Promise<Destination> {
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'twins-bucket-'));
	const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' };
	const store = await startObjectStore(await freePort(), dir, 'backups', credentials);
	atEnd(async () => {
		await store.close();
		fs.rmSync(dir, { recursive: true });
	});
	const { endpoint, region, bucket } = store;
	return { endpoint, region, bucket, prefix: '', ...credentials };
}

/** What `aws s3 cp --recursive` does. */
export async function download(store: ObjectStore, folder: string, dir: string): Promise<void> {
	for (const { name } of await store.list(`${folder}/`)) {
		const file = path.join(dir, path.relative(folder, name));
		fs.mkdirSync(path.dirname(file), { recursive: true });
		fs.writeFileSync(file, await store.get(name));
	}
}
