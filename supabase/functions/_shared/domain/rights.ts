// What the token of an account has to be allowed for each component, and what is skipped where it is not. Scoped tokens
// have permissions, OAuth apps have scopes; both as the vendor's list of operations names them (2026-11).
import * as z from 'zod/mini';
import { COMPONENT_KEYS, type ComponentKey } from './component.ts';
import type { EndpointRole } from './endpoint-role.ts';

export const RIGHT_KEYS = [
	'project_read',
	'database_login',
	'pooler_read',
	'disk_read',
	'keys_read',
	'functions_read',
	'functions_write',
	'function_secrets_read',
	'auth_read',
	'auth_write',
	'data_api_read',
	'data_api_write',
	'realtime_read',
	'realtime_write',
	'storage_read',
	'storage_write',
	'webhooks_switch',
] as const;
export type RightKey = (typeof RIGHT_KEYS)[number];

/** Permissions of scoped tokens that each right consists of. */
export const PERMISSIONS: Readonly<Record<RightKey, readonly string[]>> = {
	project_read: ['project_admin_read'],
	database_login: ['database_write'],
	pooler_read: ['database_pooling_config_read'],
	disk_read: ['infra_disk_config_read'],
	keys_read: ['api_gateway_keys_read', 'api_gateway_keys_secret_read'],
	functions_read: ['edge_functions_read'],
	functions_write: ['edge_functions_write'],
	function_secrets_read: ['edge_functions_secrets_read'],
	auth_read: ['auth_config_read'],
	auth_write: ['auth_config_write', 'project_admin_write'],
	data_api_read: ['data_api_config_read'],
	data_api_write: ['data_api_config_write'],
	realtime_read: ['realtime_config_read'],
	realtime_write: ['realtime_config_write'],
	storage_read: ['storage_config_read'],
	storage_write: ['storage_config_write'],
	webhooks_switch: ['database_webhooks_config_write'],
};

/** `unknown`: Supabase did not tell, or it cannot be asked without changing the project. */
export const RIGHT_ANSWERS = ['can', 'cannot', 'unknown'] as const;
export type RightAnswer = (typeof RIGHT_ANSWERS)[number];

/** What was found when the token was saved. */
export const rightsSchema = z.object({
	/** The project that was asked about; null: the token lists none. */
	ref: z.nullable(z.string()),
	/** ISO 8601. */
	probed_at: z.string(),
	answers: z.partialRecord(z.enum(RIGHT_KEYS), z.enum(RIGHT_ANSWERS)),
});
export type Rights = z.infer<typeof rightsSchema>;

interface Need {
	readonly right: RightKey;
	/** Nothing of the component can be done without. */
	readonly isEssential: boolean;
	/** What becomes of the clone without it. */
	readonly without: string;
}

const essential = (right: RightKey, without: string): Need => ({
	right,
	isEssential: true,
	without,
});
const useful = (right: RightKey, without: string): Need => ({ right, isEssential: false, without });

/** Every run looks whether the project is healthy, and opens its database. */
const OF_ALL: readonly Need[] = [
	essential('project_read', 'whether the project is running cannot be seen, and no clone starts'),
	essential('database_login', 'the database opens only with its password, if you enter that'),
	essential('pooler_read', 'the address of the database cannot be found'),
];

const KEYS_IN_TEXTS = useful(
	'keys_read',
	'keys of the project within texts are not recognised: what looks like one is left out',
);

interface ByRole {
	readonly source: readonly Need[];
	readonly target: readonly Need[];
}
const both = (...needs: readonly Need[]): ByRole => ({ source: needs, target: needs });

const NEEDS: Readonly<Record<ComponentKey, ByRole>> = {
	tables: both(),
	data: {
		source: [],
		target: [useful('disk_read', 'free disk space is not looked at before rows are copied')],
	},
	views: both(),
	functions: both(KEYS_IN_TEXTS),
	triggers: both(),
	policies: both(),
	edge_functions: {
		source: [
			essential('functions_read', 'edge functions cannot be read'),
			useful('function_secrets_read', 'secrets that the target lacks are not listed'),
			KEYS_IN_TEXTS,
		],
		target: [
			essential('functions_read', 'edge functions cannot be compared'),
			essential('functions_write', 'edge functions cannot be deployed'),
			useful('function_secrets_read', 'secrets that the target lacks are not listed'),
		],
	},
	storage: both(essential('keys_read', 'files cannot be copied: Storage opens with a secret key')),
	auth_users: both(),
	cron_jobs: both(KEYS_IN_TEXTS),
	webhooks: {
		source: [KEYS_IN_TEXTS],
		target: [
			KEYS_IN_TEXTS,
			useful('webhooks_switch', 'a target without database webhooks gets none'),
		],
	},
	realtime: both(),
	project_config: {
		source: [
			useful('auth_read', 'settings of Auth are skipped'),
			useful('data_api_read', 'settings of the Data API are skipped'),
			useful('realtime_read', 'settings of Realtime are skipped'),
			useful('storage_read', 'settings of Storage are skipped'),
		],
		target: [
			useful('auth_read', 'settings of Auth are skipped'),
			useful('auth_write', 'settings of Auth are not written'),
			useful('data_api_read', 'settings of the Data API are skipped'),
			useful('data_api_write', 'settings of the Data API are not written'),
			useful('realtime_read', 'settings of Realtime are skipped'),
			useful('realtime_write', 'settings of Realtime are not written'),
			useful('storage_read', 'settings of Storage are skipped'),
			useful('storage_write', 'settings of Storage are not written'),
		],
	},
};

/** `partly`: something that is not essential is closed. */
export type Reach = 'can' | 'partly' | 'cannot' | 'unknown';

export interface ComponentReach {
	readonly reach: Reach;
	/** What is skipped, and with which permissions it would not be. */
	readonly lacks: readonly { readonly without: string; readonly permissions: readonly string[] }[];
}

/** How far a token reaches for one component on one endpoint. Null rights: it was never asked. */
export function reachOf(
	component: ComponentKey,
	role: EndpointRole,
	rights: Rights | null,
): ComponentReach {
	const needs = [...OF_ALL, ...NEEDS[component][role]];
	const answerOf = ({ right }: Need): RightAnswer => rights?.answers[right] ?? 'unknown';
	const lacking = needs.filter((need) => answerOf(need) === 'cannot');
	const lacks = lacking.map(({ right, without }) => ({ without, permissions: PERMISSIONS[right] }));
	if (lacking.some(({ isEssential }) => isEssential)) return { reach: 'cannot', lacks };
	if (lacking.length > 0) return { reach: 'partly', lacks };
	return { reach: needs.some((need) => answerOf(need) === 'unknown') ? 'unknown' : 'can', lacks };
}

/** What a whole clone lacks on one endpoint, each thing once. */
export function lacksOf(
	components: readonly ComponentKey[],
	role: EndpointRole,
	rights: Rights | null,
): ComponentReach['lacks'] {
	const all = COMPONENT_KEYS.filter((key) => components.includes(key)).flatMap(
		(key) => reachOf(key, role, rights).lacks,
	);
	return [...new Map(all.map((lack) => [lack.without, lack])).values()];
}
