// Where backups go on the command line: an address s3://bucket/folder, and the variables that the tools of AWS read.
import { TwinsError } from '../supabase/functions/_shared/domain/errors.ts';
import type { Destination } from '../supabase/functions/_shared/platform/object-store.ts';

const EXAMPLE = 's3://my-bucket/folder';

/** Reads an address and the variables. Throws `bad_request` with what is missing. */
export function parseDestination(
	option: string,
	address: string,
	variables: Readonly<Record<string, string | undefined>>,
): Destination {
	const [, bucket, prefix = ''] = /^s3:\/\/([^/]+)(?:\/(.*))?$/s.exec(address) ?? [];
	if (bucket === undefined) {
		throw new TwinsError('bad_request', `${option} is no address of a bucket`, `Give ${EXAMPLE}.`);
	}
	const accessKeyId = variables['AWS_ACCESS_KEY_ID'] ?? '';
	const secretAccessKey = variables['AWS_SECRET_ACCESS_KEY'] ?? '';
	if (accessKeyId === '' || secretAccessKey === '') {
		throw new TwinsError(
			'bad_request',
			'There is no key for the bucket',
			'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; AWS_ENDPOINT_URL_S3 for a store other than that of AWS.',
		);
	}
	const endpoint = variables['AWS_ENDPOINT_URL_S3'] ?? variables['AWS_ENDPOINT_URL'] ?? '';
	if (endpoint !== '' && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? '')) {
		throw new TwinsError(
			'bad_request',
			'AWS_ENDPOINT_URL_S3 is no URL',
			'Give the address of the store, such as https://s3.example.com.',
		);
	}
	return {
		endpoint: endpoint === '' ? null : endpoint,
		region: variables['AWS_REGION'] ?? variables['AWS_DEFAULT_REGION'] ?? 'us-east-1',
		bucket,
		prefix: prefix.replace(/^\/+|\/+$/g, ''),
		accessKeyId,
		secretAccessKey,
	};
}
