// Reads the webhooks of one endpoint.
import * as z from 'zod/mini';
import type { Endpoint } from '../../contract/endpoint.ts';
import { readAgain } from '../../platform/schema-changes.ts';
import type { Session } from '../../platform/postgres/index.ts';
import { FIRING_STATES, HAS_WEBHOOKS, WEBHOOKS, type FiringState } from './queries.ts';

const webhookSchema = z.object({
	name: z.string(),
	schema: z.string(),
	table: z.string(),
	/** `name on schema.table`. */
	object: z.string(),
	state: z.enum(FIRING_STATES),
	/** `create trigger …` up to the call of the function. */
	head: z.string(),
	/** URL, method, headers, parameters, timeout; the last ones may be missing. */
	args: z.readonly(z.array(z.string())),
});
export type Webhook = Readonly<z.infer<typeof webhookSchema>>;

const endpointWebhooksSchema = z.object({
	/** Whether the project has the function that webhooks call. */
	enabled: z.boolean(),
	hooks: z.readonly(z.array(webhookSchema)),
});
export type EndpointWebhooks = Readonly<z.infer<typeof endpointWebhooksSchema>>;

/** Under which a backup keeps them. */
export const KEPT_WEBHOOKS = 'webhooks';

/** Webhooks of the source, or of the backup that stands for it. */
export const readSourceWebhooks = async (source: Endpoint): Promise<EndpointWebhooks> =>
	source.kept
		? endpointWebhooksSchema.parse(await source.kept.read(KEPT_WEBHOOKS))
		: readWebhooks(await source.database());

const isState = (value: unknown): value is FiringState =>
	FIRING_STATES.some((state) => state === value);

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
