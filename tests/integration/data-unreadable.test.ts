// A table that one endpoint cannot read, or not at the moment: it is told by name, and all others are copied.
import { describe, expect, it } from 'vitest';
import { createData } from '../../supabase/functions/_shared/components/data/index.ts';
import { SIZES } from '../../supabase/functions/_shared/components/data/sizes.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { cloneInProcess, previewInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair, type Pair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';
import { tablesOnly } from '../helpers/tables-only.ts';

const sizes = { ...SIZES, lockMs: 300 };
const MODES = {
	groups: createData(sizes),
	// Every table is divided, as large ones are.
	chunks: createData({ ...sizes, smallBytes: -1, wholeBytes: 0, chunkBytes: 8192 }),
};

const NAMES = ['good', '"also.Good"', 'bad'];
const TABLES = `create type public.mood as enum ('fine', 'gone');
${NAMES.map((name) => `create table public.${name} (id int primary key, v text, m public.mood);`).join('\n')}`;
const ROWS = NAMES.map(
	(name) =>
		`insert into public.${name} select i, repeat('x', 50) || i, 'fine' from generate_series(1, 500) i;`,
).join('\n');

/** Makes reading `bad` fail, each in its own way. */
const TROUBLES: Readonly<Record<string, string>> = {
	'its index calls a function that is gone': `
create function public.gone(text) returns text language sql immutable as 'select $1';
create function public.calls_gone(text) returns text language sql immutable as 'select public.gone($1)';
create index bad_gone on public.bad (public.calls_gone(v));
drop function public.gone(text);`,
	'a value cannot be written as text': `
update public.bad set m = 'gone' where id = 7;
delete from pg_enum where enumlabel = 'gone';`,
};

async function prepared(): Promise<Pair> {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, TABLES + ROWS);
	await runOn(
		pair.target.dbUrl,
		`${TABLES}${ROWS} update public.good set v = 'old' where id % 7 = 0; delete from public."also.Good";`,
	);
	return pair;
}

async function expectOthersCopied({ target }: Pair): Promise<void> {
	expect(
		await rowsOf(
			target.dbUrl,
			`select (select count(*)::int from public.good where v <> 'old') as good,
			(select count(*)::int from public."also.Good") as also`,
		),
	).toEqual([{ good: 500, also: 500 }]);
}

describe.each(['source', 'target'] as const)('unreadable on the %s', (role) => {
	it.each(Object.keys(TROUBLES))('%s', async (trouble) => {
		for (const [mode, data] of Object.entries(MODES)) {
			const pair = await prepared();
			await runOn(pair[role].adminUrl, TROUBLES[trouble] ?? '');
			const result = await cloneInProcess({ ...pair, components: [data] });
			expect(result.outcome('failed'), mode).toEqual(['data public.bad']);
			await expectOthersCopied(pair);
			const findings = await verifyInProcess(pair, data, 'checksums');
			expect(
				findings.map(({ object }) => object),
				mode,
			).toEqual(['public.bad']);
		}
	});
});

it('a preview names the tables that it cannot read and looks at all others', async () => {
	const pair = await prepared();
	const [trouble = ''] = Object.values(TROUBLES);
	await runOn(pair.source.adminUrl, trouble);
	const { warnings } = await previewInProcess(pair, MODES.groups);
	expect(warnings.map(({ object, message }) => [object, message.slice(0, 30)])).toEqual([
		['public.bad', 'The table cannot be read on th'],
		['public.bad', 'The target has rows: they are '],
		['public.good', 'The target has rows: they are '],
	]);
});

it.each(['source', 'target'] as const)('locked on the %s all the time', async (role) => {
	for (const [mode, data] of Object.entries(MODES)) {
		const pair = await prepared();
		const holder = await connectUrl(pair[role].dbUrl);
		try {
			await holder.script('begin; lock table public.bad in access exclusive mode');
			const result = await cloneInProcess({ ...pair, components: [data] });
			expect(result.outcome('failed'), mode).toEqual(['data public.bad']);
			await expectOthersCopied(pair);
			const findings = await verifyInProcess(pair, data, 'checksums');
			expect(
				findings.map(({ object }) => object),
				mode,
			).toEqual(['public.bad']);
		} finally {
			await holder.close();
		}
	}
});

it('a sequence that cannot be read, and a foreign table that nobody answers for', async () => {
	const pair = await prepared();
	const both = `create sequence public.counter; create sequence public.closed;
create extension if not exists postgres_fdw schema extensions;
create server nobody foreign data wrapper postgres_fdw options (host '127.0.0.1', port '9', connect_timeout '2');
create user mapping for postgres server nobody options (user 'u', password 'p');
create table public.parts (id int) partition by range (id);
create table public.parts_here partition of public.parts for values from (0) to (10);`;
	await runOn(
		pair.target.adminUrl,
		`${both} alter table public.parts owner to postgres; alter table public.parts_here owner to postgres; alter sequence public.counter owner to postgres; alter sequence public.closed owner to postgres;`,
	);
	await runOn(
		pair.source.adminUrl,
		`${both} create foreign table public.parts_far partition of public.parts for values from (10) to (20) server nobody;
insert into public.parts values (1); select setval('public.counter', 7);`,
	);
	await runOn(
		pair.target.adminUrl,
		'alter sequence public.closed owner to supabase_admin; revoke all on sequence public.closed from postgres, anon, authenticated, service_role;',
	);
	await runOn(pair.source.adminUrl, "select setval('public.closed', 9)");
	const result = await cloneInProcess({ ...pair, components: [MODES.groups] });
	expect(result.outcome('failed')).toEqual(['data public.closed', 'data public.parts']);
	await expectOthersCopied(pair);
	expect(
		await rowsOf(pair.target.adminUrl, 'select last_value::int as n from public.counter'),
	).toEqual([{ n: 7 }]);
});

it('a materialized view over a table whose rows failed does not pass for refreshed', async () => {
	const pair = await freshPair();
	await runOn(
		pair.source.dbUrl,
		`${TABLES}${ROWS}
create view public.between_them as select id from public.bad;
create materialized view public.of_bad as select count(*) from public.between_them;
create materialized view public.of_good as select count(*) from public.good;`,
	);
	await runOn(pair.source.adminUrl, Object.values(TROUBLES).at(-1) ?? '');
	const result = await cloneInProcess({
		...pair,
		components: [tablesOnly, MODES.groups, views],
	});
	expect(result.outcome('failed')).toEqual(['data public.bad', 'views public.of_bad']);
	expect(result.items.get('views public.of_bad')?.detail).toContain('rows of public.bad');
	expect(result.items.get('views public.of_good')?.outcome).toBe('copied');
});
