// Routines that share their name. What calls one of them is printed by name only, and read back it may mean another:
// one that came later with defaults makes the call ambiguous, one with closer argument types takes it over in silence.
// So the others are called otherwise while such a thing is made.
import { literal } from '../platform/postgres/index.ts';
import { KIND_BY_NAME } from './kinds/index.ts';
import { namesOf } from './names.ts';
import type { PlannedChange } from './planning.ts';

const nameOf = (id: string): string | undefined =>
	namesOf(id, KIND_BY_NAME).find((name) => name.startsWith('routine '));

/** Those of the ids that are routines and share their name with another. */
export function overloadedRoutines(ids: Iterable<string>): ReadonlySet<string> {
	const byName = new Map<string, Set<string>>();
	for (const id of ids) {
		const name = nameOf(id);
		if (name !== undefined) byName.set(name, (byName.get(name) ?? new Set()).add(id));
	}
	return new Set([...byName.values()].flatMap((group) => (group.size > 1 ? [...group] : [])));
}

/** The text of an array of texts. */
const texts = (values: Iterable<string>): string =>
	`array[${[...values].map((value) => literal(value)).join(', ')}]::pg_catalog.text[]`;

const identityOf = (id: string): string => id.slice(id.indexOf(':') + 1);

const SETTING = `'twins.set_aside'`;

const moved = (each: string): string =>
	`do ${literal(`declare
  path text := pg_catalog.current_setting('search_path');
  found record;
begin
  perform pg_catalog.set_config('search_path', '', true);
${each}
  perform pg_catalog.set_config('search_path', path, true);
end`)}`;

/** Who may not rename one leaves it. */
const rename = (to: string): string => `    begin
      execute pg_catalog.format('alter routine %s rename to %I', found.oid::pg_catalog.regprocedure, ${to});
    exception when insufficient_privilege then null;
    end;
  end loop;`;

const away = (names: Iterable<string>, staying: Iterable<string>): string =>
	moved(`  perform pg_catalog.set_config(${SETTING}, coalesce((
    select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('oid', p.oid, 'name', p.proname))::pg_catalog.text
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where pg_catalog.format('%I.%I', n.nspname, p.proname) = any (${texts(names)})
      and pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.oidvectortypes(p.proargtypes))
        <> all (${texts(staying)})), '[]'), true);
  for found in select r.oid from pg_catalog.jsonb_to_recordset(pg_catalog.current_setting(${SETTING})::pg_catalog.jsonb)
    as r (oid pg_catalog.oid) loop
${rename(`'_twins_aside_' || found.oid`)}`);

const BACK = moved(`  for found in select p.oid, r.name
    from pg_catalog.jsonb_to_recordset(pg_catalog.current_setting(${SETTING})::pg_catalog.jsonb)
      as r (oid pg_catalog.oid, name pg_catalog.text)
    join pg_catalog.pg_proc p on p.oid = r.oid and p.proname = '_twins_aside_' || r.oid loop
${rename('found.name')}`);

/**
 * Wraps statements of a change so that only those routines bear their names that its facts call, make or remove; undefined
 * where none of them is overloaded.
 */
export function othersAside(
	{ facts, removed }: Pick<PlannedChange, 'facts' | 'removed'>,
	overloaded: ReadonlySet<string>,
): ((statements: readonly string[]) => string[]) | undefined {
	const called = facts.flatMap(({ routines = [] }) => routines);
	const names = new Set(
		called
			.filter((id) => overloaded.has(id))
			.flatMap((id) => nameOf(id)?.slice('routine '.length) ?? []),
	);
	if (names.size === 0) return undefined;
	const own = [...facts, ...removed].map(({ id }) => id);
	const staying = new Set(
		[...called, ...own].filter((id) => nameOf(id) !== undefined).map(identityOf),
	);
	const before = away(names, staying);
	return (statements) => [before, ...statements, BACK];
}
