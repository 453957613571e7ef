// Large files and many files between two projects: pieces, slices, dead workers.
import type postgres from 'postgres';
import { describe, expect, it } from 'vitest';
import { storage as component } from '../../supabase/functions/_shared/components/storage/index.ts';
import { cloneInProcess, type TestClone, verifyInProcess } from '../helpers/clone.ts';
import { bytesOf, md5, openStoragePair } from '../helpers/storage.ts';

const PIECE = 6 * 1024 * 1024;
const pair = openStoragePair();

const clone = (more: Partial<TestClone> = {}) =>
	cloneInProcess({
		source: pair.source.end(),
		target: pair.target.end(),
		components: [component],
		...more,
	});
const verify = (mode: 'structure' | 'counts' | 'checksums') =>
	verifyInProcess({ source: pair.source.end(), target: pair.target.end() }, component, mode);
/** What of a file must be equal, by name. */
const files = (db: postgres.Sql) => db`
	select bucket_id || '/' || name as file, metadata ->> 'size' as size, metadata ->> 'eTag' as etag,
		metadata ->> 'mimetype' as mimetype, metadata ->> 'cacheControl' as cache_control,
		coalesce(user_metadata, '{}') as user_metadata
	from storage.objects order by bucket_id, name`;
const uploads = () => pair.target.requests.filter((request) => !/^(HEAD|GET)/.test(request));

describe('a large file', () => {
	const BIG = 3 * PIECE + 12_345;

	/** Runs a clone whose worker ends while it sends the given piece, before any cursor is stored. */
	async function dieAtPiece(piece: number): Promise<void> {
		const worker = new AbortController();
		let pieces = 0;
		pair.target.interfere((method) => {
			if (method !== 'PATCH' || (pieces += 1) < piece) return;
			worker.abort(new Error('the worker died'));
			throw worker.signal.reason;
		});
		await expect(clone({ signal: worker.signal })).rejects.toThrow('the worker died');
		pair.target.interfere(null);
	}

	it('goes over in pieces, and from where the last worker died', async () => {
		const body = bytesOf(BIG, 'big');
		await pair.source.bucket('big');
		await pair.source.uploadResumable('big', 'movie 1.bin', body, {
			contentType: 'video/x-thing',
			cacheControl: '3600',
			metadata: '{"title":"Äpfel"}',
		});
		await dieAtPiece(3);
		expect(await files(pair.sql.target)).toEqual([]);
		pair.target.requests.length = 0;
		expect((await clone()).outcome('failed')).toEqual([]);
		const sent = pair.target.requests.map((request) => request.replace(/(resumable\/).*/, '$1…'));
		expect(sent).toEqual([
			'HEAD /upload/resumable/…',
			'PATCH /upload/resumable/…',
			'PATCH /upload/resumable/…',
		]);
		// Same pieces as the original, so even the ETag of parts is the same.
		expect(await files(pair.sql.target)).toEqual(await files(pair.sql.source));
		expect(md5(await pair.target.download('big/movie%201.bin'))).toBe(md5(body));
	});

	it('is not sent again when the worker died after its last piece', async () => {
		await pair.source.bucket('big');
		// In one piece on the source: the ETag of the copy differs, so only the worker knew that it is done.
		await pair.source.upload('big/a.bin', bytesOf(BIG, 'a'));
		await pair.source.upload('big/b.txt', 'b');
		const worker = new AbortController();
		pair.source.interfere((_method, url) => {
			if (!url.endsWith('b.txt')) return;
			return new Response(
				new ReadableStream({
					async pull() {
						const finished = () =>
							pair.sql.target`select from _twins.storage_uploads where target_state is not null`;
						while ((await finished()).length === 0) await new Promise(setImmediate);
						worker.abort(new Error('the worker died'));
						throw worker.signal.reason;
					},
				}),
			);
		});
		await expect(clone({ signal: worker.signal })).rejects.toThrow('the worker died');
		pair.source.interfere(null);
		pair.target.requests.length = 0;
		expect((await clone()).outcome('failed')).toEqual([]);
		expect(uploads()).toEqual(['POST /object/big/b.txt']);
	});

	it('is spread over slices when one has no room for it', async () => {
		await pair.source.bucket('big');
		await pair.source.upload('big/a.bin', bytesOf(BIG, 'a'), { 'cache-control': 'max-age=60' });
		await pair.source.upload('big/b.txt', 'b');
		const result = await clone({ limits: { bytes: 1, operations: 100 } });
		expect(result.outcome('failed')).toEqual([]);
		expect(result.slices['storage.files']).toBeGreaterThan(3);
		expect(await verify('checksums')).toEqual([]);
		const [row] = await pair.sql
			.target`select metadata ->> 'cacheControl' as c from storage.objects where name = 'a.bin'`;
		expect(row?.['c']).toBe('max-age=60');
	});

	it('keeps a cache control that only an upload in one piece can carry', async () => {
		await pair.source.bucket('big');
		const cacheControl = 'public, max-age=60, immutable';
		await pair.source.upload('big/a.bin', bytesOf(PIECE + 1, 'a'), {
			'cache-control': cacheControl,
		});
		await clone();
		expect(await files(pair.sql.target)).toEqual(await files(pair.sql.source));
	});

	it('is not mixed from two versions when it is replaced meanwhile', async () => {
		await pair.source.bucket('big');
		await pair.source.upload('big/a.bin', bytesOf(BIG, 'first'));
		await dieAtPiece(2);
		const second = bytesOf(BIG, 'second');
		await pair.source.upload('big/a.bin', second);
		expect((await clone()).outcome('failed')).toEqual([]);
		expect(md5(await pair.target.download('big/a.bin'))).toBe(md5(second));
	});
});

describe('ten thousand files', () => {
	it('are compared by a few queries, and copied in slices', async () => {
		await pair.source.bucket('many');
		await pair.source.upload('many/seed.txt', 'seed');
		// Rows over one version's bytes: a real upload of each would measure the service, not the component.
		await pair.sql.source`
			insert into storage.objects (bucket_id, name, version, metadata)
			select 'many', 'file ' || n || '.txt', o.version, o.metadata
			from storage.objects o, generate_series(1, 10000) n where o.name = 'seed.txt'`;
		await pair.target.bucket('many');
		await pair.target.upload('many/seed.txt', 'seed');
		await pair.sql.target`
			insert into storage.objects (bucket_id, name, version, metadata)
			select 'many', 'file ' || n || '.txt', o.version, o.metadata
			from storage.objects o, generate_series(1, 9700) n where o.name = 'seed.txt'`;
		await pair.sql.target`update storage.objects set metadata = metadata || jsonb_build_object(
			'lastModified', 'x', 'cacheControl', (select metadata -> 'cacheControl' from storage.objects limit 1))`;
		const result = await clone();
		expect(result.items.get('storage many/*')).toMatchObject({
			outcome: 'copied',
			detail: 'Files: 300 copied (1.2 kB), 9,701 unchanged',
		});
		// 200 of them by name, the summary, and the bucket itself.
		expect(result.outcome('copied')).toHaveLength(201);
		expect(result.slices['storage.files']).toBeGreaterThan(1);
		expect(await verify('checksums')).toEqual([]);
	});
});
