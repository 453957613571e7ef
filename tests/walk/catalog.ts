// What a walk can do something with: the objects of the user's schemas, as plain SQL sees them. Shares nothing with
// the product's own reading of catalogs.
import type postgres from 'postgres';

export interface WalkColumn {
	readonly name: string;
	/** As `format_type` prints it. */
	readonly type: string;
	readonly generated: boolean;
	readonly identity: boolean;
	readonly inherited: boolean;
}

export interface WalkRelation {
	readonly schema: string;
	readonly name: string;
	/** r, p, v, m, S of pg_class.relkind. */
	readonly kind: string;
	readonly strategy: 'r' | 'l' | 'h' | null;
	readonly isPartition: boolean;
	readonly columns: readonly WalkColumn[];
	readonly constraints: readonly { readonly name: string; readonly type: string }[];
	readonly indexes: readonly string[];
	readonly triggers: readonly string[];
	readonly policies: readonly string[];
	readonly key: readonly string[];
}

export interface WalkType {
	readonly schema: string;
	readonly name: string;
	/** e, d, c, r of pg_type.typtype. */
	readonly kind: string;
	readonly labels: readonly string[];
	readonly attributes: readonly string[];
}

export interface WalkRoutine {
	readonly schema: string;
	readonly name: string;
	readonly arguments: string;
	readonly result: string | null;
	/** f, p, a of pg_proc.prokind. */
	readonly kind: string;
	readonly isTrigger: boolean;
}

export interface WalkCatalog {
	readonly schemas: readonly string[];
	readonly relations: readonly WalkRelation[];
	readonly types: readonly WalkType[];
	readonly routines: readonly WalkRoutine[];
	readonly publications: readonly string[];
}

/** Schemas that a walk works in: its own and `public`. */
export const WALK_SCHEMA = `(n.nspname = 'public' or n.nspname ~ '^walk')`;

const READ = `
select json_build_object(
  'schemas', (select coalesce(json_agg(n.nspname order by 1), '[]') from pg_namespace n where ${WALK_SCHEMA}),
  'relations', (select coalesce(json_agg(json_build_object(
      'schema', n.nspname, 'name', c.relname, 'kind', c.relkind, 'isPartition', c.relispartition,
      'strategy', (select p.partstrat from pg_partitioned_table p where p.partrelid = c.oid),
      'columns', (select coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
          'generated', a.attgenerated <> '', 'identity', a.attidentity <> '', 'inherited', a.attinhcount > 0) order by a.attnum), '[]')
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
      'constraints', (select coalesce(json_agg(json_build_object('name', k.conname, 'type', k.contype) order by k.conname), '[]')
        from pg_constraint k where k.conrelid = c.oid and k.coninhcount = 0),
      'indexes', (select coalesce(json_agg(i.relname order by i.relname), '[]') from pg_index x join pg_class i on i.oid = x.indexrelid
        where x.indrelid = c.oid and not i.relispartition and not exists (select from pg_constraint k where k.conindid = i.oid)),
      'triggers', (select coalesce(json_agg(t.tgname order by t.tgname), '[]') from pg_trigger t
        where t.tgrelid = c.oid and not t.tgisinternal and t.tgparentid = 0),
      'policies', (select coalesce(json_agg(p.polname order by p.polname), '[]') from pg_policy p where p.polrelid = c.oid),
      'key', (select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_constraint k
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any (k.conkey) where k.conrelid = c.oid and k.contype = 'p')
    ) order by n.nspname, c.relname), '[]')
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r','p','v','m','S') and ${WALK_SCHEMA}),
  'types', (select coalesce(json_agg(json_build_object('schema', n.nspname, 'name', t.typname, 'kind', t.typtype,
      'labels', (select coalesce(json_agg(e.enumlabel order by e.enumsortorder), '[]') from pg_enum e where e.enumtypid = t.oid),
      'attributes', (select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_attribute a
        where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)) order by n.nspname, t.typname), '[]')
    from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
    where ${WALK_SCHEMA} and t.typtype in ('e','d','c','r') and (t.typtype <> 'c' or c.relkind = 'c')),
  'routines', (select coalesce(json_agg(json_build_object('schema', n.nspname, 'name', p.proname, 'kind', p.prokind,
      'arguments', pg_get_function_identity_arguments(p.oid), 'result', pg_get_function_result(p.oid),
      'isTrigger', p.prorettype = 'trigger'::regtype) order by n.nspname, p.proname, p.oid::regprocedure::text), '[]')
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where ${WALK_SCHEMA} and not exists (select from pg_depend d where d.objid = p.oid and d.deptype in ('e', 'i'))),
  'publications', (select coalesce(json_agg(pubname order by 1), '[]') from pg_publication where not puballtables)
) as catalog`;

/** What is there now. */
export async function readCatalog(sql: postgres.Sql): Promise<WalkCatalog> {
	const [row] = await sql.unsafe<{ catalog: WalkCatalog }[]>(READ);
	if (!row) throw new Error('the catalog could not be read');
	return row.catalog;
}
