// Kinds that a database has nothing of are not even planned: that must never leave out one that it has something of.
import { expect, test } from 'vitest';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { KINDS } from '../../supabase/functions/_shared/schema/kinds/index.ts';
import { presentKinds, shareKinds } from '../../supabase/functions/_shared/schema/present-kinds.ts';
import { readDigest, readNames } from '../../supabase/functions/_shared/schema/read.ts';
import { freshPair, freshProject } from '../helpers/clusters.ts';
import { runScript } from '../helpers/corpus.ts';

const rare = KINDS.filter(({ mayExist }) => mayExist !== undefined);

/** One of every kind that is not always read, and the least of each: no other object of the same catalog. */
const ONE_OF_EACH: Readonly<Record<string, string>> = {
	collation: `create collation german (provider = icu, locale = 'de')`,
	base_type: `create type shell`,
	range: `create type span as range (subtype = int)`,
	composite_type: `create type pair as (a int, b int)`,
	domain: `create domain plain as int`,
	domain_default: `create domain one as int default 1`,
	domain_check: `create domain positive as int check (value > 0)`,
	inheritance: `create table parent (a int); create table child () inherits (parent)`,
	partition: `create table whole (a int) partition by list (a); create table part partition of whole for values in (1)`,
	index_partition: `create table whole (a int) partition by list (a); create index on whole (a);
		create table part partition of whole for values in (1)`,
	partition_trigger: `create function quiet() returns trigger language plpgsql as 'begin return new; end';
		create table whole (a int) partition by list (a); create table part partition of whole for values in (1);
		create trigger t after insert on whole for each row execute function quiet()`,
	constraint_copy: `create table parent (a int constraint c check (a > 0)); create table child () inherits (parent)`,
	validated_copy: `create table parent (a int); create table child () inherits (parent);
		alter table parent add constraint c check (a > 0) not valid; alter table child validate constraint c`,
	foreign_data_wrapper: `create foreign data wrapper w`,
	foreign_server: `create foreign data wrapper w; create server s foreign data wrapper w`,
	user_mapping: `create foreign data wrapper w; create server s foreign data wrapper w;
		create user mapping for anon server s`,
	foreign_table: `create foreign data wrapper w; create server s foreign data wrapper w;
		create foreign table f (a int) server s`,
	exclusion_constraint: `create table e (a int, exclude using btree (a with =))`,
	statistics: `create table s (a int, b int); create statistics st on a, b from s`,
	replica_identity: `create table r (a int); alter table r replica identity full`,
	clustered: `create table c (a int primary key); alter table c cluster on c_pkey`,
	language: `create trusted language mine handler plpgsql_call_handler`,
	leakproof: `create function l() returns int leakproof language sql as 'select 1'`,
	support_function: `create function f(text, text) returns bool language internal immutable strict
		support textlike_support as 'textlike'`,
	aggregate: `create aggregate total (int) (sfunc = int4pl, stype = int)`,
	operator: `create operator === (leftarg = int, rightarg = int, function = int4eq)`,
	operator_family: `create operator family fam using btree`,
	operator_class: `create operator class cls for type int using btree as operator 1 <, function 1 btint4cmp(int, int)`,
	cast: `create type pair as (a int, b int); create cast (pair as text) with inout`,
	transform: `create type pair as (a int, b int);
		create transform for pair language sql (from sql with function prsd_lextype(internal))`,
	conversion: `create conversion conv for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1`,
	text_search_parser: `create text search parser p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end,
		lextypes = prsd_lextype)`,
	text_search_template: `create text search template tmpl (lexize = dsimple_lexize)`,
	text_search_dictionary: `create text search dictionary d (template = simple)`,
	text_search_configuration: `create text search configuration c (copy = simple)`,
	materialized_view: `create materialized view m as select 1 as a`,
	rule: `create table r (a int); create rule nothing as on delete to r do instead nothing`,
	column_privileges: `create table p (a int); grant select (a) on p to anon`,
};

test('each kind that is not always read is read as soon as there is one', async () => {
	expect(Object.keys(ONE_OF_EACH).sort()).toEqual(rare.map(({ name }) => name).sort());
	const { adminUrl } = await freshProject();
	const session = await connectUrl(adminUrl);
	try {
		const [found] = [await presentKinds(session)];
		const plain = new Set([...found].map(({ name }) => name));
		for (const kind of rare) {
			await session.script(`begin; set local search_path = public;
				${ONE_OF_EACH[kind.name] ?? ''};
				grant all on schema public to postgres`);
			const [row] = await session.query<{ present: boolean }>(
				`select ${kind.mayExist ?? ''} as present`,
			);
			const read = kind.attribute?.describes
				? true
				: (await session.query(`select from (${kind.read}) f limit 1`)).length > 0;
			await session.script('rollback');
			expect({ kind: kind.name, ...row, read }).toEqual({
				kind: kind.name,
				present: true,
				read: true,
			});
		}
		// Otherwise nothing is spared.
		expect(rare.filter(({ name }) => plain.has(name)).length).toBeLessThan(rare.length / 2);
	} finally {
		await session.close();
	}
});

test('what is made after the first reading is read by the next one', async () => {
	const pair = await freshPair();
	const [source, target] = [
		await connectUrl(pair.source.dbUrl),
		await connectUrl(pair.target.dbUrl),
	];
	try {
		expect((await presentKinds(source)).size).toBeLessThan(KINDS.length * 0.6);
		const before = await readDigest(source);
		runScript(
			pair.source.dbUrl,
			`create domain public.positive as int check (value > 0);
			create operator public.=== (leftarg = int, rightarg = int, function = int4eq);`,
		);
		const after = await readDigest(source);
		expect([...after.keys()].filter((root) => !before.has(root)).sort()).toEqual([
			'domain:public.positive',
			'operator:public.===(integer,integer)',
		]);
		const objects = (await readNames(source)).map(({ object }) => object);
		expect(objects).toContain('public.positive');
		// The target is about to have what the source has.
		await shareKinds(source, target);
		expect(await presentKinds(target)).toEqual(await presentKinds(source));
	} finally {
		await Promise.all([source.close(), target.close()]);
	}
});
