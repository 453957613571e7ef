// A folder in a bucket of any S3-compatible store. An object is written in one request of known length: it is there as a
// whole or not at all, and nothing is left of a request that was cut.
import {
	DeleteObjectsCommand,
	GetObjectCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	S3Client,
	S3ServiceException,
} from '@aws-sdk/client-s3';
import * as http from 'node:http';
import * as https from 'node:https';
import { TwinsError } from '../domain/errors.ts';
import { guardedLookup, type Reach } from './outgoing-post.ts';

export interface Destination {
	/** Base URL of the store; null for AWS. */
	readonly endpoint: string | null;
	readonly region: string;
	readonly bucket: string;
	/** Folder within the bucket, no slash at its ends; empty for the bucket itself. */
	readonly prefix: string;
	readonly accessKeyId: string;
	readonly secretAccessKey: string;
}

export interface StoredObject {
	/** Below the prefix. */
	readonly name: string;
	readonly bytes: number;
}

export interface ObjectStore {
	put(name: string, body: Uint8Array): Promise<void>;
	/** The whole object. Throws `not_found` when there is none. */
	get(name: string): Promise<Uint8Array<ArrayBuffer>>;
	/** All objects below a folder (`folder/`), whatever their number. */
	list(folder: string): Promise<readonly StoredObject[]>;
	/** Removes them; one that is not there any more is no error. */
	remove(names: readonly string[]): Promise<void>;
	close(): void;
}

/** Tries of each request: SlowDown, 5xx and cut connections are tried again, with growing pauses. */
const ATTEMPTS = 6;
/** What one request may remove. */
const AT_ONCE = 1000;

/** A store that says nothing for so long is asked again. */
const CONNECT_MS = 10_000;
const ANSWER_MS = 60_000;

export interface StoreSettings {
	/** Which addresses may be connected to: of a store that a user named. */
	readonly reach?: Reach;
	/** Lower where somebody waits for the answer. */
	readonly attempts?: number;
}

/**
 * Opens nothing yet; `signal` ends what writes and reads, so that what was written can still be removed. Its calls throw
 * `storage_refused`, `not_found` or, passing, `api_unavailable`.
 */
export function openObjectStore(
	to: Destination,
	signal: AbortSignal,
	{ reach = { allowsPrivate: true }, attempts = ATTEMPTS }: StoreSettings = {},
): ObjectStore {
	const agent = { keepAlive: true, lookup: guardedLookup(reach) };
	const client = new S3Client({
		...(to.endpoint === null ? {} : { endpoint: to.endpoint, forcePathStyle: true }),
		region: to.region,
		credentials: { accessKeyId: to.accessKeyId, secretAccessKey: to.secretAccessKey },
		maxAttempts: attempts,
		requestHandler: {
			httpAgent: new http.Agent(agent),
			httpsAgent: new https.Agent(agent),
			connectionTimeout: CONNECT_MS,
			requestTimeout: ANSWER_MS,
			throwOnRequestTimeout: true,
		},
		// Bodies are signed with their SHA-256; further checksums are unknown to some stores.
		requestChecksumCalculation: 'WHEN_REQUIRED',
		responseChecksumValidation: 'WHEN_REQUIRED',
	});
	const keyOf = (name: string): string => (to.prefix === '' ? name : `${to.prefix}/${name}`);
	const Bucket = to.bucket;
	const call = async <T>(action: string, request: Promise<T>): Promise<T> => {
		try {
			return await request;
		} catch (error) {
			if (error instanceof Error && error.name === 'AbortError') signal.throwIfAborted();
			throw refusal(error, action, to);
		}
	};
	const abortSignal = signal;
	return {
		put: async (name, body) => {
			const command = new PutObjectCommand({ Bucket, Key: keyOf(name), Body: body });
			await call(`write ${name}`, client.send(command, { abortSignal }));
		},
		get: (name) =>
			call(
				`read ${name}`,
				client
					.send(new GetObjectCommand({ Bucket, Key: keyOf(name) }), { abortSignal })
					// Not copied into an array of its own type: it is as large as a part.
					.then(async ({ Body }) => (await Body?.transformToByteArray()) ?? new Uint8Array())
					.then((bytes) => bytes as Uint8Array<ArrayBuffer>),
			),
		async list(folder) {
			const found: StoredObject[] = [];
			let token: string | undefined;
			do {
				const page = await call(
					`list ${folder}`,
					client.send(
						new ListObjectsV2Command({ Bucket, Prefix: keyOf(folder), ContinuationToken: token }),
					),
				);
				for (const { Key = '', Size = 0 } of page.Contents ?? []) {
					found.push({ name: Key.slice(keyOf('').length), bytes: Size });
				}
				token = page.NextContinuationToken;
			} while (token !== undefined);
			return found;
		},
		async remove(names) {
			for (let at = 0; at < names.length; at += AT_ONCE) {
				const Objects = names.slice(at, at + AT_ONCE).map((name) => ({ Key: keyOf(name) }));
				const { Errors = [] } = await call(
					'remove objects',
					client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } })),
				);
				const [first] = Errors;
				if (first) {
					throw new TwinsError(
						'storage_refused',
						`The bucket ${Bucket} did not remove ${Errors.length} of ${names.length} objects: ${first.Message ?? first.Code ?? ''}`,
						`Allow s3:DeleteObject to the key, or remove what is below ${keyOf('')} by hand.`,
					);
				}
			}
		},
		close: () => client.destroy(),
	};
}

/** What the codes of S3 mean for who set the destination up. */
const ADVICE: Readonly<Record<string, string>> = {
	AccessDenied:
		'Allow s3:PutObject, s3:GetObject, s3:ListBucket and s3:DeleteObject to the key, for this bucket and folder.',
	InvalidAccessKeyId: 'Check the access key: the store does not know it.',
	SignatureDoesNotMatch: 'Check the secret of the access key, and the region.',
	NoSuchBucket: 'Make the bucket first, or check its name, the region and the endpoint.',
	PermanentRedirect: 'Set the region that the bucket is in.',
	AuthorizationHeaderMalformed: 'Set the region that the bucket is in.',
	RequestTimeTooSkewed: 'Set the clock of this machine: it differs from that of the store.',
};

function refusal(error: unknown, action: string, { bucket, endpoint }: Destination): TwinsError {
	const where = `the bucket ${bucket} (${endpoint === null ? 'AWS' : new URL(endpoint).host})`;
	if (error instanceof S3ServiceException) {
		const httpStatus = error.$metadata.httpStatusCode;
		if (error.name === 'NoSuchKey' || error.name === 'NotFound') {
			return new TwinsError(
				'not_found',
				`Could not ${action}: ${where} has no such object`,
				'Check the name of the backup; somebody may have removed parts of it.',
				{ httpStatus },
			);
		}
		const passing = httpStatus === undefined || httpStatus >= 500 || httpStatus === 429;
		return new TwinsError(
			passing ? 'api_unavailable' : 'storage_refused',
			`Could not ${action}: ${where} answers ${error.name}${httpStatus === undefined ? '' : ` (${httpStatus})`}`,
			ADVICE[error.name] ??
				(passing ? 'Try again later.' : 'Look up this answer in the manual of the store.'),
			{ httpStatus, passing, hint: error.name },
		);
	}
	const reason = error instanceof Error ? error.message || error.name : String(error);
	return new TwinsError(
		'api_unavailable',
		`Could not ${action}: no answer of ${where} (${reason})`,
		'Check the endpoint and the network, then try again.',
		{ passing: true },
	);
}
