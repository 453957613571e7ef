// Schemas in which their owner took away his own right to make anything. He may give it to himself: for the length of a
// transaction, so that nobody else ever sees it.
import { ident, literal } from '../platform/postgres/index.ts';

/** Name of the schema that the failure denies; undefined when it is about something else. */
export const deniedSchema = (sqlstate: string | undefined, message: string): string | undefined =>
	sqlstate === '42501' ? /^permission denied for schema (.+)$/.exec(message)?.[1] : undefined;

/** The statements with the rights that they need in the schemas; fails where these are another's. */
export const whileOpen = (
	schemas: readonly string[],
	statements: readonly string[],
): readonly string[] =>
	schemas.reduce<readonly string[]>(
		(inner, name, at) => [lend(name, at), ...inner, takeBack(name, at)],
		statements,
	);

const lent = (at: number): string => literal(`twins.lent_${at}`);

const lend = (name: string, at: number): string =>
	`do ${literal(`declare
  lacking text := (select pg_catalog.string_agg(r, ', ') from pg_catalog.unnest(array['usage', 'create']) r
    where not pg_catalog.has_schema_privilege(${literal(name)}, r));
begin
  perform pg_catalog.set_config(${lent(at)}, coalesce(lacking, ''), true);
  if lacking is not null then
    execute 'grant ' || lacking || ${literal(` on schema ${ident(name)} to current_user`)};
  end if;
end`)}`;

const takeBack = (name: string, at: number): string =>
	`do ${literal(`declare
  lacking text := pg_catalog.current_setting(${lent(at)});
begin
  if lacking <> '' then
    execute 'revoke ' || lacking || ${literal(` on schema ${ident(name)} from current_user`)};
  end if;
end`)}`;
