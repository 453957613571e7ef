// The storage component between two projects with real databases and the local Storage services.
import type postgres from 'postgres';
import { describe, expect, it } from 'vitest';
import { storage as component } from '../../supabase/functions/_shared/components/storage/index.ts';
import {
	type TestClone,
	cloneInProcess,
	previewInProcess,
	testOptions,
	verifyInProcess,
} from '../helpers/clone.ts';
import { bytesOf, openStoragePair } from '../helpers/storage.ts';

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
const bucketRows = (db: postgres.Sql) => db`
	select id, name, public, file_size_limit, allowed_mime_types, type from storage.buckets order by id`;
const uploads = () => pair.target.requests.filter((request) => !/^(HEAD|GET)/.test(request));
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
		await pair.source.bucket('avatars', {
			public: true,
			file_size_limit: 1_000_000,
			allowed_mime_types: ['image/*', 'text/plain'],
		});
		await pair.source.bucket('Select from & more', { public: false, name: 'another name' });
		await pair.source.upload('avatars/a.png', bytesOf(2000, 'a'), {
			'content-type': 'image/png',
			'cache-control': 'max-age=3600',
		});
		await pair.source.upload('avatars/b.txt', 'b', {
			'content-type': 'text/plain',
			'cache-control': 'public, max-age=31536000, immutable',
			'x-metadata': Buffer.from('{"by": "Zoë", "n": [1, 2]}').toString('base64'),
		});
		for (const name of HARD_NAMES) {
			await pair.source.upload(
				path('Select from & more', name),
				name.endsWith('.emptyFolderPlaceholder') ? '' : name,
			);
		}
		const result = await clone();
		expect(result.outcome('failed')).toEqual([]);
		expect(await bucketRows(pair.sql.target)).toEqual(await bucketRows(pair.sql.source));
		expect(await files(pair.sql.target)).toEqual(await files(pair.sql.source));
		for (const name of HARD_NAMES.slice(1, 6)) {
			const copied = await pair.target.download(path('Select from & more', name));
			expect(Buffer.from(copied).toString()).toBe(name);
		}
		expect(result.items.get('storage avatars/*')).toMatchObject({
			outcome: 'copied',
			detail: 'Files: 2 copied (2 kB)',
		});
		expect(await verify('checksums')).toEqual([]);
	});

	it('changes nothing the second time, not even files whose ETags cannot be equal', async () => {
		await pair.source.bucket('mixed');
		await pair.source.upload('mixed/small.txt', 'small');
		// A small file in parts: its copy, sent in one piece, has an MD5 instead.
		await pair.source.uploadResumable('mixed', 'parts.bin', bytesOf(1000, 'parts'), {
			contentType: 'application/x-parts',
			cacheControl: '60',
		});
		// A large file in one piece: its copy, sent in parts, has an ETag of parts.
		await pair.source.upload('mixed/large.bin', bytesOf(PIECE + 1, 'large'), {
			'cache-control': 'max-age=5',
		});
		expect((await clone()).outcome('failed')).toEqual([]);
		const etags = await pair.sql
			.target`select metadata ->> 'eTag' as etag from storage.objects order by name`;
		expect(etags.map(({ etag }) => /-\d+"$/.exec(String(etag))?.[0] ?? 'md5')).toEqual([
			'-2"',
			'md5',
			'md5',
		]);
		pair.target.requests.length = 0;
		pair.source.requests.length = 0;
		const second = await clone();
		expect(second.outcome('copied')).toEqual([]);
		expect([uploads(), pair.source.requests]).toEqual([[], []]);
		expect(second.items.get('storage mixed/*')?.detail).toBe('Files: 3 unchanged');
		expect(await verify('checksums')).toEqual([]);
	});

	it('replaces what differs and leaves alone what only the target has', async () => {
		for (const endpoint of [pair.source, pair.target])
			await endpoint.bucket('shared', { public: endpoint === pair.source });
		await pair.source.upload('shared/same.txt', 'same');
		await pair.target.upload('shared/same.txt', 'same');
		await pair.source.upload('shared/bytes.txt', 'new bytes');
		await pair.target.upload('shared/bytes.txt', 'old bytes');
		await pair.source.upload('shared/type.txt', 'x', { 'content-type': 'text/css' });
		await pair.target.upload('shared/type.txt', 'x');
		await pair.target.upload('shared/own.txt', 'mine');
		await pair.target.bucket('own');
		const result = await clone();
		expect(result.outcome('copied')).toEqual([
			'storage shared',
			'storage shared/*',
			'storage shared/bytes.txt',
			'storage shared/type.txt',
		]);
		expect((await files(pair.sql.target)).map(({ file }) => file)).toEqual([
			'shared/bytes.txt',
			'shared/own.txt',
			'shared/same.txt',
			'shared/type.txt',
		]);
		expect(await verify('counts')).toMatchObject([{ severity: 'warning', object: 'shared/*' }]);
		expect(await verify('checksums')).toMatchObject([{ severity: 'warning' }]);
	});

	it('removes what only the target has when asked to', async () => {
		for (const endpoint of [pair.source, pair.target]) await endpoint.bucket('shared');
		await pair.source.upload('shared/kept.txt', 'kept');
		await pair.target.upload(path('shared', 'gone "now" 100%.txt'), 'x');
		await pair.target.bucket('gone');
		await pair.target.upload('gone/too.txt', 'x');
		const result = await clone({ options: { remove_extra: true } });
		expect(result.outcome('failed')).toEqual([]);
		expect((await files(pair.sql.target)).map(({ file }) => file)).toEqual(['shared/kept.txt']);
		expect((await bucketRows(pair.sql.target)).map(({ id }) => id)).toEqual(['shared']);
		expect(result.outcome('adapted')).toEqual([
			'storage gone',
			'storage gone/too.txt',
			'storage shared/gone "now" 100%.txt',
		]);
	});

	it('names each file that is too large for the target, and copies the others', async () => {
		const api = { get: async () => ({ fileSizeLimit: 100 }) } as never;
		await pair.target.settings({ fileSizeLimit: 100 });
		await pair.source.bucket('docs', { file_size_limit: 5000 });
		await pair.source.upload('docs/large.txt', bytesOf(101, 'large'));
		await pair.source.upload('docs/small.txt', 'small');
		const known = await clone({ target: { ...pair.target.end(), api } });
		expect(known.items.get('storage docs')).toMatchObject({ outcome: 'adapted' });
		expect(known.items.get('storage docs/large.txt')).toMatchObject({
			outcome: 'failed',
			detail: '101 B is more than the target project takes (100 B)',
			fix: expect.stringContaining('at least 101 bytes'),
		});
		expect(known.items.get('storage docs/small.txt')).toMatchObject({ outcome: 'copied' });
		expect(known.items.get('storage docs/*')).toMatchObject({ outcome: 'failed' });
		// Where the account may not read the limit, the service's own refusal is what is reported.
		await pair.source.bucket('free');
		await pair.source.upload('free/large.txt', bytesOf(102, 'free'));
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
		await pair.source.bucket('strict');
		await pair.source.upload('strict/old.bin', bytesOf(500, 'old'), {
			'content-type': 'image/png',
		});
		await pair.source.upload('strict/new.txt', 'new');
		await pair.sql
			.source`update storage.buckets set file_size_limit = 100, allowed_mime_types = '{text/*}'`;
		expect((await clone()).outcome('failed')).toEqual([]);
		expect(await files(pair.sql.target)).toEqual(await files(pair.sql.source));
		expect(await bucketRows(pair.sql.target)).toEqual(await bucketRows(pair.sql.source));
		pair.target.requests.length = 0;
		await clone();
		expect(uploads()).toEqual([]);
	});

	it('reports what cannot be cloned: other kinds of buckets, names no URL can carry, lost bytes', async () => {
		await pair.source.bucket('docs');
		await pair.source.upload('docs/lost.txt', 'x');
		await pair.source.upload('docs/fine.txt', 'x');
		await pair.sql.source`insert into storage.buckets_analytics (name) values ('events')`;
		await pair.sql.source`insert into storage.buckets_vectors (id) values ('embeddings')`;
		await pair.sql
			.source`insert into storage.objects (bucket_id, name, metadata) values ('docs', 'a/../b', '{"size": 1}')`;
		pair.source.interfere((_method, url) =>
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
		await pair.source.bucket('docs');
		for (let n = 0; n < 8; n += 1) await pair.source.upload(`docs/${n}.txt`, `${n}`);
		let stumbles = 2;
		pair.target.interfere((method) =>
			method === 'POST' && stumbles-- > 0 ? new Response('busy', { status: 503 }) : undefined,
		);
		await pair.target.bucket('docs');
		expect((await clone()).outcome('failed')).toEqual([]);
		await pair.source.upload('docs/late.txt', 'late');
		for (let n = 0; n < 8; n += 1) await pair.source.upload(`docs/${n}.txt`, `again ${n}`);
		pair.target.interfere(() => new Response('down', { status: 503 }));
		await expect(clone()).rejects.toMatchObject({
			code: 'api_unavailable',
			details: { httpStatus: 503 },
		});
	});
});

describe('the preview of Storage', () => {
	it('counts files and bytes per bucket, and warns of what will not go over as it is', async () => {
		const api = { get: async () => ({ fileSizeLimit: 100 }) } as never;
		await pair.source.bucket('docs', { public: true });
		await pair.source.bucket('empty');
		await pair.source.upload('docs/large.txt', bytesOf(101, 'large'));
		await pair.source.upload('docs/small.txt', 'small');
		await pair.target.bucket('own');
		await pair.sql.source`insert into storage.buckets_vectors (id) values ('embeddings')`;
		const found = await previewInProcess(
			{ source: pair.source.end(), target: { ...pair.target.end(), api } },
			component,
		);
		expect(found.counts).toEqual([
			{ unit: 'file', source: 2, target: 0 },
			{ unit: 'bucket', source: 2, target: 1 },
			{ unit: 'byte', source: 106, target: 0 },
		]);
		expect(found.objects).toMatchObject([
			{
				object: 'docs',
				action: 'create',
				counts: [{ source: 2 }, { source: 106 }],
				detail: 'public',
			},
			{ object: 'empty', action: 'create', counts: [{ source: 0 }, { source: 0 }] },
			{ object: 'own', action: 'leave', is_extra: true },
		]);
		expect(found.warnings.map(({ level, object }) => [level, object])).toEqual([
			['blocker', 'docs/large.txt'],
			['warning', 'embeddings'],
			['note', 'own'],
		]);
	});

	it('does not warn of a limit that the component Project config raises', async () => {
		const limited = (fileSizeLimit: number) => ({ get: async () => ({ fileSizeLimit }) }) as never;
		await pair.source.bucket('docs');
		await pair.source.upload('docs/101.txt', bytesOf(101, 'a'));
		await pair.source.upload('docs/301.txt', bytesOf(301, 'b'));
		const named = async (project_config: boolean) => {
			const { components } = testOptions();
			const { warnings } = await previewInProcess(
				{
					source: { ...pair.source.end(), api: limited(300) },
					target: { ...pair.target.end(), api: limited(100) },
					options: { components: { ...components, project_config } },
				},
				component,
			);
			return warnings.map(({ object }) => object);
		};
		expect(await named(false)).toEqual(['docs/301.txt', 'docs/101.txt']);
		expect(await named(true)).toEqual(['docs/301.txt']);
	});
});
