// Values whose text depends on how a session is set up, or whose text is not what is stored: they arrive byte for
// byte, a second clone copies nothing and a verification agrees.
import { expect, it } from 'vitest';
import { createData } from '../../supabase/functions/_shared/components/data/index.ts';
import { SIZES } from '../../supabase/functions/_shared/components/data/sizes.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';
import { tablesOnly } from '../helpers/tables-only.ts';

const buckets = { ...SIZES, smallBytes: -1, wholeBytes: 0, chunkBytes: 8192, compareBytes: 8192 };

const TABLES = `
create domain public.sheet as xml;
create domain public.page as public.sheet;
create type public.part as (x xml, m money);
create table public."Odd.Values" (id int primary key, x xml, p public.page, xs xml[], c public.part, j json, b jsonb, m money, y bytea,
  v tsvector, at timestamptz, d date, i interval, f float8, r real, n numeric, a text[]);
create table public.no_key (x xml);
create table public.cut (id int, x xml) partition by list (id);
create table public.cut_1 partition of public.cut for values in (1);`;

const DECLARED = `<?xml version="1.0" encoding="ISO-8859-1"?><a>\u00e9</a>`;
const ROWS = `
insert into public."Odd.Values" values (1, '${DECLARED}', '${DECLARED}', array['${DECLARED}', '<b/>', null]::xml[],
  row('${DECLARED}', 12.34::money), '{"a": 1,  "a":2 }', '{"a": 1,  "a":2 }', 12345.67::money, '\\x00ff',
  'b:2A a:1', '2026-03-29 01:30:00+00', '2026-02-01', '1 mon -2 days', 0.1::float8 + 0.2, 0.1, 1.10, array['NULL', null]);
insert into public."Odd.Values" (id, x, f, r) values (2, '<?xml version="1.0"?>
<!DOCTYPE a [<!ELEMENT a ANY>]><a/>', 'nan', '-0'), (3, 'just text <b/>', '-infinity', 1e-45), (4, '<?xml version="1.1" standalone="yes"?><a/>', '-0', 1), (5, null, null, null), (6, '', null, null);
insert into public.no_key select x from public."Odd.Values", generate_series(1, 200);
insert into public.cut select 1, x from public."Odd.Values";`;

const SETTINGS = {
	source: `set timezone to 'Asia/Tokyo'; set datestyle to 'SQL, DMY'; set intervalstyle to 'sql_standard';
set bytea_output to 'escape'; set extra_float_digits to 0; set xmloption to 'document'; set lc_monetary to 'C'`,
	target: `set timezone to 'America/New_York'; set datestyle to 'German, MDY'; set xmloption to 'document';
set lc_monetary to 'POSIX'; set array_nulls to off`,
};

/** What is stored, seen by a plain session: casts of xml to text keep every byte. */
const STORED = `set timezone to 'UTC'; set datestyle to 'ISO'; set intervalstyle to 'postgres'; set bytea_output to 'hex';
	set lc_monetary to 'C'; select id, x::text, p::text as p, xs::text[] as xs, j::text, b::text, pg_catalog.cash_send(m)::text as m, y::text, v::text,
	at::text, d::text, i::text, pg_catalog.float8send(f)::text as f, pg_catalog.float4send(r)::text as r, n::text, a, c::text
	from public."Odd.Values" order by id`;

it.each([
	['groups', createData()],
	['buckets', createData(buckets)],
])('values are kept byte for byte, %s', async (_, data) => {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, TABLES + ROWS);
	for (const role of ['source', 'target'] as const) {
		const [row] = await rowsOf(pair[role].dbUrl, 'select current_database() as name');
		const database = `alter database "${String(row?.['name'])}"`;
		const settings = SETTINGS[role].replaceAll(/\bset /g, `${database} set `);
		await runOn(pair[role].adminUrl, settings);
	}
	const clone = { ...pair, components: [tablesOnly, data] };
	expect((await cloneInProcess(clone)).outcome('failed')).toEqual([]);
	const stored = async (url: string) => (await rowsOf(url, STORED)).at(-1);
	expect(await stored(pair.target.dbUrl)).toEqual(await stored(pair.source.dbUrl));
	expect((await cloneInProcess(clone)).outcome('copied')).toEqual([]);
	expect(await verifyInProcess(pair, data, 'checksums')).toEqual([]);
});
