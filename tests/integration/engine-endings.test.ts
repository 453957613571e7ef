// How a job ends: what it is called when parts of it failed, and what is known by then.
import { describe, expect, it } from 'vitest';
import { TwinsError } from '../../supabase/functions/_shared/domain/errors.ts';
import { workOnce } from '../../supabase/functions/_shared/engine/worker.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { component, done, only, sharedEngine, stage } from '../helpers/engine.ts';

const engine = sharedEngine();

describe('a job', () => {
	it('goes on when a component fails, and is not shown as a clean success', async () => {
		const components = [
			component(
				'tables',
				stage(
					'structure',
					(context) => {
						context.report({ object: 'public.t', outcome: 'unchanged' });
						return Promise.resolve(done);
					},
					[],
					['structure'],
				),
			),
			component(
				'views',
				stage('views', () => Promise.reject(new TwinsError('database_refused', 'no', 'Do it'))),
			),
			component(
				'triggers',
				stage(
					'triggers',
					(context) => {
						context.report({
							object: 'public.t.x',
							outcome: 'failed',
							detail: 'denied',
							fix: 'Grant it',
							sqlstate: '42501',
						});
						return Promise.resolve(done);
					},
					['structure'],
				),
			),
		];
		const id = await engine.control.startClone(only('tables', 'views', 'triggers'));
		await engine.workAll(components);
		const { job, status } = await engine.jobOf(id);
		expect(status).toMatchObject({ tables: 'completed', views: 'failed', triggers: 'failed' });
		expect(job).toMatchObject({
			status: 'completed',
			error: { message: 'Not everything was copied: views, triggers' },
		});
		expect(job?.['report'].failed).toMatchObject([
			{ component: 'triggers', object: 'public.t.x', sqlstate: '42501', fix: 'Grant it' },
		]);
	});

	it('fails when nothing was copied, although a component had nothing to do', async () => {
		const components = [
			component(
				'tables',
				stage('structure', () => Promise.resolve(done)),
			),
			component(
				'views',
				stage('views', () => Promise.reject(new TwinsError('database_refused', 'no', 'Do it'))),
			),
		];
		const id = await engine.control.startClone(only('tables', 'views'));
		await engine.workAll(components);
		const { job, status } = await engine.jobOf(id);
		expect(status).toMatchObject({ tables: 'completed', views: 'failed' });
		expect(job).toMatchObject({
			status: 'failed',
			error: { message: 'Nothing was copied: views' },
		});
	});

	it('tells of a clean-up that failed, and what to remove by hand', async () => {
		const rows = component(
			'data',
			stage('rows', (context) => {
				context.report({ object: 'public.t', outcome: 'copied' });
				return Promise.resolve(done);
			}),
		);
		const cleanUp = () =>
			Promise.reject(
				new TwinsError('database_refused', 'must be owner', 'Do it', { sqlstate: '42501' }),
			);
		const id = await engine.control.startClone(only('data'));
		await engine.workAll([{ ...rows, cleanUp }]);
		const { job, status } = await engine.jobOf(id);
		expect(status).toMatchObject({ data: 'failed' });
		expect(job?.['report'].failed).toMatchObject([
			{
				object: 'clean-up of the target',
				detail: expect.stringContaining('_twins, may still be there: must be owner'),
				fix: expect.stringContaining('drop schema if exists _twins cascade'),
				sqlstate: '42501',
			},
		]);
	});

	it('lets the worker mark an account as expired before its job is final', async () => {
		const id = await engine.control.startClone(only('tables'));
		const session = await connectUrl(engine.control.dbUrl);
		const seen: unknown[] = [];
		await workOnce({
			control: session,
			components: [],
			openEndpoint: () => Promise.reject(new TwinsError('account_expired', 'no', 'Reconnect')),
			beforeStoring: async () => {
				seen.push((await engine.jobOf(id)).job?.['finished_at']);
			},
		});
		await session.close();
		expect(seen).toEqual([null]);
		expect((await engine.jobOf(id)).job).toMatchObject({
			status: 'failed',
			error: { message: 'no' },
		});
	});
});
