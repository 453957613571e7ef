import { describe, expect, it } from 'vitest';
import type { ProjectSide } from '../components/component.ts';
import { cloneOptionsSchema } from '../domain/clone.ts';
import { TwinsError } from '../domain/errors.ts';
import { prepareRun } from './prepare.ts';
import type { Run } from './queue.ts';

const end = {
	account_id: 'a',
	ref: 'tttttttttttttttttttt',
	account_status: 'connected',
	key_id: '',
	iv: '',
	ciphertext: '',
	database_password: null,
} as const;
const run: Run = {
	id: 'r',
	kind: 'job',
	job_id: 'r',
	twin_id: 't',
	mode: null,
	options: cloneOptionsSchema.parse({}),
	ignore_rules: [],
	source: end,
	target: end,
	target_is_protected: false,
	cloned_before: true,
};

interface State {
	readonly status?: string;
	readonly version?: number;
}

/** A side that knows its status and version; what opens nothing else must not ask for more. */
function side(role: ProjectSide['role'], { status = 'ACTIVE_HEALTHY', version = 17 }: State) {
	const opened: string[] = [];
	const session = { serverVersion: version * 10_000, query: () => Promise.resolve([]) };
	const fake = {
		role,
		api: { get: () => Promise.resolve({ name: 'Shop', status }) },
		database: () => {
			opened.push(role);
			return Promise.resolve(session);
		},
	} as unknown as ProjectSide;
	return { fake, opened };
}

async function prepare(from: State, to: State) {
	const [source, target] = [side('source', from), side('target', to)];
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
