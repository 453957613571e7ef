// Foreign keys of the user's tables, each with the query that counts the rows which point nowhere. They are silent
// while rows are loaded, so Postgres goes on calling them valid. A key into a schema of the platform is looked at
// on every clone: what it points to is copied by another component, or by none.
import type { TwinsError } from '../../domain/errors.ts';
import { partitionTree } from '../../platform/locks.ts';
import { readAgain } from '../../platform/schema-changes.ts';
import type { Row, Session } from '../../platform/postgres/index.ts';
import { inOwnPath, userPath } from '../../schema/own-path.ts';
import { MANAGED_SCHEMAS, ofUser } from '../../platform/supabase/managed-schemas.ts';
import type { Sessions } from './sessions.ts';
import { isOfOneTable, isOutdated } from './trouble.ts';

export interface ForeignKey extends Row {
	/** Table and constraint, qualified and quoted. */
	readonly object: string;
	/** The table and the one it points to, qualified and quoted. */
	readonly relations: readonly [string, string];
	/** Both with their partitions, as `schema.table`. */
	readonly tables: readonly string[];
	/** What it points to, as `schema.table`. */
	readonly references: string;
	readonly isManaged: boolean;
	/** Query: number of rows that point nowhere. */
	readonly probe: string;
	/** Query: number of rows that point anywhere. */
	readonly pointing: string;
}

// `only`, where a table has no partitions: rows of tables that inherit from it are not bound by its keys.
const FOREIGN_KEYS = `
select pg_catalog.format('%I.%I.%I', n.nspname, c.relname, k.conname) as object,
  pg_catalog.jsonb_build_array(pg_catalog.format('%I.%I', n.nspname, c.relname),
    pg_catalog.format('%I.%I', fn.nspname, f.relname)) as relations,
  (select pg_catalog.jsonb_agg(distinct tn.nspname || '.' || t.relname)
    from (
      select k.conrelid union select k.confrelid
      union select p.relid from ${partitionTree('k.conrelid')} p
      union select p.relid from ${partitionTree('k.confrelid')} p
    ) as r (relid)
    join pg_catalog.pg_class t on t.oid = r.relid
    join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace) as tables,
  fn.nspname || '.' || f.relname as references, not ${ofUser('f.relowner', 'fn')} as "isManaged",
  'select pg_catalog.count(*)::int8 as rows from ' || s.pointing || pg_catalog.format(
    ' and not exists (select from %s%I.%I t where %s)',
    case f.relkind when 'p' then '' else 'only ' end, fn.nspname, f.relname, s.matching) as probe,
  'select pg_catalog.count(*)::int8 as rows from ' || s.pointing as pointing
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class f on f.oid = k.confrelid
join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
cross join lateral (
  select pg_catalog.format('%s%I.%I r where ', case c.relkind when 'p' then '' else 'only ' end, n.nspname, c.relname)
      || pg_catalog.string_agg(pg_catalog.format('r.%I is not null', ra.attname), ' and ') as pointing,
    pg_catalog.string_agg(
      pg_catalog.format('t.%I operator(%I.%s) r.%I', ta.attname, o_n.nspname, o.oprname, ra.attname),
      ' and ') as matching
  from rows from (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey), pg_catalog.unnest(k.conpfeqop))
    as u (ours, theirs, operator)
  join pg_catalog.pg_attribute ra on ra.attrelid = k.conrelid and ra.attnum = u.ours
  join pg_catalog.pg_attribute ta on ta.attrelid = k.confrelid and ta.attnum = u.theirs
  join pg_catalog.pg_operator o on o.oid = u.operator
  join pg_catalog.pg_namespace o_n on o_n.oid = o.oprnamespace) s
where k.contype = 'f' and k.conparentid = 0 and ${ofUser('c.relowner')}
  and (k.convalidated or not ${ofUser('f.relowner', 'fn')})
order by 1`;

export const readForeignKeys = (session: Session): Promise<ForeignKey[]> =>
	readAgain(session, () => session.query<ForeignKey>(FOREIGN_KEYS));

/** Runs one of the queries of a key. */
export async function countRows(
	session: Session,
	query: string,
	relations: ForeignKey['relations'],
): Promise<number> {
	const recover = (): Promise<unknown> => session.query(`set search_path to ${userPath()}`);
	const [row] = await inOwnPath({ sessions: [session], recover }, relations, () =>
		session.query<{ rows: number }>(query),
	);
	return Number(row?.rows ?? 0);
}

export interface Dangling {
	readonly object: string;
	readonly references: string;
	readonly rows: number;
	/** The source's rows keep the key no better. */
	readonly isAsOnSource: boolean;
	/** It could not be looked at. */
	readonly trouble?: TwinsError;
}

/** Keys of interest that the target's rows do not keep. Those `seen` are left out. */
export async function danglingKeys(
	sessions: Sessions,
	isOfInterest: (key: ForeignKey) => boolean,
	seen: readonly string[],
	isEnough: () => boolean,
): Promise<{
	readonly found: readonly Dangling[];
	readonly seen: readonly string[];
	readonly all: boolean;
}> {
	const looked = new Set(seen);
	const found: Dangling[] = [];
	for (const key of await readForeignKeys(sessions.target)) {
		const { object, references, relations, probe } = key;
		if (!isOfInterest(key) || looked.has(object)) continue;
		if (isEnough()) return { found, seen: [...looked], all: false };
		looked.add(object);
		let rows: number;
		try {
			rows = await countRows(sessions.target, probe, relations);
		} catch (error) {
			if (!isOfOneTable(error)) throw error;
			// Dropped since, with one of its tables, it holds no longer.
			if (!isOutdated(error)) {
				found.push({ object, references, rows: 0, isAsOnSource: false, trouble: error });
			}
			continue;
		}
		if (rows === 0) continue;
		// The source may lack the table.
		const theirs = await countRows(sessions.source, probe, relations).catch(() => 0);
		found.push({ object, references, rows, isAsOnSource: theirs >= rows });
	}
	return { found, seen: [...looked], all: true };
}

const FIXES: Readonly<Record<string, string>> = {
	'auth.users':
		'Include the component Auth users; see in its report which users were left out and why, then clone again. Or remove those rows on the target.',
	'auth.identities': 'Include the component Auth users, or remove those rows on the target.',
	'auth.mfa_factors':
		'Clone with the component Auth users and its option "copy MFA factors", or remove those rows on the target.',
	'storage.objects':
		'Include the component Storage; see in its report which files failed or kept an id of the target, then clone again. Or remove those rows on the target.',
	'storage.buckets': 'Include the component Storage, or remove those rows on the target.',
};

const MANAGED: ReadonlySet<string> = new Set(MANAGED_SCHEMAS);

export function fixForDangling(references: string): string {
	const known = FIXES[references];
	if (known) return known;
	return MANAGED.has(references.slice(0, references.indexOf('.')))
		? `Rows of ${references} are not cloned: leave the table out with an ignore rule, or remove those rows on the target.`
		: FIX_BETWEEN_TABLES;
}

export const FIX_BETWEEN_TABLES =
	'Clone both tables with all their rows (no row limit, ignore rule or strategy skip), or remove those rows on the target.';

export const danglingDetail = ({ rows, references }: Pick<Dangling, 'rows' | 'references'>) =>
	`foreign key: ${rows.toLocaleString('en')} ${rows === 1 ? 'row points' : 'rows point'} to rows of ${references} that the target lacks`;
