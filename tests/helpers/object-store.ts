// A bucket for tests: the S3 of the local stack on a port of its own.
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { startObjectStore } from '../../local/supabase/object-store.ts';
import type { Destination } from '../../supabase/functions/_shared/platform/object-store.ts';
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

async function freePort(): Promise<number> {
	const server = net.createServer().listen(0, '127.0.0.1');
	await new Promise((resolve) => server.once('listening', resolve));
	const address = server.address();
	await new Promise((resolve) => server.close(resolve));
	return typeof address === 'object' && address !== null ? address.port : 0;
}
