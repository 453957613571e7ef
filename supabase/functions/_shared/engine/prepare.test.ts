import type { EndpointRole } from '../domain/endpoint-role.ts';
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../contract/endpoint.ts';
import { cloneOptionsSchema } from '../domain/clone.ts';
import { TwinsError } from '../domain/errors.ts';
import { prepareRun } from './prepare.ts';
import type { Run } from './step.ts';

const run: Run = {
	id: 'r',
	kind: 'job',
	job_id: 'r',
	mode: null,
	options: cloneOptionsSchema.parse({}),
	ignore_rules: [],
	target: { ref: 'bbbbbbbbbbbbbbbbbbbb' },
	cloned_before: true,
};

interface State {
	readonly status?: string;
	readonly version?: number;
}

/** An endpoint that knows its status and version; what opens nothing else must not ask for more. */
function endpoint(role: EndpointRole, { status = 'ACTIVE_HEALTHY', version = 17 }: State) {
	const opened: string[] = [];
	const session = { serverVersion: version * 10_000, query: () => Promise.resolve([]) };
	const fake = {
		role,
		services: ['management_api'],
		api: { get: () => Promise.resolve({ name: 'Shop', status }) },
		database: () => {
			opened.push(role);
			return Promise.resolve(session);
		},
	} as unknown as Endpoint;
	return { fake, opened };
}

async function prepare(from: State, to: State) {
	const [source, target] = [endpoint('source', from), endpoint('target', to)];
	const outcome = await prepareRun(run, source.fake, target.fake, []).catch(
		(error: unknown) => error,
	);
	return { outcome, opened: [...source.opened, ...target.opened] };
}

describe('a run', () => {
	it('does not begin on a paused or unfinished project, whose database is not even dialled', async () => {
		for (const [from, to] of [
			[{ status: 'INACTIVE' }, {}],
			[{}, { status: 'INACTIVE' }],
			[{}, { status: 'COMING_UP' }],
		] as const) {
			const { outcome, opened } = await prepare(from, to);
			expect(outcome).toBeInstanceOf(TwinsError);
			expect(outcome).toMatchObject({ code: 'target_not_ready' });
			expect(opened).toEqual([]);
		}
	});

	it('begins on a project that is unhealthy but running', async () => {
		expect((await prepare({ status: 'ACTIVE_UNHEALTHY' }, {})).outcome).toHaveProperty('steps');
	});

	it('does not go back to an older Postgres', async () => {
		expect((await prepare({ version: 17 }, { version: 15 })).outcome).toMatchObject({
			code: 'unsupported',
			fix: expect.stringContaining('Postgres 17') as string,
		});
		expect((await prepare({ version: 15 }, { version: 17 })).outcome).toHaveProperty('steps');
	});
});
