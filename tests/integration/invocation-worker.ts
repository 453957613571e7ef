// One call of the edge function, as a process that a test kills: says which step it works on, and ends when the invocation does.
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import { TwinsError } from '../../supabase/functions/_shared/domain/errors.ts';
import type { Component } from '../../supabase/functions/_shared/contract/component.ts';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import type { Claim } from '../../supabase/functions/_shared/engine/queue.ts';
import type { Session } from '../../supabase/functions/_shared/platform/postgres/index.ts';
import { endpointSessions } from '../../supabase/functions/_shared/engine/endpoint-sessions.ts';
import { runInvocation } from '../../supabase/functions/_shared/engine/worker.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { sessionSettings } from '../../supabase/functions/_shared/platform/supabase/project-database.ts';

interface Task {
	readonly control: string;
	readonly source: string;
	readonly target: string;
	/** Seconds for which the made-up component asks, one after the other, before it works. */
	readonly backOffs: readonly number[];
}

const given: unknown = JSON.parse(process.argv[2] ?? '{}');
const task = given as Task;
const refuse = () => Promise.reject(new Error('these projects have a database only'));

/** Fails as a limited API does, then takes its time. */
const limited: Component = {
	key: 'edge_functions',
	stages: [
		{
			name: 'functions',
			needs: [],
			provides: [],
			run: async ({ isLastTry, source }) => {
				const session = await source.database();
				const [tries] = await session.query<{ n: number }>(
					`select count(*)::int as n from pg_catalog.pg_largeobject_metadata`,
				);
				const retryAfter = isLastTry ? undefined : task.backOffs[tries?.n ?? 0];
				if (retryAfter === undefined) return { state: 'done' };
				await session.script(
					`set default_transaction_read_only = off; select pg_catalog.lo_create(0)`,
				);
				throw new TwinsError('api_refused', 'limited', 'Wait', { passing: true, retryAfter });
			},
		},
	],
	preview: refuse,
	verify: () => Promise.resolve([]),
};

process.on('disconnect', () => process.exit(3));
// Loaded before it is called, as the platform keeps functions.
await new Promise<void>((resolve) => {
	process.once('message', () => resolve());
	process.send?.('ready');
});
const control = await connectUrl(task.control);
/** Says which step was claimed. */
const telling = (session: Session, name: keyof Session): unknown =>
	name === 'query'
		? async (...call: Parameters<Session['query']>) => {
				const rows = await session.query<{ claim?: Claim | null }>(...call);
				const step = rows[0]?.claim?.step;
				if (step) process.send?.({ step: step.id, lease: step.lease });
				return rows;
			}
		: session[name];
await runInvocation({
	control: new Proxy(control, { get: telling }),
	components: [tables, data, functions, views, policies, limited],
	openEndpoint: (role: EndpointRole) => {
		return Promise.resolve({
			role,
			ref: role[0]?.repeat(20) ?? '',
			url: '',
			services: [],
			api: { get: refuse, send: refuse, fetch: refuse },
			storage: refuse,
			keys: () => Promise.resolve([]),
			...endpointSessions(() => connectUrl(task[role], { settings: sessionSettings(role) })),
		});
	},
	limits: { bytes: 2 * 1024 * 1024 },
});
await control.close();
process.disconnect?.();
