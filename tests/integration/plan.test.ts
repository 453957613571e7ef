// The plan of a preview is what the clone then runs: the statements that reach the target, as a proxy on the wire records
// them, are those that were shown, and in their order. And what of it makes the target less safe is named.
import { expect, test } from 'vitest';
import { components as all } from '../../supabase/functions/_shared/components/index.ts';
import { riskName } from '../../supabase/functions/_shared/domain/risk.ts';
import type { RankedWork } from '../../supabase/functions/_shared/engine/slice.ts';
import { cloneInProcess, planInProcess, type TestClone } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { corpusCases, runScript } from '../helpers/corpus.ts';
import { openRecorder, type RecordedMessage } from '../helpers/statement-recorder.ts';

/** All that is in a database alone, but rows: these are described, not listed. */
const components = all.filter(({ key }) =>
	['tables', 'views', 'functions', 'triggers', 'policies', 'webhooks', 'realtime'].includes(key),
);

const WEAKENING: readonly string[] = ['tables', 'views', 'functions', 'policies'];

/** With what a session keeps house before its statements. */
const HOUSEKEEPING =
	/^(?:begin|set local [^;]*|select pg_catalog\.(?:pg_advisory_xact_lock|set_config)\([^;]*);\s*/;
const READS =
	/^\s*(?:select|with|values|set|show|rollback|commit|begin;? ?(?:transaction )?(?:isolation|read only|set transaction)|deallocate|copy|fetch|close|declare)/i;

/** What was written, without the lines that keep house: one text per transaction that was committed. */
function written(messages: readonly RecordedMessage[]): string[] {
	return messages
		.filter(
			({ failed, sql }) => !failed && sql.trim() !== '' && !READS.test(sql) && !isReading(sql),
		)
		.map(({ sql }) => body(sql));
}

/** The turn to read, scripts that read within a transaction, and contents: those of views are refreshed if they differ. */
const isReading = (sql: string): boolean =>
	/pg_advisory_lock\(7311|^begin[^;]*read only|refresh materialized view/.test(sql);

function body(sql: string): string {
	let rest = sql.replace(/;\s*commit\s*$/, '');
	while (HOUSEKEEPING.test(rest)) rest = rest.replace(HOUSEKEEPING, '');
	return rest;
}

const shown = (plan: readonly RankedWork[]): string =>
	plan
		.filter(({ calls }) => calls === undefined)
		.flatMap(({ statements = [] }) => statements)
		.join(';\n');

const CASES = [
	'tables--sample-pagila',
	'tables--supabase-starter',
	'policies--changed',
	'views--changed',
];

test.each(corpusCases().filter(({ name }) => CASES.includes(name)))(
	'$name: what runs is what was shown',
	async ({ files, expected: { options } }) => {
		const pair = await freshPair();
		runScript(pair.source.adminUrl, files.admin);
		runScript(pair.source.dbUrl, files.source);
		runScript(pair.target.dbUrl, files.target);
		const target = await openRecorder(pair.target.dbUrl);
		const clone: TestClone = {
			source: pair.source,
			target: { dbUrl: target.url },
			components,
			options,
		};
		for (const script of [undefined, files.change]) {
			if (script === '') continue;
			runScript(pair.source.dbUrl, script ?? '');
			if (script !== undefined) runScript(pair.target.dbUrl, files['change-target']);
			const plan = await planInProcess(clone);
			expect(written(target.messages), 'a preview writes nothing').toEqual([]);
			target.clear();
			await cloneInProcess(clone);
			expect(written(target.messages).join(';\n')).toBe(shown(plan));
			target.clear();
		}
		expect(shown(await planInProcess(clone)), 'both are equal').toBe('');
	},
);

test('what weakens the target or takes from it is named, and a new table weakens nothing', async () => {
	const pair = await freshPair();
	runScript(
		pair.source.dbUrl,
		`create table open (id int primary key, note text); create table brand_new (id int primary key);
		grant all on brand_new to anon; create policy all_of_it on brand_new for select to anon using (true);
		grant select, insert on open to anon; create policy more on open for select to anon using (true);
		create view seen as select id from open;
		create function run() returns int language sql security definer as 'select 1';`,
	);
	runScript(
		pair.target.dbUrl,
		`create table open (id int primary key, note text, own text); alter table open enable row level security;
		alter table open force row level security; revoke all on open from anon; grant select on open to anon;
		create policy only_mine on open as restrictive for select to public using (false);
		create view seen with (security_invoker = true) as select id from open;
		create function run() returns int language sql as 'select 1';
		create table "only here" as select n as id from generate_series(1, 40) n; create table twice as select 1 as id; analyze;`,
	);
	const named = async (removes: boolean): Promise<string[]> => {
		const clone = {
			...pair,
			components: all.filter(({ key }) => WEAKENING.includes(key)),
			options: { remove_extra: removes },
		};
		return (await planInProcess(clone)).flatMap(({ risks = [] }) => risks.map(riskName)).sort();
	};
	const weakened = [
		'definer public.run()',
		'grants anon on table public.open',
		'invoker public.seen',
		'policies more on public.open',
	];
	expect(new Set(await named(false))).toEqual(new Set(weakened));
	expect(new Set(await named(true))).toEqual(
		new Set([
			...weakened,
			'dropped public."only here"',
			'dropped public.open.own',
			'dropped public.twice',
			'policies only_mine on public.open',
			'removed only_mine on public.open',
			'rls_off row level security on public.open',
		]),
	);
});

test('what cannot be known before is told where it stands: what gets another name first, and the order of very much', async () => {
	const pair = await freshPair();
	runScript(pair.source.dbUrl, 'create table same (id int primary key, note text)');
	const clone = { ...pair, components, options: {} };
	await cloneInProcess(clone);
	runScript(
		pair.source.dbUrl,
		`alter table same rename to "other one"; alter table "other one" add more text;
		do $$ begin
			for n in 1..420 loop
				execute format('create table wide_%s (%s)', n, (select string_agg(format('c%s text', c), ', ') from generate_series(1, 20) c));
			end loop;
		end $$`,
	);
	const told = (await planInProcess(clone)).filter(({ action }) => action === 'compare');
	expect(told.filter(({ object }) => object === 'order of this plan')).toHaveLength(1);
	expect(told.filter(({ object }) => object === 'public."other one"')).toMatchObject([
		{
			stage: expect.any(String),
			kind: 'table',
			detail: expect.stringContaining('Gets this name first'),
		},
	]);
});
