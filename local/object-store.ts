// The S3 store for backups: fauxqs on the loopback address, files on disk.

import { CreateBucketCommand, HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { buildApp } from 'fauxqs';
// Not exported by name: its own start function listens on all addresses, and we must not.
import { FileS3Persistence } from '../node_modules/fauxqs/dist/s3/fileS3Persistence.js';
import { S3Store } from '../node_modules/fauxqs/dist/s3/s3Store.js';
import { SnsStore } from '../node_modules/fauxqs/dist/sns/snsStore.js';
import { SqsStore } from '../node_modules/fauxqs/dist/sqs/sqsStore.js';

export interface ObjectStore {
	readonly endpoint: string;
	readonly bucket: string;
	readonly region: string;
	close(): Promise<void>;
}

const BUCKET = 'twins-backups';
const REGION = 'us-east-1';

export async function startObjectStore(
	port: number,
	directory: string,
	credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
): Promise<ObjectStore> {
	const s3Store = new S3Store();
	const persistence = new FileS3Persistence(directory);
	persistence.loadS3(s3Store);
	s3Store.persistence = persistence;
	const app = await buildApp({
		logger: false,
		host: '127.0.0.1',
		defaultRegion: REGION,
		stores: { sqsStore: new SqsStore(), snsStore: new SnsStore(), s3Store },
	});
	await app.listen({ port, host: '127.0.0.1' });
	const endpoint = `http://127.0.0.1:${port}`;
	await ensureBucket(endpoint, credentials);
	return {
		endpoint,
		bucket: BUCKET,
		region: REGION,
		async close() {
			await app.close();
			persistence.close();
		},
	};
}

async function ensureBucket(
	endpoint: string,
	credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
): Promise<void> {
	const client = new S3Client({ endpoint, region: REGION, credentials, forcePathStyle: true });
	try {
		await client
			.send(new HeadBucketCommand({ Bucket: BUCKET }))
			.catch(() => client.send(new CreateBucketCommand({ Bucket: BUCKET })));
	} finally {
		client.destroy();
	}
}
