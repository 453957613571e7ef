// Values of the target that the source knows nothing of, in tables that are mirrored: of columns that only the target
// has, and of attributes that only its row types have. They stay where a key tells whose they are; else a table in
// which there are any is not loaded.
import { RAISED_BY_US } from '../../platform/database-errors.ts';
import { ident, literal } from '../../platform/postgres/index.ts';
import type { SharedColumn } from './expressions.ts';
import type { Column, Table } from './table.ts';

export interface Spared {
	/** SQL condition: the row of the target holds such a value. */
	readonly condition: string;
	/** SQL expression that must give the same at any time for the condition to hold; else every row holds such a value. */
	readonly constant?: string;
	readonly message: string;
	readonly fix: string;
}

/** Columns with values of their own that the source does not have. */
export function onlyOnTarget(source: Table, target: Table): readonly Column[] {
	const known = new Set(source.columns.map(({ name }) => name));
	return target.columns.filter(({ name, isGenerated }) => !isGenerated && !known.has(name));
}

const besideDefault = ({ name, type, standard }: Column): Pick<Spared, 'condition' | 'constant'> =>
	standard === null
		? { condition: `${ident(name)} is not null` }
		: {
				condition: `${ident(name)}::pg_catalog.text is distinct from (${standard})::${type}::pg_catalog.text`,
				constant: standard,
			};

/** A value that a load would give as well need not be spared. */
export function sparedColumns(columns: readonly Column[]): Spared[] {
	return columns.map((column) => ({
		...(column.isIdentity ? { condition: 'true' } : besideDefault(column)),
		message: `the column ${column.name}, which only the target has, holds values that would be lost: no key tells whose they are`,
		fix: 'Give the table a primary key on source and target, or drop the column on the target, or leave the table out with an ignore rule.',
	}));
}

export function sparedAttributes(columns: readonly SharedColumn[]): Spared[] {
	return columns.flatMap(({ name, type, reordering }) =>
		reordering === null || reordering.shared === null
			? []
			: [
					{
						condition: `${ident(name)}::pg_catalog.text is distinct from ${reordering.shared}`,
						message: `${type} has attributes that only the target has, and in ${name} they hold values that would be lost`,
						fix: 'Drop these attributes on the target, or leave the table out with an ignore rule.',
					},
				],
	);
}

export const sparedPartitions = (names: readonly string[]): Spared[] =>
	names.map((name) => ({
		condition: `tableoid = ${literal(name)}::pg_catalog.regclass`,
		message: `its partition ${name}, which only the target has, holds rows that would be lost`,
		fix: 'Detach this partition on the target, or clone with remove_extra; or without a row limit, if there is one and source and target have the same partitions otherwise.',
	}));

/** An index takes nothing else, as Postgres knows of every function: one on no rows is made and dropped. */
const constancy = (expression: string): string => `
  begin
    create temporary table twins_constant (one int4);
    create index on pg_temp.twins_constant (((${expression}) is null));
    drop table pg_temp.twins_constant;
  exception when invalid_object_definition then is_constant := false;
  end;`;

/** Statements that fail where a row of `table` holds one of them. */
export const refusals = (
	table: string,
	where: string | null,
	spares: readonly Spared[],
): string[] =>
	spares.map(
		({ condition, constant, message, fix }) =>
			`do ${literal(`declare
  is_constant bool := true;
begin${constant === undefined ? '' : constancy(constant)}
  if exists (select from ${table}
    where case when is_constant then ${condition} else true end and ${where ?? 'true'}) then
    raise exception using errcode = '${RAISED_BY_US}', message = ${literal(message)}, hint = ${literal(fix)};
  end if;
end`)}`,
	);
