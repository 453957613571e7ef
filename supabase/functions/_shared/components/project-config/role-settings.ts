// Settings that live in the database itself: of roles (`alter role … set`), of the database (`alter database … set`)
// and of both. Read from both endpoints and compared; which of them a clone may set is decided here.
import * as z from 'zod/mini';
import type { Endpoint } from '../../contract/endpoint.ts';
import { ident, literal } from '../../platform/postgres/index.ts';
import { platformRole } from '../../platform/supabase/managed-schemas.ts';
import type { ReadContext } from '../../contract/context.ts';
import { renameProject } from './rewrite.ts';

/** One setting of one place. The value may be a secret: it is compared and written, never reported. */
const roleSettingSchema = z.object({
	/** `setting statement_timeout of role anon`: the same on both endpoints. */
	object: z.string(),
	role: z.nullable(z.string()),
	/** For the database of the project only, or for another; neither: for every database. */
	isHere: z.boolean(),
	isElsewhere: z.boolean(),
	isPlatformRole: z.boolean(),
	name: z.string(),
	value: z.string(),
});
type RoleSetting = Readonly<z.infer<typeof roleSettingSchema>>;

/** Under which a backup keeps them. */
export const KEPT_ROLE_SETTINGS = 'role-settings';

export interface SettingChange {
	readonly setting: string;
	/** Null: it goes, because only the target has it. */
	readonly value: string | null;
	readonly statement: string;
	readonly detail: string;
	readonly isAdapted: boolean;
	/** Name of the parameter, for a look at who may set it. */
	readonly parameter: string;
}

export interface SettingNote {
	readonly setting: string;
	readonly detail: string;
	readonly fix: string;
}

export interface SettingsPlan {
	readonly changes: readonly SettingChange[];
	/** Differences that a clone leaves to a person. */
	readonly notes: readonly SettingNote[];
	readonly equal: number;
}

// Of other databases only what is no template: nothing of a project lives in those.
const READ = `
select r.rolname as role, d.datname as database, d.datname = pg_catalog.current_database() as here,
  coalesce(${platformRole('r.rolname')}, false) as platform,
  c.option_name as name, c.option_value as value
from pg_catalog.pg_db_role_setting s
cross join pg_catalog.pg_options_to_table(s.setconfig) c
left join pg_catalog.pg_roles r on r.oid = s.setrole
left join pg_catalog.pg_database d on d.oid = s.setdatabase
where (s.setrole = 0 or r.oid is not null) and (s.setdatabase = 0 or (d.oid is not null and not d.datistemplate))
order by 1 nulls first, 2 nulls first, 5`;

/** Roles of the platform whose settings are the user's to choose; those of its services are not. */
const OPEN_ROLES = new Set(['anon', 'authenticated', 'authenticator', 'postgres', 'service_role']);

/** Would shut a clone or a user out of the target, or needs a library that the platform chooses. */
const NEVER_SET = new Set([
	'default_transaction_read_only',
	'local_preload_libraries',
	'role',
	'session_authorization',
	'session_preload_libraries',
	'session_replication_role',
	'transaction_read_only',
]);

/** Settings whose text is a list of names. */
const LISTS = new Set([
	'local_preload_libraries',
	'search_path',
	'session_preload_libraries',
	'temp_tablespaces',
]);

const SECRET_NAME = /secret|passw|token|key|jwt|credential|private|apikey|dsn/i;
const SECRET_VALUE =
	/eyJ[\w-]{8,}|\bsb_(?:secret|publishable)_|:\/\/[^/@\s]*@|-----BEGIN|(?=[\w+/=-]*[0-9])(?=[\w+/=-]*[A-Za-z])[\w+/=-]{20,}/;

/** In a backup, for a value that is not kept. */
const HIDDEN = 'eyJ-not-in-the-backup';

const mayBeSecret = ({ name, value }: Pick<RoleSetting, 'name' | 'value'>): boolean =>
	SECRET_NAME.test(name) || SECRET_VALUE.test(value);

/** What people read; the name of the database counts only where it is another. */
function nameOf(role: string | null, database: string | null, isHere: boolean, name: string) {
	const where = database === null || isHere ? 'the database' : `database ${database}`;
	if (role === null) return `setting ${name} of ${database === null ? 'all roles' : where}`;
	return `setting ${name} of role ${role}${database === null ? '' : ` in ${where}`}`;
}

async function readSettings(endpoint: Endpoint): Promise<Map<string, RoleSetting>> {
	if (endpoint.kept) {
		const kept = await endpoint.kept.read(KEPT_ROLE_SETTINGS);
		return new Map(
			z
				.array(roleSettingSchema)
				.parse(kept)
				.map((one) => [one.object, one]),
		);
	}
	const session = await endpoint.database();
	const found = new Map<string, RoleSetting>();
	for (const row of await session.query(READ)) {
		const role = row['role'] === null ? null : String(row['role']);
		const database = row['database'] === null ? null : String(row['database']);
		const name = String(row['name']);
		const object = nameOf(role, database, row['here'] === true, name);
		found.set(object, {
			object,
			role,
			isHere: row['here'] === true,
			isElsewhere: database !== null && row['here'] !== true,
			isPlatformRole: row['platform'] === true,
			name,
			value: String(row['value']),
		});
	}
	return found;
}

/**
 * What a backup keeps of them. Of what may hold a secret only that there is such a setting: no clone sets it, and nobody
 * would look for it in a backup.
 */
export const keepRoleSettings = async (source: Endpoint): Promise<readonly RoleSetting[]> =>
	[...(await readSettings(source)).values()].map((setting) =>
		mayBeSecret(setting) ? { ...setting, value: HIDDEN } : setting,
	);

/** Whose setting it is, as ALTER wants it. */
function holder({ role, isHere }: RoleSetting, database: string): string {
	if (role === null) return `database ${ident(database)}`;
	return `role ${ident(role)}${isHere ? ` in database ${ident(database)}` : ''}`;
}

const settingName = (name: string): string => name.split('.').map(ident).join('.');

/**
 * A list of names is taken over as the server keeps it, because as one literal it would be one name; other settings would be
 * kept in other words than the source's (`8192kB` as `8MB`).
 */
function settingStatement(whose: string, name: string, value: string): string {
	if (!LISTS.has(name)) return `alter ${whose} set ${settingName(name)} = ${literal(value)}`;
	const key = literal(name);
	return `do ${literal(`declare
  before pg_catalog.text := pg_catalog.current_setting(${key});
begin
  perform pg_catalog.set_config(${key}, ${literal(value)}, true);
  alter ${whose} set ${settingName(name)} from current;
  perform pg_catalog.set_config(${key}, before, true);
end`)}`;
}

/** Values of settings with a dot are of the user's making and may be anything. */
const shown = ({ name, value }: RoleSetting): string => (name.includes('.') ? 'copied' : value);

/** Why a clone does not set it; undefined when it may. */
function reasonToLeave(
	setting: RoleSetting,
	roles: ReadonlySet<string>,
): Omit<SettingNote, 'setting'> | undefined {
	const { role, name, value, isPlatformRole } = setting;
	const set = `${holder(setting, '…')} set ${settingName(name)}`;
	if (setting.isElsewhere)
		return {
			detail: 'a setting of another database of the source, which is not cloned',
			fix: 'Nothing, unless the target has such a database.',
		};
	if (role === null && !setting.isHere)
		return {
			detail: 'a setting of all roles in all databases, which only a superuser may make',
			fix: `Set it for the database on the target: alter database … set ${settingName(name)} = …`,
		};
	if (isPlatformRole && role !== null && !OPEN_ROLES.has(role))
		return {
			detail: 'the role belongs to a service of the platform: its settings are not changed',
			fix: `If the target needs it: alter ${set} = …`,
		};
	if (NEVER_SET.has(name))
		return {
			detail:
				'not copied: it could shut sessions out of the target or needs libraries of the platform',
			fix: `If the target is to have it: alter ${set} = …`,
		};
	if (mayBeSecret({ name, value }))
		return {
			detail: 'it may hold a secret: it is neither copied nor shown',
			fix: `Set it on the target, with a value of its own: alter ${set} = '…'`,
		};
	if (role !== null && !roles.has(role))
		return {
			detail: 'the target has no such role',
			fix: 'Look in this report why the role was not made, then clone again.',
		};
	return undefined;
}

/** What a clone would set now, and what it leaves to a person. Changes nothing. */
export async function planRoleSettings(context: ReadContext): Promise<SettingsPlan> {
	const session = await context.target.database();
	const source = await readSettings(context.source);
	const target = await readSettings(context.target);
	const rows = await session.query(
		'select r.rolname as role, pg_catalog.current_database() as database from pg_catalog.pg_roles r',
	);
	const roles = new Set(rows.map(({ role }) => String(role)));
	const database = String(rows[0]?.['database']);
	const changes: SettingChange[] = [];
	const notes: SettingNote[] = [];
	let equal = 0;
	for (const setting of source.values()) {
		const { object, name } = setting;
		const value = renameProject(setting.value, context.source, context.target);
		const before = target.get(object);
		if (before?.value === value) {
			equal += 1;
			continue;
		}
		const left = reasonToLeave(setting, roles);
		if (left) notes.push({ setting: object, ...left });
		else
			changes.push({
				setting: object,
				parameter: name,
				value,
				statement: settingStatement(holder(setting, database), name, value),
				detail:
					value === setting.value
						? shown(setting)
						: 'names the target where the source names itself',
				isAdapted: value !== setting.value,
			});
	}
	if (context.options.remove_extra) {
		for (const extra of target.values()) {
			if (source.has(extra.object) || reasonToLeave(extra, roles)) continue;
			changes.push({
				setting: extra.object,
				parameter: extra.name,
				value: null,
				statement: `alter ${holder(extra, database)} reset ${settingName(extra.name)}`,
				detail: 'removed: the source does not have it',
				isAdapted: false,
			});
		}
	}
	return { changes, notes, equal };
}
