// The engine under test: a control database of its own, two real endpoints, and components that a test
// writes by hand, so that queue, leases and order can be seen without any cloning.
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import type { Component, Stage } from '../../supabase/functions/_shared/contract/component.ts';
import type { StageContext } from '../../supabase/functions/_shared/contract/context.ts';
import {
	COMPONENT_KEYS,
	type ComponentKey,
} from '../../supabase/functions/_shared/domain/component.ts';
import { makePreview } from '../../supabase/functions/_shared/domain/preview.ts';
import { endpointSessions } from '../../supabase/functions/_shared/engine/endpoint-sessions.ts';
import type { OpenEndpoint } from '../../supabase/functions/_shared/engine/slice.ts';
import { sessionSettings } from '../../supabase/functions/_shared/platform/supabase/project-database.ts';
import {
	runInvocation,
	workOnce,
	type WorkerPorts,
} from '../../supabase/functions/_shared/engine/worker.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import type { Session } from '../../supabase/functions/_shared/platform/postgres/index.ts';
import { type ClusterUrls, freshPair } from './clusters.ts';
import { type Control, freshControl } from './control.ts';

export const done = { state: 'done' } as const;

export const stage = (
	name: string,
	run: (context: StageContext) => ReturnType<Stage['run']>,
	needs: Stage['needs'] = [],
	provides: Stage['provides'] = [],
): Stage => ({ name, run, needs, provides });

export const component = (key: ComponentKey, ...stages: Stage[]): Component => ({
	key,
	stages,
	preview: () =>
		Promise.resolve(
			makePreview({ counts: [{ unit: 'table', source: 1 }], objects: [], warnings: [] }),
		),
	verify: () => Promise.resolve([]),
});

/** Clone options with these components alone. */
export const only = (...keys: ComponentKey[]) => ({
	components: Object.fromEntries(COMPONENT_KEYS.map((key) => [key, keys.includes(key)])),
});

export interface TestEngine {
	readonly control: Control;
	readonly endpoints: { source: ClusterUrls; target: ClusterUrls };
	readonly session: Session;
	/** What the Management API answers, by path; a healthy project where nothing is said. */
	readonly answers: Map<string, unknown>;
	/** Runs one slice of one step, by a session of its own if given; false when none can be claimed. */
	workOnce(
		components: readonly Component[],
		by?: Session,
		more?: Partial<WorkerPorts>,
	): Promise<boolean>;
	/** One invocation: as many slices as it may carry out. */
	invoke(components: readonly Component[], by?: Session): Promise<void>;
	/** Works until nothing can be claimed any more; back-offs are cut short. Resolves to the slices. */
	workAll(components: readonly Component[], most?: number): Promise<number>;
	/** The job's row, and the status of each of its components. */
	jobOf(id: string): Promise<{ job: Row | undefined; status: Record<string, string> }>;
	close(): Promise<void>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a row of any query, asserted on by the test
type Row = Record<string, any>;

export async function openTestEngine(): Promise<TestEngine> {
	const [control, endpoints] = await Promise.all([freshControl(), freshPair()]);
	const session = await connectUrl(control.dbUrl);
	const answers = new Map<string, unknown>();

	function openEndpoint(role: EndpointRole): Promise<OpenEndpoint> {
		const refuse = () => Promise.reject(new Error('not part of this test'));
		return Promise.resolve({
			role,
			ref: role === 'source' ? control.sourceRef : control.targetRef,
			services: ['management_api'],
			url: `http://${role}.test`,
			api: {
				get: <T>(path: string) =>
					Promise.resolve((answers.get(path) ?? { name: role, status: 'ACTIVE_HEALTHY' }) as T),
				send: refuse,
				fetch: refuse,
			},
			...endpointSessions(() =>
				connectUrl(endpoints[role].dbUrl, { settings: sessionSettings(role) }),
			),
			storage: refuse,
			keys: () => Promise.resolve([]),
		});
	}

	return {
		control,
		endpoints,
		session,
		answers,
		workOnce: (components, by = session, more = {}) =>
			workOnce({ control: by, components, openEndpoint, ...more }),

		invoke: (components, by = session) => runInvocation({ control: by, components, openEndpoint }),

		async workAll(components, most = 50) {
			let slices = 0;
			for (;;) {
				await control.sql`update private.steps set run_after = now() where run_after > now()`;
				if (!(await workOnce({ control: session, components, openEndpoint }))) return slices;
				slices += 1;
				if (slices > most) throw new Error('the job does not come to an end');
			}
		},

		async jobOf(id) {
			const [job] = await control.sql`select * from public.jobs where id = ${id}`;
			const rows = await control.sql<{ component: string; status: string }[]>`
				select component, status from public.job_components where job_id = ${id}`;
			return { job, status: Object.fromEntries(rows.map((row) => [row.component, row.status])) };
		},

		close: () => session.close(),
	};
}

/** One engine for all tests of a file, without jobs before each of them. */
export function sharedEngine(): TestEngine {
	let opened: TestEngine | undefined;
	const engine = (): TestEngine => {
		if (opened === undefined) throw new Error('the engine opens before the first test');
		return opened;
	};
	beforeAll(async () => {
		opened = await openTestEngine();
	});
	beforeEach(async () => {
		await engine().control.sql`truncate public.jobs, private.steps, realtime.messages cascade`;
	});
	afterAll(() => opened?.close());
	return {
		get control() {
			return engine().control;
		},
		get endpoints() {
			return engine().endpoints;
		},
		get session() {
			return engine().session;
		},
		get answers() {
			return engine().answers;
		},
		workOnce: (...given) => engine().workOnce(...given),
		invoke: (...given) => engine().invoke(...given),
		workAll: (...given) => engine().workAll(...given),
		jobOf: (id) => engine().jobOf(id),
		close: () => engine().close(),
	};
}
