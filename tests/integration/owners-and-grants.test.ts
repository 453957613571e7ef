// Owners that are roles of the user, and what they may do with their own objects. Judged by pg_dump.
import { expect, it } from 'vitest';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { cloneInProcess } from '../helpers/clone.ts';
import { cronPair } from '../helpers/clusters.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { runOn } from '../helpers/run-sql.ts';
import { tablesOnly } from '../helpers/tables-only.ts';

it('a change of owners and grants together arrives, and a second clone changes nothing', async () => {
	const pair = await cronPair();
	const components = [tablesOnly, functions];
	const grants = (url: string) =>
		dumpedStatements(url, ['--schema=og']).filter((line) =>
			/^(GRANT|REVOKE|ALTER.*OWNER)/.test(line),
		);
	await runOn(
		pair.source.dbUrl,
		`create schema og;
		create role "og Reader" nologin;
		create function og.f() returns int language sql as 'select 1';
		create table og.t (id int primary key);
		create table og.back (id int primary key);
		create sequence og.s;
		create type og.e as enum ('a');
		revoke execute on function og.f() from public; grant execute on function og.f() to "og Reader";
		grant select on og.t to "og Reader";
		grant usage on sequence og.s to "og Reader";
		revoke usage on type og.e from public; grant usage on type og.e to "og Reader" with grant option;
		grant "og Reader" to postgres; grant create, usage on schema og to "og Reader";
		alter table og.back owner to "og Reader"`,
	);
	await cloneInProcess({ ...pair, components });
	await runOn(
		pair.source.dbUrl,
		`alter function og.f() owner to "og Reader";
		alter table og.t owner to "og Reader"; revoke insert on og.t from "og Reader";
		alter sequence og.s owner to "og Reader";
		alter type og.e owner to "og Reader";
		alter table og.back owner to postgres; grant select on og.back to "og Reader"`,
	);
	const changed = await cloneInProcess({ ...pair, components });
	expect(changed.outcome('failed')).toEqual([]);
	expect(grants(pair.target.dbUrl)).toEqual(grants(pair.source.dbUrl));

	// The owner stays, his rights on his own table go.
	await runOn(pair.source.dbUrl, 'revoke all on og.t from "og Reader"');
	const revoked = await cloneInProcess({ ...pair, components });
	expect(revoked.outcome('failed')).toEqual([]);
	expect(grants(pair.target.dbUrl)).toEqual(grants(pair.source.dbUrl));
	expect((await cloneInProcess({ ...pair, components })).outcome('copied')).toEqual([]);
});
