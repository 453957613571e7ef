// Extensions that stand in another schema on the target than on the source: they are moved before anything else is
// compared, because every column, index and function that uses them is printed with their schema.
import { describe, expect, test } from 'vitest';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { cloneInProcess, previewInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';

const components = [tables, data, functions];

const useIn = (schema: string): string => `
	create extension if not exists citext with schema ${schema};
	create extension if not exists "uuid-ossp" with schema ${schema};
	create extension if not exists pg_trgm with schema ${schema};
	create table public.people (
		id uuid primary key default ${schema}.uuid_generate_v4(), email ${schema}.citext unique, name text
	);
	create index people_name on public.people using gin (name ${schema}.gin_trgm_ops);
	create domain public.mail as ${schema}.citext check (value ~ '@');
	create function public.find(${schema}.citext) returns setof public.people
	language sql stable as 'select * from public.people where email = $1';
	insert into public.people (id, email, name) values ('00000000-0000-0000-0000-000000000001', 'Ann@x.test', 'Ann');`;

/** Of the target only: all of it has to be there afterwards, filled as before. */
const OWN = `
	create table public.own (mail public.citext, id uuid default public.uuid_generate_v4());
	insert into public.own (mail) values ('Own@x.test');
	create function public.own_f(public.citext) returns int language sql as 'select 1';`;

const schemasOf = (url: string) =>
	rowsOf(
		url,
		`select extname::text as name, extnamespace::regnamespace::text as schema from pg_extension
		where extname in ('citext', 'uuid-ossp', 'pg_trgm', 'fuzzystrmatch') order by 1`,
	);

describe.each([
	{ title: 'the usual schema, extras left', schema: 'extensions', remove_extra: false },
	{
		title: 'a schema with an odd name, extras removed',
		schema: '"Ext ""a"".b"',
		remove_extra: true,
	},
])('extensions of public on the target, in $title', ({ schema, remove_extra }) => {
	test('are moved with all that rests on them', async () => {
		const { source, target } = await freshPair();
		if (schema !== 'extensions') {
			for (const name of ['citext', '"uuid-ossp"', 'pg_trgm'])
				await runOn(source.adminUrl, `drop extension if exists ${name} cascade`);
			await runOn(source.dbUrl, `create schema ${schema}`);
		}
		await runOn(source.dbUrl, useIn(schema));
		for (const name of ['citext', '"uuid-ossp"', 'pg_trgm'])
			await runOn(target.adminUrl, `drop extension if exists ${name} cascade`);
		await runOn(target.dbUrl, useIn('public') + OWN);
		const before = await rowsOf(
			target.dbUrl,
			`select attrelid from pg_attribute where attrelid = 'public.people'::regclass and attname = 'email'`,
		);

		const endpoints = { source, target, options: { remove_extra } };
		const preview = await previewInProcess(endpoints, tables);
		const planned = new Map(preview.objects.map((object) => [object['object'], object]));
		expect(planned.get('extension citext')).toMatchObject({ action: 'change' });
		expect(JSON.stringify(planned.get('extension citext'))).toContain('set schema');
		expect(JSON.stringify(planned.get('public.people')?.['sql'] ?? [])).not.toContain('column');
		expect(planned.get('public.people_name')).toMatchObject({ action: 'keep' });
		expect(preview.warnings.find(({ object }) => object === 'extension citext')?.message).toContain(
			'moved from public',
		);
		const ofFunctions = await previewInProcess(endpoints, functions);
		const actions = new Map(ofFunctions.objects.map(({ object, action }) => [object, action]));
		expect([...actions]).not.toContainEqual(['public.find(public.citext)', 'remove']);

		const result = await cloneInProcess({ ...endpoints, components });
		expect(result.outcome('failed')).toEqual([]);
		expect(result.items.get('tables extension citext')).toMatchObject({ outcome: 'copied' });
		expect(await schemasOf(target.dbUrl)).toEqual(await schemasOf(source.dbUrl));
		// The same table: nothing was created again.
		const people = `select attrelid from pg_attribute where attrelid = 'public.people'::regclass and attname = 'email'`;
		expect(await rowsOf(target.dbUrl, people)).toEqual(before);
		// Without the privileges that the older project gave to its API roles when the extension was made.
		const dump = (url: string): string[] => dumpedStatements(url, ['--no-privileges']);
		if (remove_extra) expect(dump(target.dbUrl)).toEqual(dump(source.dbUrl));
		else
			expect(await rowsOf(target.dbUrl, 'select mail::text from public.own')).toEqual([
				{ mail: 'Own@x.test' },
			]);
		for (const component of components)
			expect(
				(await verifyInProcess(endpoints, component, 'checksums')).filter(
					({ severity }) => severity === 'failed',
				),
				component.key,
			).toEqual([]);
		const again = await cloneInProcess({ ...endpoints, components });
		expect(again.outcome('copied')).toEqual([]);
		expect(again.outcome('failed')).toEqual([]);
	});
});

test('an extension that cannot move is created again where nothing rests on it, and else left with the statements', async () => {
	const { source, target } = await freshPair();
	await runOn(
		source.dbUrl,
		'create schema apart; create extension fuzzystrmatch with schema apart',
	);
	await runOn(
		target.dbUrl,
		`create extension fuzzystrmatch with schema public;
		create view public.sounds as select public.soundex('Anne') as sound`,
	);
	await runOn(
		target.adminUrl,
		"update pg_extension set extrelocatable = false where extname = 'fuzzystrmatch'",
	);
	const endpoints = { source, target };
	const refused = await cloneInProcess({ ...endpoints, components });
	expect(refused.outcome('failed')).toEqual(['tables extension fuzzystrmatch']);
	const { fix } = refused.items.get('tables extension fuzzystrmatch') ?? {};
	expect(fix).toContain(
		'drop extension fuzzystrmatch; create extension fuzzystrmatch with schema apart',
	);
	expect(fix).toContain('public.sounds');
	const sounds = await rowsOf(target.dbUrl, 'select sound from public.sounds');
	expect(sounds).toEqual([{ sound: 'A500' }]);

	await runOn(target.dbUrl, 'drop view public.sounds');
	const made = await cloneInProcess({ ...endpoints, components });
	expect(made.outcome('failed')).toEqual([]);
	expect(await schemasOf(target.dbUrl)).toEqual(await schemasOf(source.dbUrl));
});

test('an extension whose owner does not let it go is reported with the statement', async () => {
	const { source, target } = await freshPair();
	await runOn(source.dbUrl, 'create extension if not exists hstore with schema extensions');
	await runOn(
		target.adminUrl,
		'drop extension if exists hstore; create extension hstore with schema public',
	);
	const result = await cloneInProcess({ source, target, components });
	expect(result.outcome('failed')).toEqual(['tables extension hstore']);
	expect(result.items.get('tables extension hstore')).toMatchObject({
		sqlstate: '42501',
		fix: expect.stringContaining('alter extension hstore set schema extensions'),
	});
});
