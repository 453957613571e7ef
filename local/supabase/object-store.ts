// An S3 store with one bucket: fauxqs on the loopback address, files on disk.

import * as path from 'node:path';
import { pathToFileURL } from 'node:url';
import { CreateBucketCommand, HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { buildApp } from 'fauxqs';
import { packageDir } from './package-dir.ts';

type Stores = NonNullable<NonNullable<Parameters<typeof buildApp>[0]>['stores']>;
type Make<T> = new () => T;

type Persistence = NonNullable<Stores['s3Store']['persistence']> & {
	loadS3(store: Stores['s3Store']): void;
	close(): void;
};

export interface ObjectStore {
	readonly endpoint: string;
	readonly bucket: string;
	readonly region: string;
	close(): Promise<void>;
}

const REGION = 'us-east-1';

export async function startObjectStore(
	port: number,
	directory: string,
	bucket: string,
	credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
): Promise<ObjectStore> {
	const { S3Store, FileS3Persistence, SnsStore, SqsStore } = await loadParts();
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
	await ensureBucket(endpoint, bucket, credentials);
	return {
		endpoint,
		bucket,
		region: REGION,
		async close() {
			await app.close();
			persistence.close();
		},
	};
}

/** Its own start function listens on all addresses, and we must not; its parts are not exported by name. */
async function loadParts() {
	const load = async <T>(file: string): Promise<T> =>
		import(pathToFileURL(path.join(packageDir('fauxqs'), 'dist', file)).href);
	return {
		...(await load<{ S3Store: Make<Stores['s3Store']> }>('s3/s3Store.js')),
		...(await load<{ SnsStore: Make<Stores['snsStore']> }>('sns/snsStore.js')),
		...(await load<{ SqsStore: Make<Stores['sqsStore']> }>('sqs/sqsStore.js')),
		...(await load<{ FileS3Persistence: new (directory: string) => Persistence }>(
			's3/fileS3Persistence.js',
		)),
	};
}

async function ensureBucket(
	endpoint: string,
	bucket: string,
	credentials: { readonly accessKeyId: string; readonly secretAccessKey: string },
): Promise<void> {
	const client = new S3Client({ endpoint, region: REGION, credentials, forcePathStyle: true });
	try {
		await client
			.send(new HeadBucketCommand({ Bucket: bucket }))
			.catch(() => client.send(new CreateBucketCommand({ Bucket: bucket })));
	} finally {
		client.destroy();
	}
}
