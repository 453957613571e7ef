// The storage component between two projects with real databases and the local Storage services.
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { storage as component } from '../../supabase/functions/_shared/components/storage/index.ts';
import type { TestClone } from '../helpers/clone.ts';
import { cloneInProcess, previewInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { bytesOf, md5, openStorageProject, type StorageProject } from '../helpers/storage.ts';

const PIECE = 6 * 1024 * 1024;
let source: StorageProject;
let target: StorageProject;
let sql: { source: postgres.Sql; target: postgres.Sql };

beforeAll(async () => {
	const pair = await freshPair();
	[source, target] = await Promise.all([
		openStorageProject(pair.source),
		openStorageProject(pair.target),
	]);
	const connect = (url: string) => postgres(url, { max: 1, onnotice: () => undefined });
	sql = { source: connect(pair.source.dbUrl), target: connect(pair.target.dbUrl) };
});
afterEach(async () => {
	for (const [project, db] of [
		[source, sql.source],
		[target, sql.target],
	] as const) {
		project.interfere(null);
		project.requests.length = 0;
		await project.settings({});
		await db.unsafe(`
			set storage.allow_delete_query = 'true';
			delete from storage.objects; delete from storage.buckets;
			delete from storage.buckets_analytics; delete from storage.buckets_vectors;
			set storage.allow_delete_query = 'false';
			drop schema if exists _twins cascade`);
	}
});
afterAll(() => Promise.all([sql.source.end(), sql.target.end()]));

const clone = (more: Partial<TestClone> = {}) =>
	cloneInProcess({ source: source.end(), target: target.end(), components: [component], ...more });
const verify = (mode: 'structure' | 'counts' | 'checksums') =>
	verifyInProcess({ source: source.end(), target: target.end() }, component, mode);
/** What of a file must be equal, by name. */
const files = (db: postgres.Sql) => db`
	select bucket_id || '/' || name as file, metadata ->> 'size' as size, metadata ->> 'eTag' as etag,
		metadata ->> 'mimetype' as mimetype, metadata ->> 'cacheControl' as cache_control,
		coalesce(user_metadata, '{}') as user_metadata
	from storage.objects order by bucket_id, name`;
const bucketRows = (db: postgres.Sql) => db`
	select id, name, public, file_size_limit, allowed_mime_types, type from storage.buckets order by id`;
const uploads = () => target.requests.filter((request) => !/^(HEAD|GET)/.test(request));
const path = (bucket: string, name: string) =>
	[bucket, ...name.split('/')].map(encodeURIComponent).join('/');

const HARD_NAMES = [
	'plain.txt',
	'with space/and  two.txt',
	"it's 100%/%2F.txt",
	'a+b&c=d?e#f.txt',
	'"double" \\back\\ [x] {y} <z>|`^.txt',
	'Grüße/日本語/🙂.txt',
	'empty//folder.txt',
	'.emptyFolderPlaceholder',
	'order',
	`${'é'.repeat(60)}.txt`,
];

describe('a clone of Storage', () => {
	it('copies buckets with their settings, and files with bytes, type, cache control and metadata', async () => {
		await source.bucket('avatars', {
			public: true,
			file_size_limit: 1_000_000,
			allowed_mime_types: ['image/*', 'text/plain'],
		});
		await source.bucket('Select from & more', { public: false });
		await source.upload('avatars/a.png', bytesOf(2000, 'a'), {
			'content-type': 'image/png',
			'cache-control': 'max-age=3600',
		});
		await source.upload('avatars/b.txt', 'b', {
			'content-type': 'text/plain',
			'cache-control': 'public, max-age=31536000, immutable',
			'x-metadata': Buffer.from('{"by": "Zoë", "n": [1, 2]}').toString('base64'),
		});
		for (const name of HARD_NAMES) {
			await source.upload(
				path('Select from & more', name),
				name.endsWith('.emptyFolderPlaceholder') ? '' : name,
			);
		}
		const result = await clone();
		expect(result.outcome('failed')).toEqual([]);
		expect(await bucketRows(sql.target)).toEqual(await bucketRows(sql.source));
		expect(await files(sql.target)).toEqual(await files(sql.source));
		for (const name of HARD_NAMES.slice(1, 6)) {
			const copied = await target.download(path('Select from & more', name));
			expect(Buffer.from(copied).toString()).toBe(name);
		}
		expect(result.items.get('storage avatars/*')).toMatchObject({
			outcome: 'copied',
			detail: 'files: 2 copied (2 kB)',
		});
		expect(await verify('checksums')).toEqual([]);
	});

	it('changes nothing the second time, not even files whose ETags cannot be equal', async () => {
		await source.bucket('mixed');
		await source.upload('mixed/small.txt', 'small');
		// A small file in parts: its copy, sent in one piece, has an MD5 instead.
		await source.uploadResumable('mixed', 'parts.bin', bytesOf(1000, 'parts'), {
			contentType: 'application/x-parts',
			cacheControl: '60',
		});
		// A large file in one piece: its copy, sent in parts, has an ETag of parts.
		await source.upload('mixed/large.bin', bytesOf(PIECE + 1, 'large'), {
			'cache-control': 'max-age=5',
		});
		expect((await clone()).outcome('failed')).toEqual([]);
		const etags =
			await sql.target`select metadata ->> 'eTag' as etag from storage.objects order by name`;
		expect(etags.map(({ etag }) => /-\d+"$/.exec(String(etag))?.[0] ?? 'md5')).toEqual([
			'-2"',
			'md5',
			'md5',
		]);
		target.requests.length = 0;
		source.requests.length = 0;
		const second = await clone();
		expect(second.outcome('copied')).toEqual([]);
		expect([uploads(), source.requests]).toEqual([[], []]);
		expect(second.items.get('storage mixed/*')?.detail).toBe('files: 3 unchanged');
		expect(await verify('checksums')).toEqual([]);
	});

	it('replaces what differs and leaves alone what only the target has', async () => {
		for (const side of [source, target]) await side.bucket('shared', { public: side === source });
		await source.upload('shared/same.txt', 'same');
		await target.upload('shared/same.txt', 'same');
		await source.upload('shared/bytes.txt', 'new bytes');
		await target.upload('shared/bytes.txt', 'old bytes');
		await source.upload('shared/type.txt', 'x', { 'content-type': 'text/css' });
		await target.upload('shared/type.txt', 'x');
		await target.upload('shared/own.txt', 'mine');
		await target.bucket('own');
		const result = await clone();
		expect(result.outcome('copied')).toEqual([
			'storage shared',
			'storage shared/*',
			'storage shared/bytes.txt',
			'storage shared/type.txt',
		]);
		expect((await files(sql.target)).map(({ file }) => file)).toEqual([
			'shared/bytes.txt',
			'shared/own.txt',
			'shared/same.txt',
			'shared/type.txt',
		]);
		expect(await verify('counts')).toMatchObject([{ severity: 'warning', object: 'shared/*' }]);
		expect(await verify('checksums')).toMatchObject([{ severity: 'warning' }]);
	});

	it('removes what only the target has when asked to', async () => {
		for (const side of [source, target]) await side.bucket('shared');
		await source.upload('shared/kept.txt', 'kept');
		await target.upload(path('shared', 'gone "now" 100%.txt'), 'x');
		await target.bucket('gone');
		await target.upload('gone/too.txt', 'x');
		const result = await clone({ options: { remove_extra: true } });
		expect(result.outcome('failed')).toEqual([]);
		expect((await files(sql.target)).map(({ file }) => file)).toEqual(['shared/kept.txt']);
		expect((await bucketRows(sql.target)).map(({ id }) => id)).toEqual(['shared']);
		expect(result.outcome('adapted')).toEqual([
			'storage gone',
			'storage gone/too.txt',
			'storage shared/gone "now" 100%.txt',
		]);
	});

	it('names each file that is too large for the target, and copies the others', async () => {
		const api = { get: async () => ({ fileSizeLimit: 100 }) } as never;
		await target.settings({ fileSizeLimit: 100 });
		await source.bucket('docs', { file_size_limit: 5000 });
		await source.upload('docs/large.txt', bytesOf(101, 'large'));
		await source.upload('docs/small.txt', 'small');
		const known = await clone({ target: { ...target.end(), api } });
		expect(known.items.get('storage docs')).toMatchObject({ outcome: 'adapted' });
		expect(known.items.get('storage docs/large.txt')).toMatchObject({
			outcome: 'failed',
			detail: '101 B is more than the target project takes (100 B)',
			fix: expect.stringContaining('at least 101 bytes'),
		});
		expect(known.items.get('storage docs/small.txt')).toMatchObject({ outcome: 'copied' });
		expect(known.items.get('storage docs/*')).toMatchObject({ outcome: 'failed' });
		// Where the account may not read the limit, the service's own refusal is what is reported.
		await source.bucket('free');
		await source.upload('free/large.txt', bytesOf(102, 'free'));
		const unknown = await clone();
		expect(unknown.items.get('storage docs')).toMatchObject({ outcome: 'adapted' });
		expect(unknown.items.get('storage docs/large.txt')).toMatchObject({ outcome: 'failed' });
		expect(unknown.items.get('storage free/large.txt')).toMatchObject({
			outcome: 'failed',
			detail: expect.stringContaining('413: The object exceeded the maximum allowed size'),
			fix: expect.stringContaining('Raise the file size limit'),
		});
	});

	it('copies files that are older than the limits of their bucket, which has them again afterwards', async () => {
		await source.bucket('strict');
		await source.upload('strict/old.bin', bytesOf(500, 'old'), { 'content-type': 'image/png' });
		await source.upload('strict/new.txt', 'new');
		await sql.source`update storage.buckets set file_size_limit = 100, allowed_mime_types = '{text/*}'`;
		expect((await clone()).outcome('failed')).toEqual([]);
		expect(await files(sql.target)).toEqual(await files(sql.source));
		expect(await bucketRows(sql.target)).toEqual(await bucketRows(sql.source));
		target.requests.length = 0;
		await clone();
		expect(uploads()).toEqual([]);
	});

	it('reports what cannot be cloned: other kinds of buckets, names no URL can carry, lost bytes', async () => {
		await source.bucket('docs');
		await source.upload('docs/lost.txt', 'x');
		await source.upload('docs/fine.txt', 'x');
		await sql.source`insert into storage.buckets_analytics (name) values ('events')`;
		await sql.source`insert into storage.buckets_vectors (id) values ('embeddings')`;
		await sql.source`insert into storage.objects (bucket_id, name, metadata) values ('docs', 'a/../b', '{"size": 1}')`;
		source.interfere((_method, url) =>
			url.endsWith('lost.txt')
				? Response.json(
						{ statusCode: '404', error: 'not_found', message: 'Object not found' },
						{ status: 400 },
					)
				: undefined,
		);
		const result = await clone();
		expect(result.outcome('skipped')).toEqual(['storage embeddings', 'storage events']);
		expect(result.outcome('failed')).toEqual([
			'storage docs/*',
			'storage docs/a/../b',
			'storage docs/lost.txt',
		]);
		expect(result.items.get('storage docs/lost.txt')?.detail).toContain('404: Object not found');
		expect(result.items.get('storage docs/fine.txt')?.outcome).toBe('copied');
	});

	it('tries a file again when the service stumbles, and stops the stage when it is down', async () => {
		await source.bucket('docs');
		for (let n = 0; n < 8; n += 1) await source.upload(`docs/${n}.txt`, `${n}`);
		let stumbles = 2;
		target.interfere((method) =>
			method === 'POST' && stumbles-- > 0 ? new Response('busy', { status: 503 }) : undefined,
		);
		await target.bucket('docs');
		expect((await clone()).outcome('failed')).toEqual([]);
		await source.upload('docs/late.txt', 'late');
		for (let n = 0; n < 8; n += 1) await source.upload(`docs/${n}.txt`, `again ${n}`);
		target.interfere(() => new Response('down', { status: 503 }));
		await expect(clone()).rejects.toMatchObject({
			code: 'api_unavailable',
			details: { passing: true },
		});
	});
});

describe('the preview of Storage', () => {
	it('counts files and bytes per bucket, and warns of what will not go over as it is', async () => {
		const api = { get: async () => ({ fileSizeLimit: 100 }) } as never;
		await source.bucket('docs', { public: true });
		await source.bucket('empty');
		await source.upload('docs/large.txt', bytesOf(101, 'large'));
		await source.upload('docs/small.txt', 'small');
		await target.bucket('own');
		await sql.source`insert into storage.buckets_vectors (id) values ('embeddings')`;
		const found = await previewInProcess(
			{ source: source.end(), target: { ...target.end(), api } },
			component,
		);
		expect(found.counts).toEqual({ buckets: 2, files: 2, bytes: 106 });
		expect(found.objects).toMatchObject([
			{ bucket: 'docs', files: 2, bytes: 106, public: true },
			{ bucket: 'empty', files: 0, bytes: 0, public: false },
		]);
		expect(found.warnings.map(({ object }) => object)).toEqual([
			'embeddings',
			'docs/large.txt',
			'own',
		]);
	});
});

describe('a large file', () => {
	const BIG = 3 * PIECE + 12_345;

	/** Runs a clone whose worker ends while it sends the given piece, before any cursor is stored. */
	async function dieAtPiece(piece: number): Promise<void> {
		const worker = new AbortController();
		let pieces = 0;
		target.interfere((method) => {
			if (method !== 'PATCH' || (pieces += 1) < piece) return;
			worker.abort(new Error('the worker died'));
			throw worker.signal.reason;
		});
		await expect(clone({ signal: worker.signal })).rejects.toThrow('the worker died');
		target.interfere(null);
	}

	it('goes over in pieces, and from where the last worker died', async () => {
		const body = bytesOf(BIG, 'big');
		await source.bucket('big');
		await source.uploadResumable('big', 'movie 1.bin', body, {
			contentType: 'video/x-thing',
			cacheControl: '3600',
			metadata: '{"title":"Äpfel"}',
		});
		await dieAtPiece(3);
		expect(await files(sql.target)).toEqual([]);
		target.requests.length = 0;
		expect((await clone()).outcome('failed')).toEqual([]);
		const sent = target.requests.map((request) => request.replace(/(resumable\/).*/, '$1…'));
		expect(sent).toEqual([
			'HEAD /upload/resumable/…',
			'PATCH /upload/resumable/…',
			'PATCH /upload/resumable/…',
		]);
		// Same pieces as the original, so even the ETag of parts is the same.
		expect(await files(sql.target)).toEqual(await files(sql.source));
		expect(md5(await target.download('big/movie%201.bin'))).toBe(md5(body));
	});

	it('is not sent again when the worker died after its last piece', async () => {
		await source.bucket('big');
		// In one piece on the source: the ETag of the copy differs, so only the worker knew that it is done.
		await source.upload('big/a.bin', bytesOf(BIG, 'a'));
		await source.upload('big/b.txt', 'b');
		const worker = new AbortController();
		source.interfere((_method, url) => {
			if (!url.endsWith('b.txt')) return;
			return new Response(
				new ReadableStream({
					async pull() {
						const finished = () =>
							sql.target`select from _twins.storage_uploads where target_state is not null`;
						while ((await finished()).length === 0) await new Promise(setImmediate);
						worker.abort(new Error('the worker died'));
						throw worker.signal.reason;
					},
				}),
			);
		});
		await expect(clone({ signal: worker.signal })).rejects.toThrow('the worker died');
		source.interfere(null);
		target.requests.length = 0;
		expect((await clone()).outcome('failed')).toEqual([]);
		expect(uploads()).toEqual(['POST /object/big/b.txt']);
	});

	it('is spread over slices when one has no room for it', async () => {
		await source.bucket('big');
		await source.upload('big/a.bin', bytesOf(BIG, 'a'), { 'cache-control': 'max-age=60' });
		await source.upload('big/b.txt', 'b');
		const result = await clone({ limits: { bytes: 1, operations: 100 } });
		expect(result.outcome('failed')).toEqual([]);
		expect(result.slices['storage.files']).toBeGreaterThan(3);
		expect(await verify('checksums')).toEqual([]);
		const [row] =
			await sql.target`select metadata ->> 'cacheControl' as c from storage.objects where name = 'a.bin'`;
		expect(row?.['c']).toBe('max-age=60');
	});

	it('keeps a cache control that only an upload in one piece can carry', async () => {
		await source.bucket('big');
		const cacheControl = 'public, max-age=60, immutable';
		await source.upload('big/a.bin', bytesOf(PIECE + 1, 'a'), { 'cache-control': cacheControl });
		await clone();
		expect(await files(sql.target)).toEqual(await files(sql.source));
	});

	it('is not mixed from two versions when it is replaced meanwhile', async () => {
		await source.bucket('big');
		await source.upload('big/a.bin', bytesOf(BIG, 'first'));
		await dieAtPiece(2);
		const second = bytesOf(BIG, 'second');
		await source.upload('big/a.bin', second);
		expect((await clone()).outcome('failed')).toEqual([]);
		expect(md5(await target.download('big/a.bin'))).toBe(md5(second));
	});
});

describe('ten thousand files', () => {
	it('are compared by a few queries, and copied in slices', async () => {
		await source.bucket('many');
		await source.upload('many/seed.txt', 'seed');
		// Rows over one version's bytes: a real upload of each would measure the service, not the component.
		await sql.source`
			insert into storage.objects (bucket_id, name, version, metadata)
			select 'many', 'file ' || n || '.txt', o.version, o.metadata
			from storage.objects o, generate_series(1, 10000) n where o.name = 'seed.txt'`;
		await target.bucket('many');
		await target.upload('many/seed.txt', 'seed');
		await sql.target`
			insert into storage.objects (bucket_id, name, version, metadata)
			select 'many', 'file ' || n || '.txt', o.version, o.metadata
			from storage.objects o, generate_series(1, 9700) n where o.name = 'seed.txt'`;
		await sql.target`update storage.objects set metadata = metadata || jsonb_build_object(
			'lastModified', 'x', 'cacheControl', (select metadata -> 'cacheControl' from storage.objects limit 1))`;
		const result = await clone();
		expect(result.items.get('storage many/*')).toMatchObject({
			outcome: 'copied',
			detail: 'files: 300 copied (1.2 kB), 9,701 unchanged',
		});
		// 200 of them by name, the summary, and the bucket itself.
		expect(result.outcome('copied')).toHaveLength(201);
		expect(result.slices['storage.files']).toBeGreaterThan(1);
		expect(await verify('checksums')).toEqual([]);
	});
});
