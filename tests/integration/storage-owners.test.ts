// Owners, ids and dates of files, which an upload loses: policies look at the owner, tables of the application at
// the id. Judged by plain SQL and by what a user sees.
import type postgres from 'postgres';
import { describe, expect, it } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { storage } from '../../supabase/functions/_shared/components/storage/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import {
	cloneInProcess,
	previewInProcess,
	testOptions,
	verifyInProcess,
} from '../helpers/clone.ts';
import { runOn } from '../helpers/run-sql.ts';
import { openStoragePair } from '../helpers/storage.ts';

const pair = openStoragePair();
const endpoints = () => ({ source: pair.source.end(), target: pair.target.end() });
const clone = (components = [storage], options = {}) =>
	cloneInProcess({ ...endpoints(), components, options });

const ANNA = 'aaaaaaaa-0000-4000-8000-000000000001';
const BERT = 'aaaaaaaa-0000-4000-8000-000000000002';
const owned = (db: postgres.Sql) =>
	db`select bucket_id, name, id, owner, owner_id, created_at, updated_at, last_accessed_at
		from storage.objects order by bucket_id collate "C", name collate "C"`;
const buckets = (db: postgres.Sql) =>
	db`select id, owner, owner_id, created_at, updated_at from storage.buckets order by id`;

/** Files of two users, one by a service and one whose owner is no UUID, made long ago. */
async function fill(): Promise<void> {
	await pair.source.bucket('files');
	for (const name of ['a.txt', 'b.txt', 'c.txt', 'd/Grüße "x".txt']) {
		await pair.source.upload(`files/${name.split('/').map(encodeURIComponent).join('/')}`, name);
	}
	await pair.sql.source.unsafe(`set session_replication_role = replica;
		update storage.objects set owner = '${ANNA}', owner_id = '${ANNA}', created_at = '2024-01-02T03:04:05.678901Z',
			updated_at = '2024-02-03T00:00:00Z', last_accessed_at = '2024-03-04T00:00:00Z';
		update storage.objects set owner = '${BERT}', owner_id = '${BERT}' where name = 'b.txt';
		update storage.objects set owner = null, owner_id = 'svc-7' where name = 'c.txt';
		update storage.buckets set owner = '${ANNA}', owner_id = '${ANNA}', created_at = '2023-01-01T00:00:00Z';
		set session_replication_role = origin`);
}

describe('owners of files', () => {
	it('see their files on the target as on the source; a second clone changes nothing', async () => {
		const policy = `create policy "owners read" on storage.objects for select to authenticated
			using (owner_id = (select auth.uid())::text)`;
		for (const db of [pair.sql.source, pair.sql.target]) await db.unsafe(policy);
		try {
			await fill();
			const first = await clone();
			expect(first.outcome('failed')).toEqual([]);
			expect(await owned(pair.sql.target)).toEqual(await owned(pair.sql.source));
			expect(await buckets(pair.sql.target)).toEqual(await buckets(pair.sql.source));
			const seen = await pair.sql.target.begin(async (sql) => {
				await sql.unsafe(`set local role authenticated;
					set local request.jwt.claims = '{"sub":"${BERT}","role":"authenticated"}'`);
				return sql`select name from storage.objects`;
			});
			expect(seen.map(({ name }) => String(name))).toEqual(['b.txt']);
			expect(await verify('checksums')).toEqual([]);

			const stamps = () => pair.sql.target`select xmin::text from storage.objects
				union all select xmin::text from storage.buckets`;
			const before = await stamps();
			const second = await clone();
			expect(await stamps()).toEqual(before);
			expect([second.outcome('copied'), second.outcome('adapted')]).toEqual([[], []]);
		} finally {
			for (const db of [pair.sql.source, pair.sql.target])
				await db`drop policy "owners read" on storage.objects`;
		}
	});

	it('are restored where only they differ, and a verification finds what does', async () => {
		await fill();
		await clone();
		await pair.sql.target`update storage.objects set owner_id = null where name = 'b.txt'`;
		await pair.sql.target`update storage.buckets set owner_id = null`;
		expect((await verify('checksums')).map(({ object }) => object)).toEqual([
			'files',
			'files/b.txt',
		]);
		expect((await verify('structure')).map(({ object }) => object)).toEqual(['files']);
		pair.target.requests.length = 0;
		const again = await clone();
		expect(pair.target.requests.filter((request) => !/^(HEAD|GET)/.test(request))).toEqual([]);
		expect(again.items.get('storage files')).toMatchObject({ outcome: 'copied' });
		expect(again.items.get('storage files/* (owners)')?.detail).toMatch(/^1 files that were there/);
		expect(await owned(pair.sql.target)).toEqual(await owned(pair.sql.source));
	});

	const verify = (mode: 'structure' | 'checksums') => verifyInProcess(endpoints(), storage, mode);
});

describe('ids of files', () => {
	it('stay those of the source, so that rows which point to files find them, also after files were moved', async () => {
		const made = `create schema pics; create table pics.photos (file uuid references storage.objects (id), note text)`;
		await runOn(pair.source.end().dbUrl, made);
		try {
			await fill();
			await pair.sql.source`insert into pics.photos select id, name from storage.objects`;
			const components = [tables, data, storage];
			const first = await clone(components);
			expect(first.outcome('failed')).toEqual([]);
			const found = () => pair.sql.target`select p.note, o.name from pics.photos p
				join storage.objects o on o.id = p.file order by 1`;
			expect((await found()).every(({ note, name }) => note === name)).toBe(true);
			expect(
				await pair.sql
					.target`select convalidated from pg_constraint where conname = 'photos_file_fkey'`,
			).toEqual([{ convalidated: true }]);
			expect(await verifyInProcess(endpoints(), data, 'structure')).toEqual([]);

			// Two swap their names, one is moved: ids go with the files.
			await pair.sql
				.source`update storage.objects set name = case name when 'a.txt' then 'b.txt' when 'b.txt' then 'a.txt'
				when 'c.txt' then 'moved.txt' end where name in ('a.txt', 'b.txt', 'c.txt')`.catch(async () => {
				// The unique index minds the order.
				for (const [from, to] of [
					['a.txt', 'x'],
					['b.txt', 'a.txt'],
					['x', 'b.txt'],
					['c.txt', 'moved.txt'],
				] as const)
					await pair.sql.source`update storage.objects set name = ${to} where name = ${from}`;
			});
			await clone(components);
			const shared = (db: postgres.Sql) =>
				db`select id, name from storage.objects where name <> 'c.txt' order by 1`;
			expect(await shared(pair.sql.target)).toEqual(await shared(pair.sql.source));
		} finally {
			for (const db of [pair.sql.source, pair.sql.target])
				await db`drop schema if exists pics cascade`;
		}
	});

	it('that a clone does not bring are warned of before, with the number of rows, and reported after', async () => {
		for (const { dbUrl } of Object.values(endpoints()))
			await runOn(
				dbUrl,
				`create schema pics; create table pics."Photos ""p""" (file uuid references storage.objects (id))`,
			);
		try {
			await fill();
			await pair.sql.source`insert into pics."Photos ""p""" select id from storage.objects`;
			const components = { ...testOptions().components, storage: false };
			const preview = await previewInProcess({ ...endpoints(), options: { components } }, data);
			expect(preview.warnings).toContainEqual(
				expect.objectContaining({
					object: expect.stringContaining('pics."Photos ""p"""') as string,
					message: '4 rows point to rows of storage.objects, which this clone does not bring',
				}),
			);
			const result = await clone([data], { components });
			expect(result.outcome('failed')).toHaveLength(1);
			expect(result.items.get(result.outcome('failed')[0] ?? '')?.detail).toContain(
				'4 rows point to',
			);
		} finally {
			for (const db of [pair.sql.source, pair.sql.target])
				await db`drop schema if exists pics cascade`;
		}
	});
});
