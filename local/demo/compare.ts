// A second opinion on a clone, by other means than the product's own verification: plain SQL on both databases.

import postgres from 'postgres';
import type { StackFile } from './stack-file.ts';

export interface Difference {
	readonly what: string;
	readonly source: string;
	readonly target: string;
}

export interface Comparison {
	readonly tables: number;
	readonly rows: number;
	readonly differences: readonly Difference[];
}

/** Counts of things that a clone copies, each as one SQL expression. */
const COUNTS: Readonly<Record<string, string>> = {
	views: `select count(*) from pg_catalog.pg_views where schemaname !~ '${hidden()}'`,
	policies: `select count(*) from pg_catalog.pg_policies where schemaname !~ '${hidden()}'`,
	indexes: `select count(*) from pg_catalog.pg_indexes where schemaname !~ '${hidden()}'`,
	functions: `select count(*) from pg_catalog.pg_proc as p
		join pg_catalog.pg_namespace as n on n.oid = p.pronamespace where n.nspname !~ '${hidden()}'
		and not exists (select from pg_catalog.pg_depend as d where d.objid = p.oid and d.deptype = 'e')`,
	users: 'select count(*) from auth.users',
	'user identities': 'select count(*) from auth.identities',
	buckets: 'select count(*) from storage.buckets',
	files: `select count(*) || ' of ' || coalesce(sum((metadata ->> 'size')::bigint), 0) from storage.objects`,
};

function hidden(): string {
	return [
		'^(pg_.*|information_schema|auth|storage|realtime|vault|extensions|net|cron|graphql|graphql_public',
		'|pgbouncer|supabase_functions|supabase_migrations|_twins)$',
	].join('');
}

/** Compares projects[0] and projects[1]: rows of every user table by count and checksum, and counts of the rest. */
export async function compareProjects(stack: StackFile): Promise<Comparison> {
	const [source, target] = await Promise.all(
		stack.projects.slice(0, 2).map((project) => readProject(project.db_url)),
	);
	if (source === undefined || target === undefined) throw new Error('There are not two projects.');
	const names = new Set([...source.facts.keys(), ...target.facts.keys()]);
	const differences = [...names].flatMap((what): Difference[] => {
		const [left, right] = [
			source.facts.get(what) ?? 'missing',
			target.facts.get(what) ?? 'missing',
		];
		return left === right ? [] : [{ what, source: left, target: right }];
	});
	return { tables: source.tables, rows: source.rows, differences };
}

async function readProject(dbUrl: string) {
	const sql = postgres(dbUrl, { max: 1, onnotice: () => undefined });
	const facts = new Map<string, string>();
	let rows = 0;
	try {
		// Text of the rows must not depend on what the database's own settings are.
		await sql.unsafe(`set search_path = ''; set timezone = 'UTC'; set datestyle = 'ISO'`);
		const tables = await sql`
			select format('%I.%I', n.nspname, c.relname) as name
			from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
			where c.relkind = 'r' and n.nspname !~ ${hidden()}
				and not exists (select from pg_catalog.pg_depend as d where d.objid = c.oid and d.deptype = 'e')
			order by 1`;
		for (const { name } of tables) {
			const [found] = await sql.unsafe(
				`select count(*) as count, coalesce(sum(hashtextextended(t::text, 0)), 0) as sum from ${String(name)} as t`,
			);
			rows += Number(found?.['count']);
			facts.set(
				`rows of ${String(name)}`,
				`${String(found?.['count'])} (${String(found?.['sum'])})`,
			);
		}
		for (const [what, query] of Object.entries(COUNTS)) {
			const [found] = await sql.unsafe(`select (${query})::text as found`);
			facts.set(what, String(found?.['found']));
		}
		return { facts, rows, tables: tables.length };
	} finally {
		await sql.end();
	}
}
