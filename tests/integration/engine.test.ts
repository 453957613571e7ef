// The queue and the worker together: real control database, real endpoints, components made for the test.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Endpoints } from '../../supabase/functions/_shared/contract/endpoint.ts';
import type { Stage } from '../../supabase/functions/_shared/contract/component.ts';
import { COMPONENTS } from '../../supabase/functions/_shared/domain/component.ts';
import { nameOfMany } from '../../supabase/functions/_shared/domain/thing.ts';
import { TwinsError } from '../../supabase/functions/_shared/domain/errors.ts';
import { claimStep, finishSlice } from '../../supabase/functions/_shared/engine/queue.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { component, done, only, sharedEngine, stage } from '../helpers/engine.ts';

const engine = sharedEngine();

describe('the catalogue', () => {
	it('is the same in TypeScript and in the database', async () => {
		const rows = await engine.control.sql`select * from private.component_catalogue()`;
		expect(rows.map(({ component, position, unit }) => ({ component, position, unit }))).toEqual(
			COMPONENTS.map(({ key, unit }, index) => ({
				component: key,
				position: index + 1,
				unit: nameOfMany(unit),
			})),
		);
	});
});

describe('a job', () => {
	it('runs stages by their needs, slice after slice, and ends with a report', async () => {
		const order: string[] = [];
		const components = [
			component(
				'data',
				stage(
					'rows',
					(context) => {
						const at = typeof context.cursor === 'number' ? context.cursor : 0;
						order.push(`rows ${at}`);
						context.progress({ done: at + 1, total: 3, bytes: at * 10 });
						context.report({ object: `public.t${at}`, outcome: 'copied' });
						return Promise.resolve(at === 2 ? done : { state: 'more', cursor: at + 1 });
					},
					['structure'],
					['rows'],
				),
			),
			component(
				'tables',
				stage(
					'structure',
					() => (order.push('structure'), Promise.resolve(done)),
					[],
					['structure'],
				),
				stage('relations', () => (order.push('relations'), Promise.resolve(done)), ['rows']),
			),
		];
		const id = await engine.control.startClone(only('tables', 'data'));
		await engine.workAll(components);
		expect(order).toEqual(['structure', 'rows 0', 'rows 1', 'rows 2', 'relations']);
		const { job, status } = await engine.jobOf(id);
		expect(job).toMatchObject({ status: 'completed', error: null });
		expect(job?.['report']).toMatchObject({ totals: { copied: 3 }, failed: [] });
		expect(status).toMatchObject({ tables: 'completed', data: 'completed', views: 'skipped' });
		const [row] = await engine.control.sql`
			select items_done, items_total, bytes_done from public.job_components
			where job_id = ${id} and component = 'data'`;
		expect(row).toMatchObject({ items_done: '3', items_total: '3', bytes_done: '20' });
	});

	it('counts objects once, though several stages pass over them', async () => {
		const seen: unknown[] = [];
		const pass = (name: string, needs: Stage['needs'], provides: Stage['provides']) =>
			stage(
				name,
				(context) => {
					context.progress({ done: 50, total: 50 });
					return Promise.resolve(done);
				},
				needs,
				provides,
			);
		const components = [
			component('tables', pass('structure', [], ['structure']), pass('relations', ['rows'], [])),
			component(
				'data',
				stage(
					'rows',
					async () => {
						const [row] = await engine.control.sql`
							select items_done::int, items_total::int from public.job_components
							where job_id = ${id} and component = 'tables'`;
						seen.push(row);
						return done;
					},
					['structure'],
					['rows'],
				),
			),
		];
		const id = await engine.control.startClone(only('tables', 'data'));
		await engine.workAll(components);
		const [row] = await engine.control.sql`
			select items_done::int, items_total::int from public.job_components
			where job_id = ${id} and component = 'tables'`;
		expect([...seen, row]).toEqual([
			{ items_done: 25, items_total: 50 },
			{ items_done: 50, items_total: 50 },
		]);
	});

	it('retries passing trouble with back-off and gives up after a limit', async () => {
		let tries = 0;
		const flaky = component(
			'tables',
			stage('structure', () => {
				tries += 1;
				return tries < 3
					? Promise.reject(new TwinsError('connection_lost', 'gone', 'Wait', { passing: true }))
					: Promise.resolve(done);
			}),
		);
		const id = await engine.control.startClone(only('tables'));
		await engine.workAll([flaky]);
		expect(tries).toBe(3);
		expect((await engine.jobOf(id)).status['tables']).toBe('completed');

		const dead = component(
			'tables',
			stage('structure', () =>
				Promise.reject(new TwinsError('connection_lost', 'gone', 'Wait', { passing: true })),
			),
		);
		const second = await engine.control.startClone(only('tables'));
		await engine.workAll([dead]);
		const { job, status } = await engine.jobOf(second);
		expect(status['tables']).toBe('failed');
		expect(job?.['status']).toBe('failed');
	});

	it('is taken over from a dead worker, whose late word counts nothing', async () => {
		const seen: unknown[] = [];
		const components = [
			component(
				'tables',
				stage('structure', (context) => {
					seen.push(context.cursor);
					return Promise.resolve(
						context.cursor === null ? { state: 'more', cursor: { at: 1 } } : done,
					);
				}),
			),
		];
		const id = await engine.control.startClone(only('tables'));
		await engine.workOnce(components);
		await engine.workOnce(components);
		const zombie = await claimStep(engine.session);
		expect(zombie?.step.cursor).toEqual({ at: 1 });
		await engine.control
			.sql`update private.steps set lease_until = now() - interval '1 second' where status = 'running'`;
		await engine.workAll(components);
		expect(seen).toEqual([null, { at: 1 }]);
		const { job } = await engine.jobOf(id);
		expect(job?.['status']).toBe('completed');
		if (!zombie) throw new Error('nothing was claimed');
		expect(await finishSlice(engine.session, zombie.step, { outcome: 'failed' })).toBe(false);
		expect((await engine.jobOf(id)).job?.['status']).toBe('completed');
	});

	it('is stopped when its worker loses the control database, and goes on later', async () => {
		const own = await connectUrl(engine.control.dbUrl);
		const [backend] = await own.query<{ pid: number }>('select pg_backend_pid() as pid');
		let tries = 0;
		const components = [
			component(
				'tables',
				stage('structure', async ({ signal }) => {
					tries += 1;
					if (tries > 1) return done;
					await engine.control.sql`select pg_terminate_backend(${backend?.pid ?? 0})`;
					await new Promise((resolve) => signal.addEventListener('abort', resolve));
					throw signal.reason;
				}),
			),
		];
		const id = await engine.control.startClone(only('tables'));
		await engine.workOnce(components, own);
		await expect(engine.workOnce(components, own)).rejects.toMatchObject({
			code: 'connection_lost',
		});
		await engine.control
			.sql`update private.steps set lease_until = now() - interval '1 second' where status = 'running'`;
		await engine.workAll(components);
		expect((await engine.jobOf(id)).job?.['status']).toBe('completed');
		await own.close();
	}, 20_000);

	it('gives a component what earlier clones into the target remembered', async () => {
		const seen: unknown[] = [];
		const components = [
			component(
				'storage',
				stage('files', (context) => {
					seen.push(context.memory);
					context.remember({ 'a/"b"': { etag: 'x' }, gone: seen.length === 1 ? 1 : null });
					return Promise.resolve(done);
				}),
			),
		];
		for (let clone = 0; clone < 3; clone += 1) {
			await engine.control.startClone(only('storage'));
			await engine.workAll(components);
		}
		expect(seen).toEqual([{}, { 'a/"b"': { etag: 'x' }, gone: 1 }, { 'a/"b"': { etag: 'x' } }]);
	});

	it('stops on cancel: what runs finishes, what waits is canceled, nothing is rolled back', async () => {
		const components = [
			component(
				'tables',
				stage(
					'structure',
					async () => {
						await engine.control.asUser('select public.cancel_job($1)', [id]);
						return { state: 'more', cursor: 1 };
					},
					[],
					['structure'],
				),
			),
			component(
				'data',
				stage('rows', () => Promise.reject(new Error('must not start')), ['structure']),
			),
		];
		const id = await engine.control.startClone(only('tables', 'data'));
		await engine.workAll(components);
		const { job, status } = await engine.jobOf(id);
		expect(job?.['status']).toBe('canceled');
		expect(status).toMatchObject({ tables: 'canceled', data: 'canceled', views: 'skipped' });
		await expect(engine.control.asUser('select public.cancel_job($1)', [id])).rejects.toThrow(
			'is over',
		);
	});

	it('refuses a second clone into the same target while one runs', async () => {
		await engine.control.startClone(only('tables'));
		await expect(engine.control.startClone(only('tables'))).rejects.toThrow('still running');
	});

	it('is refused when the target has tables that no clone of ours made, unless its ref is typed', async () => {
		const target = await connectUrl(engine.endpoints.target.dbUrl);
		await target.query('create table public."Their Table" (id int)');
		const components = [
			component(
				'tables',
				stage('structure', (context) => {
					context.report({ object: 'public.x', outcome: 'copied' });
					return Promise.resolve(done);
				}),
			),
		];
		const refused = await engine.control.startClone(only('tables'));
		await engine.workAll(components);
		const { job } = await engine.jobOf(refused);
		expect(job).toMatchObject({ status: 'failed', error: { code: 'conflict' } });
		expect(job?.['error'].message).toContain('public."Their Table"');

		const meant = await engine.control.startClone({
			...only('tables'),
			confirm_target: engine.control.targetRef,
		});
		await engine.workAll(components);
		expect((await engine.jobOf(meant)).job?.['status']).toBe('completed');
		// The pair is known now: cloning again needs no confirmation.
		const again = await engine.control.startClone(only('tables'));
		await engine.workAll(components);
		expect((await engine.jobOf(again)).job?.['status']).toBe('completed');
		await target.query('drop table public."Their Table"');
		await target.close();
	});

	it('is broadcast at most twice a second, its last word included', async () => {
		const chatty = component(
			'tables',
			stage('structure', (context) => {
				const at = typeof context.cursor === 'number' ? context.cursor : 0;
				context.progress({ done: at, total: 10 });
				return Promise.resolve(at === 10 ? done : { state: 'more', cursor: at + 1 });
			}),
		);
		const id = await engine.control.startClone(only('tables'));
		await engine.workAll([chatty]);
		const messages = await engine.control.sql<
			{ topic: string; event: string; payload: { job: { status: string } }; inserted_at: Date }[]
		>`
			select topic, event, payload, inserted_at from realtime.messages
			where topic = ${`job:${id}`} order by inserted_at`;
		expect(messages.at(-1)).toMatchObject({
			event: 'changed',
			payload: { job: { status: 'completed' } },
		});
		const gaps = messages
			.slice(1)
			.map(
				(message, index) =>
					message.inserted_at.getTime() - (messages[index]?.inserted_at.getTime() ?? 0),
			);
		expect(Math.min(...gaps)).toBeGreaterThanOrEqual(490);
	});
});

describe('an invocation', () => {
	const pidOf = async ({ target }: Endpoints): Promise<unknown> => {
		const [row] = await (await target.database()).query('select pg_backend_pid() as pid');
		return row?.['pid'];
	};
	/** Steps of a chain, which write down where they ran. */
	const chain = (pids: unknown[], spent: number) => [
		component(
			'tables',
			...(['structure', 'rows', 'relations'] as const).map((name, index, names) =>
				stage(
					name,
					async (context) => {
						pids.push(await pidOf(context));
						context.spend({ operations: spent });
						return done;
					},
					names.slice(0, index),
					[name],
				),
			),
		),
	];
	const woken = async (): Promise<number> => {
		const [row] = await engine.control.sql`
			with gone as (delete from net.http_request_queue returning 1) select count(*)::int from gone`;
		return row?.['count'] as number;
	};

	beforeAll(async () => {
		await engine.control.sql`
			select vault.create_secret('http://worker.test', 'twins_worker_url'),
				vault.create_secret('its secret', 'twins_worker_secret')`;
	});

	it('goes on with the steps of its run, on the same sessions, and wakes nobody for them', async () => {
		const pids: unknown[] = [];
		const first = await engine.control.startClone(only('tables'));
		await woken();
		await engine.invoke(chain(pids, 0));
		expect(pids).toHaveLength(3);
		expect(new Set(pids).size).toBe(1);
		expect(await engine.jobOf(first)).toMatchObject({ job: { status: 'completed' } });
		expect(await woken()).toBe(0);
	});

	it('leaves the next step to another when it has done its share', async () => {
		const pids: unknown[] = [];
		const id = await engine.control.startClone(only('tables'));
		const components = chain(pids, 1000);
		for (let reached = 1; reached <= 3; reached += 1) {
			await woken();
			await engine.invoke(components);
			expect(pids).toHaveLength(reached);
			if (reached < 3) expect(await woken()).toBe(1);
		}
		// The clean-up of the target.
		await engine.invoke(components);
		expect(await engine.jobOf(id)).toMatchObject({ job: { status: 'completed' } });
	});
});
