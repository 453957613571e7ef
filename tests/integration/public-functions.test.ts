// Every function that users may call, taken from the catalog, with arguments that nobody means: what is refused is refused with a 4xx, in
// words and with what to do; nothing of how we are made is shown, and nothing of another user's is changed. A seed repeats
// the calls: TWINS_FUZZ_SEED=7 TWINS_FUZZ_CALLS=2000 npx vitest run --project integration tests/integration/public-functions.test.ts
import * as fs from 'node:fs';
import * as path from 'node:path';
import postgres from 'postgres';
import { beforeAll, expect, it } from 'vitest';
import { type Control, freshControl } from '../helpers/control.ts';
import { seededRandom } from '../walk/random.ts';

const SEED = Number(process.env['TWINS_FUZZ_SEED'] ?? 20261129);
const CALLS = Number(process.env['TWINS_FUZZ_CALLS'] ?? 25);

const { int: below } = seededRandom(SEED);
const one = <T>(list: readonly T[]): T => list[below(list.length)] as T;

const THINGS = [
	'account',
	'twin',
	'schedule',
	'job',
	'verification',
	'channel',
	'notification',
	'delivery',
	'destination',
	'backup',
];
const ids: Record<string, string> = {};

const nested = (depth: number): unknown => {
	let value: unknown = 1;
	for (let level = 0; level < depth; level += 1) value = below(2) === 0 ? [value] : { a: value };
	return value;
};
const TEXTS = [
	'',
	' ',
	'x',
	'*',
	'public.*',
	'public.t',
	'0 3 * * *',
	'* * * * *',
	'61 * * * *',
	'@daily',
	'UTC',
	'Europe/Berlin',
	'Mars/Base',
	'a'.repeat(20),
	'b'.repeat(20),
	'c'.repeat(20),
	`'; drop table public.jobs; --`,
	'"',
	'%s%n',
	'\\',
	'../../x',
	'\u0001',
	'\u202e',
	'𝄞é',
	'x'.repeat(100_000),
	'-1',
	'null',
	'{}',
	'counts',
	'full',
	'structure',
	'mirror',
	'data',
	'tables',
	'everything',
	'run_failed',
	'123e4567',
	'1e999',
];
const OPTIONS = [
	'components',
	'row_limit',
	'backup',
	'remove_extra',
	'activate',
	'copy_mfa',
	'hold_snapshot',
	'confirm_target',
	'verify',
	'strategies',
	'tables',
	'include_rows',
	'__proto__',
	'x',
	'',
];
/** What Postgres holds as jsonb. What it cannot hold is refused before any function is called. */
const json = (depth = 0): unknown => {
	switch (below(depth > 2 ? 6 : 9)) {
		case 0:
			return null;
		case 1:
			return one([true, false]);
		case 2:
			return one([0, -1, 1.5, 1e15, -1e300, 2 ** 53]);
		case 3:
			return one(TEXTS);
		case 4:
			return one(Object.values(ids));
		case 5:
			return one([{}, []]);
		case 6:
			return nested(200);
		case 7:
			return Array.from({ length: below(4) }, () => json(depth + 1));
		default:
			return Object.fromEntries(
				Array.from({ length: below(4) }, () => [
					one([...OPTIONS, ...TEXTS.slice(0, 20)]),
					json(depth + 1),
				]),
			);
	}
};

/** A value of a type as text; null is SQL's. Half of them are such as the function expects. */
function valueOf(type: string, name: string): string | null {
	if (below(12) === 0) return null;
	if (below(2) === 0) {
		const thing = THINGS.find((one) => name.includes(one));
		if (thing) return ids[`${thing} of ${one(['Ada', 'Ada', 'Ada', 'Boris'])}`] ?? null;
		const meant = {
			source_ref: 'a'.repeat(20),
			target_ref: 'b'.repeat(20),
			cron: '0 3 * * *',
			zone: 'UTC',
		};
		for (const [part, value] of Object.entries(meant)) if (name.includes(part)) return value;
	}
	if (type.endsWith('[]'))
		return one([
			'{}',
			'{NULL}',
			'{"x"}',
			'{x,x}',
			'{public.t,*}',
			'{{a,b},{c,d}}',
			`{${'y,'.repeat(2000)}y}`,
			'{tables,data}',
			'{run_failed}',
			'{"\\""}',
		]);
	switch (type) {
		case 'uuid':
			return below(8) === 0
				? one(['x', '', '00000000-0000-4000-8000-000000000000'])
				: one(Object.values(ids));
		case 'jsonb':
		case 'json':
			return JSON.stringify(
				below(2) === 0
					? json()
					: Object.fromEntries(Array.from({ length: below(4) }, () => [one(OPTIONS), json(1)])),
			);
		case 'boolean':
			return one(['true', 'false', 'false', 'perhaps']);
		case 'smallint':
		case 'integer':
		case 'bigint':
			return one([
				'0',
				'1',
				'-1',
				'6',
				'24',
				'2147483647',
				'-2147483648',
				'99999999999999999999',
				'1.5',
				'x',
			]);
		case 'timestamp with time zone':
		case 'date':
			return one([
				'now',
				'infinity',
				'-infinity',
				'4000-01-01 BC',
				'294276-12-31',
				'2026-01-01',
				'x',
			]);
		default:
			return one(TEXTS);
	}
}

let control: Control;
let sql: postgres.Sql;

beforeAll(async () => {
	control = await freshControl();
	sql = control.sql;
	// The story that the tests of the database tell, without pgTAP.
	const file = path.join(import.meta.dirname, '../db/00-helpers.sql');
	const [helpers = ''] = fs.readFileSync(file, 'utf8').split(/^begin;$/m);
	await sql.unsafe(helpers.replace(/^\\.*$/gm, '').replace(/^create extension .*$/m, ''));
	await sql`select tests.tell_story(), tests.tell_runs('Boris', repeat('d', 20))`;
	for (const thing of THINGS)
		for (const user of ['Ada', 'Boris']) {
			const [row] = await sql`select tests.user_id(${`${thing} of ${user}`}) as id`;
			ids[`${thing} of ${user}`] = String(row?.['id']);
		}
});

/** A value that is none of its type: the cast of the API refuses it. */
const MALFORMED = /^(22P02|22003|22007|22008|22P05|22021)$/;

it(
	`refuses in words whatever is asked, from seed ${SEED}`,
	{ timeout: 60_000 + CALLS * 2000 },
	async () => {
		const functions = await sql<
			{ name: string; names: string[]; types: string[]; needed: number }[]
		>`
		select p.proname as name, p.proargnames[1:p.pronargs] as names,
			array(select format_type(t, null) from unnest(p.proargtypes) with ordinality as a (t, n) order by n) as types,
			p.pronargs - p.pronargdefaults as needed
		from pg_proc p
		where p.pronamespace = 'public'::regnamespace and has_function_privilege('authenticated', p.oid, 'execute')
			and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
		order by p.proname`;
		expect(functions.length).toBeGreaterThan(15);
		const tables = await sql<{ name: string }[]>`
		select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
			and has_table_privilege('authenticated', oid, 'select') order by 1`;
		const be = (user: string, by: postgres.TransactionSql) =>
			by`select set_config('request.jwt.claims', '', true), set_config('role', 'none', true), tests.sign_in(${user})`;
		/** All that Boris sees is his. */
		const ofBoris = async (by: postgres.TransactionSql): Promise<unknown> => {
			await be('Boris', by);
			const all = tables.map(
				({ name }) => `(select string_agg(t::text, ';' order by t::text) from public."${name}" t)`,
			);
			const [row] = await by.unsafe(`select md5(concat_ws('|', ${all.join(', ')})) as sum`);
			return row?.['sum'];
		};
		const bad: string[] = [];
		const seen = { accepted: 0, refused: 0, malformed: 0 };
		class Undo extends Error {}
		const his = await sql.begin((by) => ofBoris(by));

		for (const { name, names, types, needed } of functions)
			for (let call = 0; call < CALLS; call += 1) {
				const count = needed + below(types.length - needed + 1);
				const values = types.slice(0, count).map((type, nth) => valueOf(type, names[nth] ?? ''));
				const given = values.map(
					(_, nth) => `${names[nth] ?? ''} := $${nth + 1}::text::${types[nth] ?? ''}`,
				);
				const statement = `select * from public."${name}"(${given.join(', ')})`;
				const told = `${name}(${values.map((value) => String(value).slice(0, 60)).join(', ')})`;
				await sql
					.begin(async (by) => {
						await be('Ada', by);
						await by.unsafe(statement, values as never[]);
						seen.accepted += 1;
						if ((await ofBoris(by)) !== his) bad.push(`${told} changed what is another's`);
						throw new Undo();
					})
					.catch((error: unknown) => {
						if (error instanceof Undo) return;
						if (!(error instanceof postgres.PostgresError)) throw error;
						const { code, message, hint = '' } = error;
						const isOurs =
							/^(PT4\d\d|22023)$/.test(code) && /\w{3}/.test(message) && /\w{3}/.test(hint);
						if (isOurs && !/private\.|pl\/pgsql|violates|constraint/i.test(message))
							seen.refused += 1;
						else if (MALFORMED.test(code) && isOfCast(error)) seen.malformed += 1;
						else bad.push(`${told}: ${code} ${message} (${hint})`);
					});
			}
		console.log(JSON.stringify({ seed: SEED, functions: functions.length, ...seen }));
		expect(bad).toEqual([]);
		expect(Math.min(seen.accepted, seen.refused, seen.malformed)).toBeGreaterThan(0);
	},
);

/** Not from within a function: the value given is no value of the type. */
const isOfCast = ({ where }: postgres.PostgresError): boolean => !/function/i.test(where ?? '');
