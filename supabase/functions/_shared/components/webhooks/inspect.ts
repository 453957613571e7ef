// Reads the webhooks of one endpoint.
import { readAgain } from '../../platform/schema-changes.ts';
import type { Session } from '../../platform/postgres/index.ts';
import { HAS_WEBHOOKS, WEBHOOKS, type FiringState } from './queries.ts';

export interface Webhook {
	readonly name: string;
	readonly schema: string;
	readonly table: string;
	/** `name on schema.table`. */
	readonly object: string;
	readonly state: FiringState;
	/** `create trigger …` up to the call of the function. */
	readonly head: string;
	/** URL, method, headers, parameters, timeout; the last ones may be missing. */
	readonly args: readonly string[];
}

export interface EndpointWebhooks {
	/** Whether the project has the function that webhooks call. */
	readonly enabled: boolean;
	readonly hooks: readonly Webhook[];
}

const isState = (value: unknown): value is FiringState =>
	value === 'O' || value === 'D' || value === 'R' || value === 'A';

const texts = (value: unknown): readonly string[] => {
	const list: unknown = typeof value === 'string' ? JSON.parse(value) : value;
	return Array.isArray(list) ? list.map(String) : [];
};

/** Webhooks of the database, in the order of their names. */
export async function readWebhooks(session: Session): Promise<EndpointWebhooks> {
	const results = await readAgain(session, () =>
		session.script(
			`begin read only; set local search_path = ''; ${HAS_WEBHOOKS};
select pg_catalog.to_jsonb(h) as hook from (${WEBHOOKS}) h where h.head is not null; commit`,
		),
	);
	const rows = results.flat();
	const hooks = rows.flatMap(({ hook }): Webhook[] => {
		if (typeof hook !== 'object' || hook === null) return [];
		const row: Readonly<Record<string, unknown>> = { ...hook };
		const [name, schema, table] = [
			String(row['name']),
			String(row['schema']),
			String(row['table']),
		];
		const state = row['state'];
		return [
			{
				name,
				schema,
				table,
				object: `${name} on ${schema}.${table}`,
				state: isState(state) ? state : 'O',
				head: String(row['head']),
				args: texts(row['arguments']),
			},
		];
	});
	return { enabled: rows.some((row) => row['enabled'] === true), hooks };
}
