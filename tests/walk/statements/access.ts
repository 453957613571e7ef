// Policies, row level security, privileges, publications.
import { ident } from '../../../supabase/functions/_shared/platform/postgres/index.ts';
import { nameOf, newName, tablesOf } from '../names.ts';
import type { Generator } from './generator.ts';

const ROLES = ['anon', 'authenticated', 'service_role', 'public'] as const;

export const accessStatements: readonly Generator[] = [
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog));
		if (!table) return undefined;
		return `alter table ${nameOf(table)} ${random.pick(['enable', 'enable', 'disable', 'force', 'no force'])} row level security`;
	},
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog));
		if (!table) return undefined;
		return `create policy ${ident(newName(random))} on ${nameOf(table)}${random.pick(['', ' as restrictive'])} for ${random.pick(['select', 'all', 'update'])} to ${random.pick(ROLES)} using (${random.pick(['true', 'auth.uid() is not null', 'current_user = session_user'])})`;
	},
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog).filter(({ policies }) => policies.length > 0));
		const policy = random.pickAny(table?.policies ?? []);
		if (!table || policy === undefined) return undefined;
		return random.pick([
			`drop policy ${ident(policy)} on ${nameOf(table)}`,
			`alter policy ${ident(policy)} on ${nameOf(table)} to ${random.pick(ROLES)} using (false)`,
			`alter policy ${ident(policy)} on ${nameOf(table)} rename to ${ident(newName(random))}`,
			`comment on policy ${ident(policy)} on ${nameOf(table)} is 'policy ${random.int(9)}'`,
		]);
	},
	(random, catalog) => {
		const table = random.pickAny(catalog.relations.filter(({ kind }) => kind !== 'S'));
		const column = random.pickAny(table?.columns ?? []);
		if (!table) return undefined;
		const list = column && random.chance(40) ? ` (${ident(column.name)})` : '';
		return random.chance(60)
			? `grant ${random.pick(['select', 'update', 'insert'])}${list} on ${nameOf(table)} to ${random.pick(ROLES)}`
			: `revoke ${random.pick(['select', 'all'])} on ${nameOf(table)} from ${random.pick(ROLES)}`;
	},
	(random, catalog) => {
		const schema = ident(random.pickAny(catalog.schemas) ?? 'public');
		return random.pick([
			`grant usage on schema ${schema} to ${random.pick(ROLES)}`,
			`alter default privileges in schema ${schema} grant select on tables to ${random.pick(ROLES)}`,
			`alter default privileges in schema ${schema} revoke select on tables from ${random.pick(ROLES)}`,
		]);
	},
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog));
		if (!table) return undefined;
		const publication = random.pick(['supabase_realtime', ...catalog.publications]);
		return random.pick([
			`alter publication ${ident(publication)} add table ${nameOf(table)}`,
			`alter publication ${ident(publication)} drop table ${nameOf(table)}`,
		]);
	},
];
