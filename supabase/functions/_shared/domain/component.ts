// The catalogue of the 13 kinds of things a clone copies. Pure data: the engine and the web app
// read it, the code that copies a component lives in `components/<folder>/`.
import type { Thing } from './thing.ts';

export const COMPONENT_KEYS = [
	'tables',
	'data',
	'views',
	'functions',
	'triggers',
	'policies',
	'edge_functions',
	'storage',
	'auth_users',
	'cron_jobs',
	'webhooks',
	'realtime',
	'project_config',
] as const;

export type ComponentKey = (typeof COMPONENT_KEYS)[number];

export type ComponentGroup = 'Database' | 'Platform' | 'Config';

export interface ComponentLabel {
	readonly key: ComponentKey;
	readonly label: string;
	readonly group: ComponentGroup;
	/** One line for the clone wizard. */
	readonly description: string;
	/** What its progress counts. */
	readonly unit: Thing;
	/** Components without which this one is of little use; the wizard asks, nothing is forced. */
	readonly restsOn: readonly ComponentKey[];
}

const label = (
	key: ComponentKey,
	text: string,
	group: ComponentGroup,
	unit: Thing,
	description: string,
	restsOn: readonly ComponentKey[] = [],
): ComponentLabel => ({ key, label: text, group, unit, description, restsOn });

export const COMPONENTS: readonly ComponentLabel[] = [
	label(
		'tables',
		'Tables',
		'Database',
		'table',
		'Schemas, types, tables, keys, indexes, privileges',
	),
	label('data', 'Data', 'Database', 'table', 'Rows and sequence positions', ['tables']),
	label('views', 'Views', 'Database', 'view', 'Views and materialized views', ['tables']),
	label(
		'functions',
		'Functions',
		'Database',
		'function',
		'Functions, procedures, aggregates, operators',
	),
	label('triggers', 'Triggers', 'Database', 'trigger', 'Table, constraint and event triggers', [
		'tables',
		'functions',
	]),
	label('policies', 'Policies', 'Database', 'policy', 'Row level security and its policies', [
		'tables',
		'functions',
	]),
	label(
		'edge_functions',
		'Edge functions',
		'Platform',
		'function',
		'Deployed functions and their files',
	),
	label('storage', 'Storage', 'Platform', 'file', 'Buckets and every file in them'),
	label('auth_users', 'Auth users', 'Platform', 'user', 'Users, password hashes and identities'),
	label('cron_jobs', 'Cron jobs', 'Platform', 'job', 'Scheduled jobs, inactive on arrival'),
	label('webhooks', 'Webhooks', 'Platform', 'webhook', 'Database webhooks, disabled on arrival', [
		'tables',
	]),
	label('realtime', 'Realtime', 'Platform', 'table', 'Membership of the realtime publication', [
		'tables',
	]),
	label(
		'project_config',
		'Project config',
		'Config',
		'setting',
		'Auth, API, storage and realtime settings',
	),
];

const LABELS: ReadonlyMap<string, string> = new Map(COMPONENTS.map((one) => [one.key, one.label]));

/** What people call a component; an unknown key by itself. */
export const componentLabel = (key: string): string => LABELS.get(key) ?? key;
