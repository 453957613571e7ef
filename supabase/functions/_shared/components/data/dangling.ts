// Foreign keys of the target that its rows no longer keep. They are silent while rows are loaded, so Postgres goes
// on calling them valid. Only keys whose tables were not both copied in full can be broken: others are as on the source.
import type { Row, Session } from '../../platform/session.ts';
import { userSchema } from '../../schema/scope.ts';
import type { Item, StageContext } from '../component.ts';
import type { ReadPlan } from './ends.ts';

interface ForeignKey extends Row {
	/** Qualified and quoted. */
	readonly object: string;
	/** Both ends with their partitions, as `schema.table`. */
	readonly tables: readonly string[];
	/** Query: is there a row that points nowhere? */
	readonly probe: string;
}

const FOREIGN_KEYS = `
select format('%I.%I.%I', n.nspname, c.relname, k.conname) as object,
  (select jsonb_agg(distinct tn.nspname || '.' || t.relname)
    from (
      select k.conrelid union select k.confrelid
      union select p.relid from pg_partition_tree(k.conrelid) p
      union select p.relid from pg_partition_tree(k.confrelid) p
    ) as r (relid)
    join pg_catalog.pg_class t on t.oid = r.relid
    join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace) as tables,
  (select format('select exists (select from %s r where %s and not exists (select from %s t where %s)) as found',
      k.conrelid::regclass, string_agg(format('r.%I is not null', ra.attname), ' and '),
      k.confrelid::regclass, string_agg(
        format('t.%I operator(%I.%s) r.%I', ta.attname, o_n.nspname, o.oprname, ra.attname), ' and '))
    from unnest(k.conkey, k.confkey, k.conpfeqop) as u (ours, theirs, operator)
    join pg_catalog.pg_attribute ra on ra.attrelid = k.conrelid and ra.attnum = u.ours
    join pg_catalog.pg_attribute ta on ta.attrelid = k.confrelid and ta.attnum = u.theirs
    join pg_catalog.pg_operator o on o.oid = u.operator
    join pg_catalog.pg_namespace o_n on o_n.oid = o.oprnamespace) as probe
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where k.contype = 'f' and k.convalidated and k.conparentid = 0 and ${userSchema('n.nspname')}
order by 1`;

/**
 * Looks at the keys that may be broken and reports those that are. Returns the names of those looked at; `all`
 * is false when the slice was spent before.
 */
export async function reportDangling(
	context: Pick<StageContext, 'options' | 'report' | 'spend' | 'spent' | 'signal'>,
	target: Session,
	plan: ReadPlan,
	failed: readonly string[],
	seen: readonly string[],
): Promise<{ readonly seen: readonly string[]; readonly all: boolean }> {
	const isComplete = completeness(context, plan, failed);
	const looked = new Set(seen);
	let isFirst = true;
	for (const { object, tables, probe } of await target.query<ForeignKey>(FOREIGN_KEYS)) {
		if (looked.has(object) || tables.every(isComplete)) continue;
		// One at least, or the next slice would be no further.
		if (context.signal.aborted || (!isFirst && context.spent())) {
			return { seen: [...looked], all: false };
		}
		isFirst = false;
		context.spend({ operations: 1 });
		const [row] = await target.query<{ found: boolean }>(probe);
		if (row?.found) context.report(dangling(object));
		looked.add(object);
	}
	return { seen: [...looked], all: true };
}

/** Whether a table of the target has all rows of the source and no others. */
function completeness(
	{ options }: Pick<StageContext, 'options'>,
	{ units, others, onSource, onTarget }: ReadPlan,
	failed: readonly string[],
): (table: string) => boolean {
	const incomplete = new Set([
		...others.map(({ object }) => object),
		...units
			.filter(({ key, strategy }) => strategy !== 'mirror' || failed.includes(key))
			.map(({ object }) => object),
		...[...onTarget].filter((table) => !onSource.has(table)),
		...(options.components.auth_users ? [] : ['auth.users']),
	]);
	return (table) => options.row_limit === 0 && !incomplete.has(table);
}

function dangling(object: string): Item {
	return {
		object,
		outcome: 'failed',
		detail: 'foreign key: rows were copied without the rows they point to',
		fix: 'Clone both tables with all their rows (no row limit, ignore rule or strategy skip), or remove those rows on the target.',
		sqlstate: '23503',
	};
}
