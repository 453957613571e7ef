// The guard of rows that a clone does not bring again: where a change may rewrite or drop them, its transaction takes
// sums of their values before and after it, and fails, all undone, when they are no longer the same.
import { RAISED_BY_US } from '../platform/database-errors.ts';
import { literal } from '../platform/postgres/index.ts';
import type { Fact } from './fact.ts';
import { closure } from './order.ts';
import { kindOf, type Scope, type FactPair } from './planning.ts';

/** A column whose values must outlast a change. */
export interface KeptColumn {
	/** Qualified name of its table, and its own; both quoted where they must be. */
	readonly table: string;
	readonly column: string;
	/** Its type before, where the same values in another type will do: the table is the source's as well. */
	readonly type: string | null;
}

/** The columns with rows that the clone does not bring again and that may change along with the given facts. */
export function keptColumns(
	abouts: readonly Fact[],
	{ source, target }: FactPair,
	{ rows, kinds, removes }: Scope,
): KeptColumn[] {
	const kept = new Map<string, KeptColumn>();
	for (const about of abouts) {
		const { rows: { shaped = false } = {}, names } = kindOf(about, kinds);
		if (shaped === false || !target.byId.has(about.id)) continue;
		// Something of another kind takes the place of a type that only the target has.
		const isDisplaced = !source.byId.has(about.id);
		if (isDisplaced && names?.includes('type') !== true) continue;
		for (const id of closure([about.id], target.dependents)) {
			const fact = target.byId.get(id);
			if (fact?.kind !== 'column' || fact.definition['generated'] !== null) continue;
			const table = String(fact.definition['table']);
			const isExtra = rows.isOnlyOnTarget(table);
			const goes = removes.includes(fact.component) && !source.byId.has(id);
			if (goes || rows.brings(table)) continue;
			// On the source its values are now called otherwise as well.
			if (!isExtra && !isDisplaced && shaped === 'as on the source') continue;
			const column = String(fact.definition['name']);
			kept.set(id, { table, column, type: isExtra ? null : String(fact.definition['type']) });
		}
	}
	return [...kept.values()];
}

/**
 * SQL: number and sum of the values. Attributes by name, those that are null left out, so that one more does not
 * count; and no quotes, so that a number is equal to its text.
 */
const sumOf = (table: string, value: string): string => `
  select pg_catalog.count(*) || ' ' || coalesce(pg_catalog.sum(pg_catalog.hashtextextended(
    pg_catalog.translate(pg_catalog.jsonb_strip_nulls(pg_catalog.to_jsonb(${value}))::pg_catalog.text, '"\\', ''), 0)),
    0) from only ${table}`;

const WOULD_CHANGE = RAISED_BY_US;

/** The statements, undone where they would lose values of the columns. */
export function keeping(columns: readonly KeptColumn[], statements: readonly string[]): string[] {
	if (statements.length === 0) return [];
	const setting = (at: number): string => literal(`twins.kept_${at}`);
	return [
		...columns.map(
			({ table, column }, at) =>
				`select pg_catalog.set_config(${setting(at)}, (${sumOf(table, column)}), true)`,
		),
		...statements,
		...columns.map((kept, at) => `do ${literal(comparison(kept, setting(at)))}`),
	];
}

function comparison({ table, column, type }: KeptColumn, setting: string): string {
	const again = type === null ? [] : [`${column}::${type}`, `${column}::pg_catalog.text::${type}`];
	const attempts = again.map(
		(value) => `
  if found is distinct from wanted then
    begin
      found := (${sumOf(table, value)});
    exception when others then null;
    end;
  end if;`,
	);
	return `declare
  wanted text := pg_catalog.current_setting(${setting});
  found text := (${sumOf(table, column)});
begin${attempts.join('')}
  if found is distinct from wanted then
    raise exception using errcode = '${WOULD_CHANGE}',
      message = ${literal(`values of ${table}.${column} would change, and this clone does not bring them again`)};
  end if;
end`;
}

/** What to do where a change fails because of rows that are not brought again. */
export const fixForRows = (tables: readonly string[]): string =>
	`This clone does not bring the rows of ${tables.join(', ')}: change this by hand on the target, or remove those rows, then clone again.`;

/** True when the failure tells of values, of which nothing may be repeated. */
export const isAboutValues = (sqlstate: string | undefined): boolean =>
	sqlstate !== undefined && (sqlstate === WOULD_CHANGE || sqlstate.startsWith('22'));
