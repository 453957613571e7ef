// Every row of every catalog of a database by name, to see what a user added and whether it is reported or copied. A
// catalog that is not listed here makes `catalogRows` throw: somebody must say how its rows are named.
import { rowsOf } from './run-sql.ts';

/** Found by pg_identify_object, by their oid. */
const IDENTIFIED = [
	'pg_am',
	'pg_amop',
	'pg_amproc',
	'pg_attrdef',
	'pg_authid',
	'pg_cast',
	'pg_class',
	'pg_collation',
	'pg_constraint',
	'pg_conversion',
	'pg_database',
	'pg_default_acl',
	'pg_event_trigger',
	'pg_extension',
	'pg_foreign_data_wrapper',
	'pg_foreign_server',
	'pg_language',
	'pg_namespace',
	'pg_opclass',
	'pg_operator',
	'pg_opfamily',
	'pg_parameter_acl',
	'pg_policy',
	'pg_proc',
	'pg_publication',
	'pg_publication_namespace',
	'pg_publication_rel',
	'pg_rewrite',
	'pg_statistic_ext',
	'pg_subscription',
	'pg_tablespace',
	'pg_transform',
	'pg_trigger',
	'pg_ts_config',
	'pg_ts_dict',
	'pg_ts_parser',
	'pg_ts_template',
	'pg_type',
	'pg_user_mapping',
];

/** Others: name of the row, from the row `x`. Null leaves it out. */
const NAMED: Readonly<Record<string, string | null>> = {
	pg_aggregate: `x.aggfnoid::regprocedure::text`,
	pg_attribute: `x.attrelid::regclass || '.' || x.attname || ' ' || coalesce(x.attacl::text, '')`,
	pg_auth_members: `x.roleid::regrole || ' to ' || x.member::regrole || case when x.admin_option and x.member <> 'postgres'::regrole then ' admin' else '' end`,
	pg_db_role_setting: `coalesce(nullif(x.setrole, 0)::regrole::text, 'all') || ' ' || (x.setdatabase <> 0) || ' ' || c`,
	pg_description: `(pg_identify_object(x.classoid, x.objoid, x.objsubid)).identity || ' is ' || x.description`,
	pg_enum: `x.enumtypid::regtype || ' ' || x.enumlabel`,
	pg_foreign_table: `x.ftrelid::regclass::text`,
	pg_index: `x.indexrelid::regclass::text`,
	pg_inherits: `x.inhrelid::regclass || ' of ' || x.inhparent::regclass`,
	pg_init_privs: `(pg_identify_object(x.classoid, x.objoid, x.objsubid)).identity`,
	pg_largeobject_metadata: `'large object'`,
	pg_partitioned_table: `x.partrelid::regclass::text`,
	pg_range: `x.rngtypid::regtype::text`,
	pg_seclabel: `(pg_identify_object(x.classoid, x.objoid, x.objsubid)).identity || ' labelled ' || x.label`,
	pg_sequence: `x.seqrelid::regclass::text`,
	pg_shdescription: `(pg_identify_object(x.classoid, x.objoid, 0)).identity || ' is ' || x.description`,
	pg_shseclabel: `(pg_identify_object(x.classoid, x.objoid, 0)).identity || ' labelled ' || x.label`,
	pg_subscription_rel: `x.srrelid::regclass::text`,
	pg_ts_config_map: `x.mapcfg::regconfig || ' ' || x.maptokentype`,
	// What other rows say already, or what no user makes.
	pg_depend: null,
	pg_shdepend: null,
	pg_largeobject: null,
	// A subscription makes its own.
	pg_replication_origin: null,
	pg_statistic: null,
	pg_statistic_ext_data: null,
};

/** Privileges count as rows of their own: catalog, acl column, letter of acldefault, owner. */
const PRIVILEGES = [
	['pg_class', 'relacl', `(case x.relkind when 'S' then 's' else 'r' end)::"char"`, 'relowner'],
	['pg_proc', 'proacl', `'f'`, 'proowner'],
	['pg_namespace', 'nspacl', `'n'`, 'nspowner'],
	['pg_type', 'typacl', `'T'`, 'typowner'],
	['pg_language', 'lanacl', `'l'`, 'lanowner'],
	['pg_foreign_data_wrapper', 'fdwacl', `'F'`, 'fdwowner'],
	['pg_foreign_server', 'srvacl', `'S'`, 'srvowner'],
	['pg_database', 'datacl', `'d'`, 'datdba'],
] as const;

/** `catalog name`, of everything. The url is a superuser's. */
export async function catalogRows(url: string): Promise<Set<string>> {
	const catalogs = await rowsOf(
		url,
		`select relname from pg_class where relnamespace = 'pg_catalog'::regnamespace and relkind = 'r' order by 1`,
	);
	const selects = catalogs.flatMap(({ relname }) => {
		const catalog = String(relname);
		const name = IDENTIFIED.includes(catalog)
			? `(pg_identify_object('${catalog}'::regclass, x.oid, 0)).identity`
			: NAMED[catalog];
		if (name === undefined) throw new Error(`how are rows of ${catalog} named?`);
		const more = catalog === 'pg_db_role_setting' ? ' cross join unnest(x.setconfig) c' : '';
		const where = catalog === 'pg_attribute' ? ' where x.attnum > 0 and not x.attisdropped' : '';
		return name === null
			? []
			: [
					`select '${catalog}' as catalog, (${name})::text as name from ${catalog} x${more}${where}`,
				];
	});
	const grants = PRIVILEGES.map(
		([catalog, acl, letter, owner]) => `
select 'privilege', (pg_identify_object('${catalog}'::regclass, x.oid, 0)).identity || ': '
  || coalesce(nullif(a.grantee, 0)::regrole::text, 'public') || ' ' || a.privilege_type
from ${catalog} x cross join aclexplode(coalesce(x.${acl}, acldefault(${letter}, x.${owner}))) a where a.grantee <> x.${owner}`,
	);
	const rows = await rowsOf(url, [...selects, ...grants].join('\nunion '));
	return new Set(
		rows
			.map(({ catalog, name }) => `${String(catalog)} ${String(name)}`)
			.filter((row) => !/\b(?:_twins|pg_toast|pg_temp)/.test(row)),
	);
}
