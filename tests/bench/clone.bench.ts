// What users wait for, from start_clone to the end of the job, as a ratio to peers on the same machine in the same minutes,
// all through the session pooler with TLS. `npm run bench clone -- --gb 1 --rounds 3`.
import { parseArgs } from 'node:util';
import { openBenchStack, timed, type BenchStack } from './bench-stack.ts';
import { line, median, spread } from './figures.ts';

const { values: flags } = parseArgs({
	options: {
		gb: { type: 'string', default: '1' },
		rounds: { type: 'string', default: '3' },
		timeline: { type: 'boolean', default: false },
	},
});
const GB = Number(flags.gb);
const ROUNDS = Number(flags.rounds);
const COMPONENTS = ['tables', 'views', 'functions', 'triggers', 'policies', 'data', 'auth_users'];
const SMALL_TABLES = 200;

const rows = (atOneGb: number): number => Math.max(10, Math.round(atOneGb * GB));

/** 217 tables; about 1 GB of COPY text at GB = 1. Dates and values are the same in every run. */
const STRUCTURE = `
create schema bench;
create table bench.narrow (id bigint primary key, a int, b int, filler char(40));
create table bench.wide (id uuid primary key, doc jsonb, note text);
create table bench.blob (id int primary key, bytes bytea);
create table bench.by_uuid (id uuid primary key, n bigint, at timestamptz, owner bigint);
create table bench.composite (tenant text, number int, name text, primary key (tenant, number));
create table bench.loose (a int, b text, c numeric);
create table bench.events (id bigint, at date, what text, primary key (id, at)) partition by range (at);
${Array.from({ length: 8 }, (_, nth) => `create table bench.events_${nth} partition of bench.events for values from ('2026-0${nth + 1}-01') to ('2026-0${nth + 2}-01')`).join(';\n')};
${Array.from({ length: SMALL_TABLES }, (_, nth) => `create table bench.small_${nth} (id int primary key, v text)`).join(';\n')}`;

const INDEXES = `
create index on bench.narrow (a);
create index on bench.by_uuid (at);
create index on bench.by_uuid (owner);
create index on bench.composite (name);
create index on bench.events (what);
alter table bench.by_uuid add foreign key (owner) references bench.narrow (id)`;

const ROWS = `
insert into bench.narrow select i, i % 1000, i % 7, 'x' from generate_series(1, ${rows(1_500_000)}) i;
insert into bench.wide select md5(i::text)::uuid, jsonb_build_object('n', i, 'list', array[i, i + 1, i + 2], 'text', repeat(md5((i * 3)::text), 8)),
  repeat(md5(i::text), 14) from generate_series(1, ${rows(350_000)}) i;
insert into bench.blob select i, decode(repeat(md5(i::text), 160), 'hex') from generate_series(1, ${rows(16_000)}) i;
insert into bench.by_uuid select md5('u' || i)::uuid, i * 7, '2026-01-01'::timestamptz + i * interval '1 s', i % ${rows(1_500_000)} + 1
  from generate_series(1, ${rows(600_000)}) i;
insert into bench.composite select 'tenant ' || i % 40, i, md5(i::text) from generate_series(1, ${rows(500_000)}) i;
insert into bench.loose select i % 500, md5(i::text), i / 7.0 from generate_series(1, ${rows(600_000)}) i;
insert into bench.events select i, '2026-01-01'::date + (i % 240)::int, md5(i::text) from generate_series(1, ${rows(400_000)}) i;
${Array.from({ length: SMALL_TABLES }, (_, nth) => `insert into bench.small_${nth} select i, 'v' || i from generate_series(1, 100) i`).join(';\n')}`;

/** A peer ends as we do: with indexes, and with statistics. */
const ANALYZE = `select format('analyze %s', oid::regclass) from pg_class where relkind in ('r', 'p') and relnamespace = 'bench'::regnamespace \\gexec`;
const DUMP = `pg_dump -n bench "$SOURCE" | psql -q -v ON_ERROR_STOP=1 -o /dev/null "$TARGET" && echo "${ANALYZE}" | psql -q -v ON_ERROR_STOP=1 "$TARGET"`;
const COUNT = `select sum((xpath('/row/c/text()', query_to_xml(format('select count(*) as c from %s', oid::regclass), false, true, '')))[1]::text::bigint)::text as rows
	from pg_class where relkind = 'r' and relnamespace = 'bench'::regnamespace`;

const empty = ({ target }: BenchStack): Promise<void> =>
	target.run('drop schema if exists bench cascade');

const told = (
	[writes, files]: readonly [number, number],
	[writesNow, filesNow]: readonly [number, number],
): string => `${writesNow - writes} rows written, ${filesNow - files} temporary files`;

const stack = await openBenchStack();
try {
	await stack.source.run(STRUCTURE);
	await stack.source.run(ROWS);
	await stack.source.run(`${INDEXES}; analyze`);
	// What else the sample has is copied once, before anything is measured.
	await stack.clone(COMPONENTS);
	const { source, target } = stack;
	const [size] = await source.query(
		`select sum(pg_table_size(oid)) / 1e9 as gb, count(*) as tables from pg_class where relkind = 'r' and relnamespace = 'bench'::regnamespace`,
	);
	console.log(
		`${Number(size?.['gb']).toFixed(2)} GB on disk in ${String(size?.['tables'])} tables; ${ROUNDS} rounds, interleaved\n`,
	);
	const times = {
		dump: [] as number[],
		fresh: [] as number[],
		again: [] as number[],
		verify: [] as number[],
		inOnePlace: [] as number[],
		everywhere: [] as number[],
	};
	const ofOurs = async (): Promise<void> => {
		const fresh = await stack.clone(COMPONENTS);
		times.fresh.push(fresh.seconds);
		console.log(`  ${fresh.slices} slices; ${fresh.moment ?? 'one slice for all rows'}`);
		times.verify.push(await stack.verify());
		const before = await writesAndFiles(stack);
		const again = await stack.clone(COMPONENTS);
		times.again.push(again.seconds);
		if (flags.timeline) console.log([...fresh.timeline, 'again', ...again.timeline].join('\n'));
		console.log(`  again: ${told(before, await writesAndFiles(stack))}`);
		await source.run(`update bench.narrow set b = b + 1 where id <= ${rows(15_000)}`);
		times.inOnePlace.push((await stack.clone(COMPONENTS)).seconds);
		await source.run('update bench.narrow set b = b + 1 where id % 100 = 0');
		times.everywhere.push((await stack.clone(COMPONENTS)).seconds);
	};
	const ofPeer = async (): Promise<void> => {
		times.dump.push(await timed(DUMP, stack));
		const [here, there] = [await source.query(COUNT), await target.query(COUNT)];
		if (here[0]?.['rows'] !== there[0]?.['rows']) throw new Error('the peer copied something else');
	};
	for (let round = 0; round < ROUNDS; round += 1) {
		for (const turn of round % 2 === 0 ? [ofPeer, ofOurs] : [ofOurs, ofPeer]) {
			await empty(stack);
			await turn();
		}
	}
	const fresh = median(times.fresh);
	const dump = median(times.dump);
	const of = (seconds: readonly number[], base: number): string =>
		spread(seconds.map((one) => one / base));
	console.log(
		`\npg_dump | psql: ${spread(times.dump)} s; a fresh clone: ${spread(times.fresh)} s\n`,
	);
	console.log(line(['figure', 'ratio', 'of', 'wanted']));
	console.log(line(['---', '---', '---', '---']));
	console.log(line(['fresh clone', of(times.fresh, dump), 'pg_dump \\| psql', '≤ 0.9']));
	console.log(
		line(['clone again, nothing changed', of(times.again, fresh), 'fresh clone', '≤ 0.25']),
	);
	console.log(
		line([
			'again, 1 % of a table in one place',
			of(times.inOnePlace, fresh),
			'fresh clone',
			'≤ 0.4',
		]),
	);
	console.log(
		line(['again, 1 % of a table everywhere', of(times.everywhere, fresh), 'fresh clone', '≤ 1.0']),
	);
	console.log(
		line(['verification by checksums', of(times.verify, fresh), 'fresh clone', '≤ 0.35']),
	);
} finally {
	await stack.close();
}

/** Rows written to the target, and temporary files on both, since the databases were made. */
async function writesAndFiles({ source, target }: BenchStack): Promise<readonly [number, number]> {
	const written = `select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::int8 as n from pg_stat_user_tables where schemaname = 'bench'`;
	const files = `select temp_files::int8 as n from pg_stat_database where datname = current_database()`;
	const [[rowsWritten], [here], [there]] = await Promise.all([
		target.query(written),
		source.query(files),
		target.query(files),
	]);
	return [Number(rowsWritten?.['n']), Number(here?.['n']) + Number(there?.['n'])];
}
