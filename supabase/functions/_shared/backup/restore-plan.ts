// What a restore does, in its order, and whether it may: the backup is read back as a whole and the target looked at before anything
// is written.
import { components } from '../components/index.ts';
import type { BackupWork, RestoreStep } from '../contract/backup.ts';
import type { Endpoint } from '../contract/endpoint.ts';
import { formatQuantity } from '../domain/amount.ts';
import {
	SCHEMA_NAME,
	storedSchemaSchema,
	type BackupTable,
	type Manifest,
	type RestoreOptions,
	type StoredChange,
	type StoredSchema,
} from '../domain/backup.ts';
import type { ComponentKey } from '../domain/component.ts';
import { TwinsError } from '../domain/errors.ts';
import { majorOf } from '../platform/postgres/index.ts';
import { openBackup, type OpenBackup } from './open.ts';
import { readObject } from './pages.ts';
import { prove } from './prove.ts';
import { AFTER_ROWS } from './schema-script.ts';

/** Stages of the schema have steps of this name. */
export const SCHEMA_STEP = 'schema-';

/** Makes the lists of files known on the target, for the time of the restore. */
export const KEPT_FILES_STEP = 'kept-files';

/** Which component a stage of the schema is shown with. */
const HOME: Readonly<Record<string, ComponentKey>> = {
	structure: 'tables',
	functions: 'functions',
	views: 'views',
	relations: 'tables',
	triggers: 'triggers',
	policies: 'policies',
};

export const prepareRestore: BackupWork['prepareRestore'] = async (context) => {
	const { folder, target, options } = context;
	const backup = await openBackup(context);
	const { manifest } = backup;
	if (context.cursor === null) await checkFits(manifest, options, target, folder);
	const proven = await prove(context, 'whole', backup);
	if (proven.state === 'more') return proven;
	const [damaged] = proven.proof.damaged;
	if (damaged) {
		throw new TwinsError(
			'unsupported',
			`${folder} is damaged: ${damaged.name} is ${damaged.problem}${others(proven.proof.damaged.length - 1)}. Nothing was written`,
			'Restore another backup.',
		);
	}
	const schema = await readSchema(backup);
	await checkTables(schema, manifest, options, target);
	return { state: 'done', steps: stepsOf(schema, options) };
};

const others = (count: number): string =>
	count === 0 ? '' : ` (and ${formatQuantity(count, 'object')} more)`;

export async function readSchema(backup: OpenBackup): Promise<StoredSchema> {
	const text = new TextDecoder().decode(await readObject(backup, SCHEMA_NAME));
	return storedSchemaSchema.parse(JSON.parse(text));
}

/** Components of the backup that the target can take: one that is given by the URL of its database has no services. */
export const restorableComponents = (
	{ components: kept }: Manifest,
	{ services }: Endpoint,
): ComponentKey[] =>
	kept.filter(
		(key) =>
			components
				.find((component) => component.key === key)
				?.requires?.every((service) => services.includes(service)) ?? true,
	);

async function checkFits(
	manifest: Manifest,
	options: RestoreOptions,
	target: Endpoint,
	folder: string,
): Promise<void> {
	const session = await target.database();
	const [from, to] = [manifest.source.server_version, session.serverVersion].map(majorOf);
	if (from !== undefined && to !== undefined && from > to) {
		throw new TwinsError(
			'unsupported',
			`${folder} is of Postgres ${from}, the target has only ${to}`,
			`Upgrade the target to Postgres ${from} in the Supabase dashboard, or pick a newer target.`,
		);
	}
	const possible = restorableComponents(manifest, target);
	const lacking = Object.entries(options.components)
		.filter(([, isWanted]) => isWanted)
		.map(([key]) => key)
		.filter((key) => !possible.some((kept) => kept === key));
	if (lacking.length === 0) return;
	throw new TwinsError(
		'unsupported',
		`${folder} does not have ${lacking.join(', ')}, or the target has no service for it`,
		`Restore other components: ${possible.join(', ')}.`,
	);
}

/** Tables as people name them. */
export const nameOf = (table: string): string =>
	table.replaceAll(/"((?:[^"]|"")*)"/g, (_, name: string) => name.replaceAll('""', '"'));

/** Users come with `auth_users`, whatever tables are named. */
export const isOfUsers = ({ table }: BackupTable): boolean => table.startsWith('auth.');

/** The tables whose rows a restore brings. */
export const wantedTables = (manifest: Manifest, { tables }: RestoreOptions): BackupTable[] =>
	manifest.tables.filter(
		(table) => !isOfUsers(table) && (tables?.includes(nameOf(table.table)) ?? true),
	);

/** Throws for tables in the way, and for tables that rows are to go into and that are not there. */
async function checkTables(
	schema: StoredSchema,
	manifest: Manifest,
	options: RestoreOptions,
	target: Endpoint,
): Promise<void> {
	const unknown = options.tables?.find(
		(name) => !manifest.tables.some(({ table }) => nameOf(table) === name),
	);
	if (unknown !== undefined) {
		throw new TwinsError(
			'bad_request',
			`The backup has no table ${unknown}`,
			'Name tables as the backup’s manifest does.',
		);
	}
	if (options.components.tables === true) {
		const made = changesOf(schema, ['tables']).map(({ id }) => id);
		const names = made.filter((id) => id.startsWith('table:')).map((id) => id.slice(6));
		const inTheWay = (await present(target, names)).filter(({ isThere }) => isThere);
		if (inTheWay.length === 0) return;
		throw new TwinsError(
			'conflict',
			`The target already has ${formatQuantity(inTheWay.length, 'table')} of the backup, such as ${inTheWay[0]?.name ?? ''}. Nothing was written`,
			'Restore into an empty project, drop these tables, or restore rows only (component data): they take the place of what these tables hold.',
		);
	}
	if (options.components.data !== true) return;
	const names = wantedTables(manifest, options).map(({ table }) => table);
	const missing = (await present(target, names)).filter(({ isThere }) => !isThere);
	if (missing.length === 0) return;
	throw new TwinsError(
		'conflict',
		`The target lacks ${formatQuantity(missing.length, 'table')} whose rows are to be restored, such as ${missing[0]?.name ?? ''}. Nothing was written`,
		'Restore the tables too (component tables), or name only tables that are there.',
	);
}

async function present(
	target: Endpoint,
	names: readonly string[],
): Promise<readonly { name: string; isThere: boolean }[]> {
	const session = await target.database();
	return session.query(
		`select name, pg_catalog.to_regclass(name) is not null as "isThere"
		from pg_catalog.jsonb_array_elements_text($1::jsonb) as listed (name)`,
		[names],
	);
}

/** Changes of some components, in their order. */
const changesOf = ({ stages }: StoredSchema, components: readonly string[]): StoredChange[] =>
	stages
		.flatMap(({ changes }) => changes)
		.filter(({ component }) => components.includes(component));

function stepsOf(schema: StoredSchema, options: RestoreOptions): RestoreStep[] {
	const isOn = (key: string): boolean => options.components[key as ComponentKey] === true;
	const ofStage = (isAfter: boolean): RestoreStep[] =>
		schema.stages
			.filter(({ stage }) => AFTER_ROWS.includes(stage) === isAfter)
			.flatMap(({ stage, changes }) => {
				const home = HOME[stage] ?? 'tables';
				const others = changes.map(({ component }) => component).filter(isOn);
				const shown = isOn(home) ? home : (others[0] as ComponentKey | undefined);
				return shown === undefined ? [] : [{ component: shown, name: SCHEMA_STEP + stage }];
			});
	const one = (component: ComponentKey, name: string): RestoreStep[] =>
		isOn(component) ? [{ component, name }] : [];
	// Files before triggers, which would run for each; what acts by itself comes last.
	return [
		...ofStage(false),
		...one('auth_users', 'users'),
		...one('data', 'rows'),
		...one('data', 'sequences'),
		...one('views', 'refreshes'),
		...one('project_config', 'limits'),
		...one('storage', KEPT_FILES_STEP),
		...one('storage', 'files'),
		...ofStage(true),
		...one('tables', 'defaults'),
		...one('realtime', 'publications'),
		...one('edge_functions', 'functions'),
		...one('project_config', 'settings'),
		...one('project_config', 'role-settings'),
		...one('webhooks', 'webhooks'),
		...one('cron_jobs', 'jobs'),
	];
}
