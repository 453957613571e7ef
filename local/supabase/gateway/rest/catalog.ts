// What the REST service knows of the database: relations with their columns, functions with their
// arguments, settings of roles. Read once, again on NOTIFY pgrst. Not a schema model of the product.
import type { Sql } from 'postgres';

export interface Relation {
	readonly schema: string;
	readonly name: string;
	/** Column name → type, as Postgres writes it. */
	readonly columns: ReadonlyMap<string, string>;
	readonly primaryKey: readonly string[];
}

export interface Argument {
	readonly name: string;
	readonly type: string;
	readonly optional: boolean;
}

export interface Routine {
	readonly schema: string;
	readonly name: string;
	readonly arguments: readonly Argument[];
	readonly returnsSet: boolean;
	/** `row`: a composite or record, `value`: a scalar, `nothing`: void. */
	readonly returns: 'row' | 'value' | 'nothing';
	readonly readOnly: boolean;
}

export interface Catalog {
	relation(schema: string, name: string): Relation | undefined;
	routines(schema: string, name: string): readonly Routine[];
	/** `ALTER ROLE … SET` of the role, over those of the connecting role `authenticator`. */
	settings(role: string): readonly (readonly [name: string, value: string])[];
}

const RELATIONS = `
select n.nspname as schema, c.relname as name,
  coalesce((select jsonb_agg(jsonb_build_array(a.attname, format_type(a.atttypid, a.atttypmod)) order by a.attnum)
    from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
  coalesce((select jsonb_agg(a.attname order by k.position)
    from pg_constraint p
    cross join lateral unnest(p.conkey) with ordinality as k(attnum, position)
    join pg_attribute a on a.attrelid = p.conrelid and a.attnum = k.attnum
    where p.conrelid = c.oid and p.contype = 'p'), '[]') as primary_key
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname = any ($1)`;

const ROUTINES = `
select n.nspname as schema, p.proname as name, p.proretset as returns_set, p.provolatile <> 'v' as read_only,
  case when p.prorettype = 'void'::regtype then 'nothing'
    when t.typtype = 'c' or p.prorettype = 'record'::regtype then 'row' else 'value' end as returns,
  coalesce((select jsonb_agg(jsonb_build_object(
      'name', coalesce(input.name, ''), 'type', format_type(a.type, null),
      'optional', a.position > p.pronargs - p.pronargdefaults) order by a.position)
    from unnest(p.proargtypes) with ordinality as a(type, position)
    left join lateral (
      select name, row_number() over (order by position) as rank
      from unnest(p.proargnames) with ordinality as named(name, position)
      where p.proargmodes is null or p.proargmodes[named.position] in ('i', 'b', 'v')
    ) input on input.rank = a.position), '[]') as arguments
from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_type t on t.oid = p.prorettype
where p.prokind = 'f' and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
  and n.nspname = any ($1)`;

const SETTINGS = `
select r.rolname as role, split_part(s.setting, '=', 1) as name,
  substr(s.setting, strpos(s.setting, '=') + 1) as value
from pg_db_role_setting d join pg_roles r on r.oid = d.setrole
cross join lateral unnest(d.setconfig) as s(setting)
where d.setdatabase = 0 and split_part(s.setting, '=', 1) in ('statement_timeout', 'lock_timeout')`;

/** Reads the catalog of the exposed schemas. Three statements. */
export async function readCatalog(database: Sql, schemas: readonly string[]): Promise<Catalog> {
	const names = [...schemas];
	const [relationRows, routineRows, settingRows] = await Promise.all([
		database.unsafe<
			{ schema: string; name: string; columns: [string, string][]; primary_key: string[] }[]
		>(RELATIONS, [names]),
		database.unsafe<
			{
				schema: string;
				name: string;
				returns_set: boolean;
				read_only: boolean;
				returns: Routine['returns'];
				arguments: Argument[];
			}[]
		>(ROUTINES, [names]),
		database.unsafe<{ role: string; name: string; value: string }[]>(SETTINGS),
	]);
	const key = (schema: string, name: string) => JSON.stringify([schema, name]);
	const relations = new Map<string, Relation>();
	for (const row of relationRows) {
		relations.set(key(row.schema, row.name), {
			schema: row.schema,
			name: row.name,
			columns: new Map(row.columns),
			primaryKey: row.primary_key,
		});
	}
	const routines = new Map<string, Routine[]>();
	for (const row of routineRows) {
		const overloads = routines.get(key(row.schema, row.name)) ?? [];
		overloads.push({
			schema: row.schema,
			name: row.name,
			arguments: row.arguments,
			returnsSet: row.returns_set,
			returns: row.returns,
			readOnly: row.read_only,
		});
		routines.set(key(row.schema, row.name), overloads);
	}
	return {
		relation: (schema, name) => relations.get(key(schema, name)),
		routines: (schema, name) => routines.get(key(schema, name)) ?? [],
		settings: (role) => {
			const merged = new Map<string, string>();
			for (const owner of ['authenticator', role]) {
				for (const row of settingRows) if (row.role === owner) merged.set(row.name, row.value);
			}
			return [...merged];
		},
	};
}
