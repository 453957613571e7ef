// The local Storage service, driven with the real client and by hand where the client hides what matters.
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import postgres from 'postgres';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshPair } from '../helpers/clusters.ts';
import { bytesOf, md5, openStorageProject, type StorageProject } from '../helpers/storage.ts';

let storage: StorageProject;
let client: SupabaseClient;
let sql: postgres.Sql;

beforeAll(async () => {
	const { source } = await freshPair();
	storage = await openStorageProject(source);
	client = createClient(storage.project.url, storage.project.secretKey);
	sql = postgres(source.dbUrl, { max: 1, onnotice: () => undefined });
});
afterAll(() => sql.end());

const raw = (path: string, init: RequestInit = {}) =>
	fetch(`${storage.project.url}/storage/v1${path}`, {
		...init,
		headers: { apikey: storage.project.secretKey, ...(init.headers as Record<string, string>) },
	});

async function userToken(sub: string): Promise<string> {
	return new SignJWT({ role: 'authenticated', sub })
		.setProtectedHeader({ alg: 'HS256' })
		.setExpirationTime('1h')
		.sign(new TextEncoder().encode(storage.project.jwtSecret));
}

describe('buckets', () => {
	it('are made, read, listed, changed and deleted', async () => {
		const made = await client.storage.createBucket('photos', {
			public: true,
			fileSizeLimit: '1MB',
			allowedMimeTypes: ['image/*'],
		});
		expect(made).toEqual({ data: { name: 'photos' }, error: null });
		const read = await client.storage.getBucket('photos');
		expect(read.data).toMatchObject({
			id: 'photos',
			public: true,
			file_size_limit: 1_000_000,
			allowed_mime_types: ['image/*'],
			type: 'STANDARD',
		});
		await client.storage.updateBucket('photos', { public: false, fileSizeLimit: null });
		const listed = await client.storage.listBuckets();
		expect(listed.data).toMatchObject([{ id: 'photos', public: false, file_size_limit: null }]);
		expect((await client.storage.deleteBucket('photos')).error).toBeNull();
		expect((await client.storage.getBucket('photos')).error).toMatchObject({
			message: 'Bucket not found',
			statusCode: '404',
			status: 400,
		});
	});

	it('refuse a second one of the same name, and to go while they hold files', async () => {
		await storage.bucket('twice');
		expect((await client.storage.createBucket('twice')).error).toMatchObject({
			message: 'The resource already exists',
			statusCode: '409',
		});
		await storage.upload('twice/a.txt', 'a');
		expect((await client.storage.deleteBucket('twice')).error).toMatchObject({
			message: 'The bucket you tried to delete is not empty',
		});
		expect((await client.storage.emptyBucket('twice')).error).toBeNull();
		expect((await client.storage.deleteBucket('twice')).error).toBeNull();
	});
});

describe('files', () => {
	beforeAll(() => storage.bucket('files'));

	it('keep type, cache control as it was sent, metadata and the MD5 of their bytes', async () => {
		const body = bytesOf(1000, 'kept');
		await storage.upload('files/kept.bin', body, {
			'content-type': 'application/x-thing; v="1"',
			'cache-control': 'public, max-age=60, immutable',
			'x-metadata': Buffer.from('{"by":"Zoë"}').toString('base64'),
		});
		const [row] =
			await sql`select metadata, user_metadata from storage.objects where name = 'kept.bin'`;
		expect(row?.['metadata']).toMatchObject({
			eTag: `"${md5(body)}"`,
			size: 1000,
			contentLength: 1000,
			mimetype: 'application/x-thing; v="1"',
			cacheControl: 'public, max-age=60, immutable',
			httpStatusCode: 200,
		});
		expect(row?.['user_metadata']).toEqual({ by: 'Zoë' });
		const answer = await raw('/object/authenticated/files/kept.bin', {
			headers: { range: 'bytes=10-19' },
		});
		expect(answer.status).toBe(206);
		expect(answer.headers.get('content-range')).toBe('bytes 10-19/1000');
		expect(answer.headers.get('cache-control')).toBe('public, max-age=60, immutable');
		expect(answer.headers.get('etag')).toBe(`"${md5(body)}"`);
		expect(new Uint8Array(await answer.arrayBuffer())).toEqual(body.subarray(10, 20));
	});

	it('arrive from the browser client as a form, its seconds as max-age', async () => {
		const uploaded = await client.storage
			.from('files')
			.upload('form/hello.txt', new Blob(['hello'], { type: 'text/plain' }), {
				cacheControl: '120',
				metadata: { n: 1 },
			});
		expect(uploaded.data).toMatchObject({
			path: 'form/hello.txt',
			fullPath: 'files/form/hello.txt',
		});
		const info = await client.storage.from('files').info('form/hello.txt');
		expect(info.data).toMatchObject({
			size: 5,
			contentType: 'text/plain',
			cacheControl: 'max-age=120',
			metadata: { n: 1 },
		});
		const { data } = await client.storage.from('files').download('form/hello.txt');
		expect(await data?.text()).toBe('hello');
	});

	it('without bytes are not found: a row that SQL made is no file', async () => {
		await storage.bucket('rows');
		await sql`insert into storage.objects (bucket_id, name, metadata)
			values ('rows', 'row.txt', '{"size": 5, "eTag": "x"}')`;
		const answer = await raw('/object/authenticated/rows/row.txt');
		expect(await answer.json()).toMatchObject({ error: 'not_found', message: 'Object not found' });
	});

	it('are not replaced unless asked', async () => {
		const again = () => client.storage.from('files').upload('once.txt', 'x');
		expect((await again()).error).toBeNull();
		expect((await again()).error).toMatchObject({ statusCode: '409' });
		const replaced = await client.storage.from('files').upload('once.txt', 'yy', { upsert: true });
		expect(replaced.error).toBeNull();
		expect((await client.storage.from('files').info('once.txt')).data?.size).toBe(2);
	});

	it('too large or of a type that is not allowed are refused in the words of the service', async () => {
		await storage.bucket('narrow', { file_size_limit: 10, allowed_mime_types: ['text/*'] });
		const large = await client.storage
			.from('narrow')
			.upload('a', 'more than ten bytes', { contentType: 'text/plain' });
		expect(large.error).toMatchObject({
			message: 'The object exceeded the maximum allowed size',
			statusCode: '413',
		});
		const type = await client.storage.from('narrow').upload('a', 'x', { contentType: 'image/png' });
		expect(type.error).toMatchObject({
			message: 'mime type image/png is not supported',
			statusCode: '415',
		});
		expect(await sql`select from storage.objects where bucket_id = 'narrow'`).toHaveLength(0);
	});

	it('have names of any text, or only of the hosted set where that is asked', async () => {
		for (const name of ["it's 100% Grüße/“q”.txt", 'a+b&c=d?e#f.txt', '日本/語']) {
			const path = ['files', ...name.split('/')].map(encodeURIComponent).join('/');
			await storage.upload(path, name);
			expect(Buffer.from(await storage.download(path)).toString()).toBe(name);
			expect(await sql`select from storage.objects where name = ${name}`).toHaveLength(1);
		}
		await storage.settings({ strictNames: true });
		await expect(storage.upload(encodeURI('files/日本'), 'x')).rejects.toMatchObject({
			message: expect.stringContaining('Invalid key: 日本'),
		});
		await storage.settings({});
	});

	it('are listed by folder and by prefix, page by page', async () => {
		await storage.bucket('listed');
		for (const name of ['a.txt', 'b/1.txt', 'b/2.txt', 'c/d/e.txt']) {
			await storage.upload(`listed/${name}`, name);
		}
		const top = await client.storage.from('listed').list();
		expect(top.data?.map(({ name, id }) => [name, id === null])).toEqual([
			['b', true],
			['c', true],
			['a.txt', false],
		]);
		const inside = await client.storage.from('listed').list('b');
		expect(inside.data?.map(({ name }) => name)).toEqual(['1.txt', '2.txt']);
		const first = await client.storage.from('listed').listV2({ limit: 3 });
		expect(first.data).toMatchObject({ hasNext: true, folders: [] });
		const second = await client.storage
			.from('listed')
			.listV2({ limit: 3, cursor: first.data?.nextCursor ?? '' });
		expect(
			[...(first.data?.objects ?? []), ...(second.data?.objects ?? [])].map((o) => o.name),
		).toEqual(['a.txt', 'b/1.txt', 'b/2.txt', 'c/d/e.txt']);
		expect(second.data?.hasNext).toBe(false);
		const folded = await client.storage.from('listed').listV2({ with_delimiter: true });
		expect(folded.data?.folders.map(({ name }) => name)).toEqual(['b/', 'c/']);
	});

	it('are deleted by the service, never by SQL', async () => {
		await storage.upload('files/gone.txt', 'x');
		await expect(sql`delete from storage.objects where name = 'gone.txt'`).rejects.toThrow(
			'Direct deletion from storage tables is not allowed',
		);
		const removed = await client.storage.from('files').remove(['gone.txt', 'never.txt']);
		expect(removed.data?.map(({ name }) => name)).toEqual(['gone.txt']);
		expect((await client.storage.from('files').info('gone.txt')).error).toMatchObject({
			message: 'Object not found',
		});
	});

	it('are seen and written by users as row level security says', async () => {
		await storage.bucket('private');
		await sql`create policy "own files" on storage.objects for all to authenticated
			using (bucket_id = 'private' and owner_id = (select auth.uid()::text))
			with check (bucket_id = 'private' and owner_id = (select auth.uid()::text))`;
		const users = await Promise.all(
			['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'].map(
				async (id) =>
					createClient(storage.project.url, storage.project.publishableKey, {
						accessToken: () => userToken(id),
					}),
			),
		);
		const [anna, ben] = users.map((user) => user.storage);
		expect((await anna?.from('private').upload('anna.txt', 'a'))?.error).toBeNull();
		expect((await ben?.from('private').download('anna.txt'))?.error).not.toBeNull();
		expect((await ben?.from('files').upload('ben.txt', 'b'))?.error).toMatchObject({
			message: 'new row violates row-level security policy',
			statusCode: '403',
		});
		expect((await anna?.from('private').info('anna.txt'))?.data?.size).toBe(1);
	});

	it('of a public bucket are served without a key, others are not', async () => {
		await storage.bucket('open', { public: true });
		await storage.upload('open/page.html', '<b>x</b>', { 'content-type': 'text/html' });
		const path = `${storage.project.url}/storage/v1/object/public`;
		const answer = await fetch(`${path}/open/page.html`);
		expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain']);
		await answer.body?.cancel();
		expect((await fetch(`${path}/files/kept.bin`)).status).toBe(400);
	});
});

describe('resumable uploads', () => {
	const PIECE = 6 * 1024 * 1024;
	const protocol = { 'tus-resumable': '1.0.0', 'x-upsert': 'true' };

	async function begin(name: string, length: number, more: Record<string, string> = {}) {
		const metadata = { bucketName: 'files', objectName: name, contentType: 'video/x', ...more };
		return raw('/upload/resumable', {
			method: 'POST',
			headers: {
				...protocol,
				'upload-length': String(length),
				'upload-metadata': Object.entries(metadata)
					.map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`)
					.join(','),
			},
		});
	}

	const send = (location: string, offset: number, body: Uint8Array) =>
		fetch(location, {
			method: 'PATCH',
			headers: {
				...protocol,
				apikey: storage.project.secretKey,
				'content-type': 'application/offset+octet-stream',
				'upload-offset': String(offset),
			},
			body: new Uint8Array(body),
		});

	it('go on from the offset that HEAD tells, and end with a multipart ETag', async () => {
		const body = bytesOf(PIECE + 1000, 'resumable');
		const begun = await begin('big.bin', body.length, { cacheControl: '60', metadata: '{"a":1}' });
		expect(begun.status).toBe(201);
		const location = begun.headers.get('location') ?? '';
		expect((await send(location, 0, body.subarray(0, PIECE))).status).toBe(204);
		const head = await fetch(location, {
			method: 'HEAD',
			headers: { ...protocol, apikey: storage.project.secretKey },
		});
		expect(head.headers.get('upload-offset')).toBe(String(PIECE));
		expect((await send(location, 0, body)).status).toBe(409);
		expect((await send(location, PIECE, body.subarray(PIECE))).status).toBe(204);
		const [row] =
			await sql`select metadata, user_metadata from storage.objects where name = 'big.bin'`;
		expect(row?.['metadata']).toMatchObject({
			size: body.length,
			mimetype: 'video/x',
			cacheControl: 'max-age=60',
			eTag: expect.stringMatching(/^"[0-9a-f]{32}-2"$/),
		});
		expect(row?.['user_metadata']).toEqual({ a: 1 });
		expect(md5(await storage.download('files/big.bin'))).toBe(md5(body));
	});

	it('beyond the project’s limit are refused before a byte is sent', async () => {
		await storage.settings({ fileSizeLimit: 1000 });
		const refused = await begin('huge.bin', 1001);
		await storage.settings({});
		expect(refused.status).toBe(413);
		expect(await refused.text()).toContain('Maximum size exceeded');
	});
});
