// What users ask of the function `backups`: a destination is tested as backups will use it, and saved with its key sealed.
import type { BackupsRequest, SaveDestination } from '../domain/destination.ts';
import { TwinsError } from '../domain/errors.ts';
import { checkRecipient, recipientOf } from '../platform/age.ts';
import { sealToken } from '../platform/vault.ts';
import { sealDestinationKey } from '../platform/destination-key.ts';
import type { Environment } from '../platform/environment.ts';
import { openObjectStore } from '../platform/object-store.ts';
import { checkAddress, type Reach } from '../platform/outgoing-post.ts';
import type { Session } from '../platform/postgres/index.ts';

export interface DestinationPorts {
	readonly control: Session;
	readonly environment: Pick<Environment, 'tokenKeys' | 'ownStore'>;
	readonly reach: Reach;
	readonly userId: string;
}

/** Carries out one request and returns its answer. Throws TwinsError. */
export async function act(request: BackupsRequest, ports: DestinationPorts): Promise<unknown> {
	switch (request.action) {
		case 'save_destination':
			return saveDestination(request, ports);
		case 'give_key':
			return giveKey(request.identity, ports);
		case 'own_store':
			return { available: ports.environment.ownStore !== null };
	}
}

/** How much of the key's id is shown, to tell keys from each other. */
const HINT_CHARACTERS = 4;

async function saveDestination(
	request: SaveDestination,
	{ control, environment, reach, userId }: DestinationPorts,
): Promise<unknown> {
	const id = request.destination_id ?? crypto.randomUUID();
	const endpoint = request.endpoint === null ? null : await endpointOf(request.endpoint, reach);
	await testDestination({ ...request, endpoint }, reach);
	const sealed = await sealDestinationKey(environment.tokenKeys, id, request);
	const [row] = await control.query<{ destination: unknown }>(
		`select private.save_destination(
			row($1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8, $12, now(), now())::public.backup_destinations, $9, $10, $11
		) as destination`,
		[
			id,
			userId,
			request.name,
			endpoint,
			request.region,
			request.bucket,
			request.prefix,
			request.access_key_id.slice(-HINT_CHARACTERS),
			sealed.key_id,
			sealed.iv,
			sealed.ciphertext,
			request.recipient === null ? null : checkRecipient(request.recipient),
		],
	);
	return { destination: row?.destination };
}

/** Answers with the id by which start_restore is told of the key, and whose key it is. */
async function giveKey(
	identity: string,
	{ control, environment, userId }: DestinationPorts,
): Promise<unknown> {
	const recipient = await recipientOf(identity);
	const id = crypto.randomUUID();
	const sealed = await sealToken(environment.tokenKeys, id, identity.trim());
	await control.query('select private.save_restore_key($1::uuid, $2::uuid, $3, $4, $5, $6)', [
		...[id, userId, recipient, sealed.key_id, sealed.iv, sealed.ciphertext],
	]);
	return { key_id: id, recipient };
}

/** The address of the store without what S3 has no use for. */
async function endpointOf(given: string, reach: Reach): Promise<string> {
	try {
		return (await checkAddress(given, reach)).url.origin;
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code !== 'bad_request') throw error;
		throw new TwinsError(
			'bad_request',
			`The endpoint cannot be used: ${error.message}`,
			'Give the https address of the store, for example https://s3.example.com.',
		);
	}
}

/** Somebody waits for the answer. */
const ATTEMPTS = 2;

/** Writes, reads, lists and removes one object, as backups do. Throws what the store says. */
async function testDestination(request: SaveDestination, reach: Reach): Promise<void> {
	const store = openObjectStore(
		{
			endpoint: request.endpoint,
			region: request.region,
			bucket: request.bucket,
			prefix: request.prefix,
			accessKeyId: request.access_key_id,
			secretAccessKey: request.secret_access_key,
		},
		AbortSignal.timeout(60_000),
		{ reach, attempts: ATTEMPTS },
	);
	const name = `twins-test-${crypto.randomUUID()}`;
	const written = crypto.getRandomValues(new Uint8Array(64));
	let isLeft = false;
	try {
		isLeft = true;
		await store.put(name, written);
		const read = await store.get(name);
		const listed = await store.list(name);
		await store.remove([name]);
		isLeft = false;
		const isSame = read.length === written.length && read.every((byte, at) => byte === written[at]);
		if (isSame && listed.some((object) => object.name === name && object.bytes === 64)) return;
		throw new TwinsError(
			'storage_refused',
			`The bucket ${request.bucket} does not give back what was written into it`,
			'Use another store: backups in this one could not be trusted.',
		);
	} finally {
		// A key that may write and not read must not leave it behind.
		if (isLeft) await store.remove([name]).catch(() => undefined);
		store.close();
	}
}
