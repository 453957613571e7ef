// Functions, procedures, aggregates, triggers.
import { ident } from '../../../supabase/functions/_shared/platform/postgres/index.ts';
import { nameOf, newName, tablesOf } from '../names.ts';
import type { Random } from '../random.ts';
import type { WalkCatalog, WalkRoutine } from '../catalog.ts';
import type { Generator } from './generator.ts';

const place = (random: Random, { schemas }: WalkCatalog): string =>
	`${ident(random.pickAny(schemas) ?? 'public')}.${ident(newName(random))}`;

const wordOf = ({ kind }: WalkRoutine): string =>
	kind === 'p' ? 'procedure' : kind === 'a' ? 'aggregate' : 'function';

export const routineStatements: readonly Generator[] = [
	(random, catalog) => {
		const [language, body] = random.pick([
			['sql', `select lower($1) || '${random.int(9)}'`],
			['plpgsql', `begin return upper($1) || '${random.int(9)}'; end`],
		]);
		return `create or replace function ${place(random, catalog)}(${random.pick(['v', 'w'])} text) returns text language ${language} immutable as $body$ ${body} $body$`;
	},
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog));
		return (
			table &&
			`create or replace function ${place(random, catalog)}() returns setof ${nameOf(table)} language sql stable as $$ select * from ${nameOf(table)} $$`
		);
	},
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog));
		return (
			table &&
			`create or replace function ${place(random, catalog)}(r ${nameOf(table)}) returns int8 language sql stable begin atomic select count(*) from ${nameOf(table)}; end`
		);
	},
	(random, catalog) =>
		`create or replace procedure ${place(random, catalog)}(n int4 default ${random.int(9)}) language plpgsql security definer set search_path = '' as $$ begin perform ${random.int(9)}; end $$`,
	(random, catalog) =>
		`create aggregate ${place(random, catalog)} (int4) (sfunc = int4pl, stype = int4, initcond = '${random.int(9)}')`,
	(random, catalog) =>
		`create or replace function ${place(random, catalog)}() returns trigger language plpgsql as $$ begin return ${random.pick(['new', 'null', 'old'])}; end $$`,
	(random, catalog) => {
		const routine = random.pickAny(catalog.routines);
		if (!routine) return undefined;
		const name = `${nameOf(routine)}(${routine.arguments})`;
		const word = wordOf(routine);
		return random.pick([
			`drop ${word} ${name}${random.chance(50) ? ' cascade' : ''}`,
			`alter ${word} ${name} rename to ${ident(newName(random))}`,
			`comment on ${word} ${name} is 'routine ${random.int(9)}'`,
			`alter function ${name} cost ${1 + random.int(50)} set search_path = public`,
			`revoke execute on ${word === 'aggregate' ? 'function' : word} ${name} from public`,
			`grant execute on ${word === 'aggregate' ? 'function' : word} ${name} to anon`,
		]);
	},
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog));
		const routine = random.pickAny(catalog.routines.filter(({ isTrigger }) => isTrigger));
		if (!table || !routine) return undefined;
		return `create ${random.chance(20) ? 'or replace ' : ''}trigger ${ident(newName(random))} ${random.pick(['before insert', 'after update', 'after insert or delete'])} on ${nameOf(table)} for each ${random.chance(70) ? 'row' : 'statement'} execute function ${nameOf(routine)}()`;
	},
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog).filter(({ triggers }) => triggers.length > 0));
		const trigger = random.pickAny(table?.triggers ?? []);
		if (!table || trigger === undefined) return undefined;
		const name = ident(trigger);
		return random.pick([
			`drop trigger ${name} on ${nameOf(table)}`,
			`alter table ${nameOf(table)} ${random.pick(['disable', 'enable', 'enable always', 'enable replica'])} trigger ${name}`,
			`alter trigger ${name} on ${nameOf(table)} rename to ${ident(newName(random))}`,
			`comment on trigger ${name} on ${nameOf(table)} is 'trigger ${random.int(9)}'`,
		]);
	},
];
