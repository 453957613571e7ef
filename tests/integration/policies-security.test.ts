import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { cloneInProcess, verifyInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { rowsOf, runOn } from '../helpers/run-sql.ts';
import { tablesOnly } from '../helpers/tables-only.ts';

const securityOf = (url: string) =>
	rowsOf(
		url,
		`select relname as name, relrowsecurity as on, relforcerowsecurity as forced from pg_class
		where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1`,
	);

const SOURCE = `create table secrets (id int primary key); alter table secrets enable row level security;
alter table secrets force row level security; create table open (id int primary key);`;

it('a new table is closed with its making, even when policies are not cloned', async () => {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, SOURCE);
	await cloneInProcess({ source: pair.source, target: pair.target, components: [tablesOnly] });
	expect(await securityOf(pair.target.dbUrl)).toEqual([
		{ name: 'open', on: false, forced: false },
		{ name: 'secrets', on: true, forced: true },
	]);
});

it('a stricter target stays stricter, said so, until the clone removes extras', async () => {
	const pair = await freshPair();
	await runOn(pair.source.dbUrl, SOURCE);
	await runOn(
		pair.target.dbUrl,
		'create table open (id int primary key); alter table open enable row level security; create policy mine on open using (false);',
	);
	const clone = (remove: boolean) =>
		cloneInProcess({
			source: pair.source,
			target: pair.target,
			components: [tablesOnly, functions, policies],
			options: { remove_extra: remove },
		});
	const first = await clone(false);
	expect(first.outcome('skipped')).toEqual(['policies row level security on public.open']);
	expect(await securityOf(pair.target.dbUrl)).toContainEqual({
		name: 'open',
		on: true,
		forced: false,
	});
	const findings = await verifyInProcess(pair, policies, 'structure');
	expect(findings.map(({ object, severity }) => [object, severity])).toEqual([
		['row level security on public.open', 'warning'],
	]);
	await clone(true);
	expect(await verifyInProcess(pair, policies, 'structure')).toEqual([]);
	expect(await securityOf(pair.target.dbUrl)).toEqual(await securityOf(pair.source.dbUrl));
	expect(await rowsOf(pair.target.dbUrl, 'select polname from pg_policy')).toEqual([]);
});

it('a policy for a role of the user brings the role along', async () => {
	const pair = await freshPair();
	const role = `only_there_${randomBytes(4).toString('hex')}`;
	await runOn(
		pair.source.dbUrl,
		`${SOURCE} create role ${role}; create policy theirs on secrets to ${role}, authenticated using (true)`,
	);
	try {
		const result = await cloneInProcess({
			source: pair.source,
			target: pair.target,
			components: [tablesOnly, functions, policies],
		});

		expect([...result.items].filter(([, item]) => item.outcome === 'failed')).toEqual([]);
		expect(await rowsOf(pair.target.dbUrl, 'select roles from pg_policies')).toEqual(
			await rowsOf(pair.source.dbUrl, 'select roles from pg_policies'),
		);
	} finally {
		// Roles belong to the cluster, which other tests use.
		for (const { adminUrl } of [pair.source, pair.target]) {
			await runOn(adminUrl, `drop owned by ${role}; drop role ${role}`).catch(() => undefined);
		}
	}
});
