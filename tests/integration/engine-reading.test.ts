// Runs that only read, with the queue and the worker: real control database, real endpoints, components made for the
// test.
import { describe, expect, it } from 'vitest';
import type { Component } from '../../supabase/functions/_shared/contract/component.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { component, done, only, sharedEngine, stage } from '../helpers/engine.ts';

const engine = sharedEngine();

describe('previews and verifications', () => {
	async function previewOf(components: readonly Component[]) {
		const [preview] = await engine.control.asUser<{ id: string }[]>(
			'select id from public.start_preview($1, $2, $3, $4, $5::jsonb)',
			[
				engine.control.accountId,
				engine.control.sourceRef,
				engine.control.accountId,
				engine.control.targetRef,
				only('tables'),
			],
		);
		await engine.workAll(components);
		const [read] = await engine.control
			.sql`select * from public.previews where id = ${preview?.id ?? ''}`;
		return read;
	}

	it('run one step per component and end with a result', async () => {
		const components = [
			component(
				'tables',
				stage('structure', () => Promise.resolve(done)),
			),
		];
		const read = await previewOf(components);
		expect(read).toMatchObject({
			status: 'completed',
			result: { tables: { counts: [{ unit: 'table', source: 1 }] } },
		});

		const id = await engine.control.startClone({ ...only('tables'), verify: 'counts' });
		await engine.workAll(components);
		const [verification] = await engine.control
			.sql`select * from public.verifications where job_id = ${id}`;
		expect(verification).toMatchObject({
			status: 'passed',
			mode: 'counts',
			summary: { components: { tables: 'passed' } },
		});
	});

	it('take as many slices as they need', async () => {
		const finding = (nth: number) => ({
			severity: 'failed' as const,
			object: `public.t${nth}`,
			expected: 'rows',
			found: 'none',
			fix: 'Clone again.',
		});
		const tables: Component = {
			...component(
				'tables',
				stage('structure', () => Promise.resolve(done)),
			),
			verify: (context) => {
				const nth = typeof context.cursor === 'number' ? context.cursor : 0;
				if (nth < 2) context.continueFrom(nth + 1);
				return Promise.resolve([finding(nth)]);
			},
		};
		const id = await engine.control.startClone({ ...only('tables'), verify: 'counts' });
		await engine.workAll([tables]);
		const [verification] = await engine.control
			.sql`select * from public.verifications where job_id = ${id}`;
		expect(verification?.['status']).toBe('failed');
		const found = await engine.control.sql`
			select object from public.verification_findings
			where verification_id = ${verification?.['id'] ?? ''} order by object`;
		expect(found.map(({ object }) => object)).toEqual(['public.t0', 'public.t1', 'public.t2']);
	});

	it('tell of tables on the target that no clone of ours made, before anyone starts one', async () => {
		const components = [
			component(
				'tables',
				stage('structure', () => Promise.resolve(done)),
			),
		];
		const target = await connectUrl(engine.endpoints.target.dbUrl);
		await target.query('create table public."Their Table" (id int)');
		const read = await previewOf(components);
		await target.query('drop table public."Their Table"');
		await target.close();
		expect(read?.['status']).toBe('completed');
		expect(read?.['result'].target).toMatchObject({
			counts: [{ unit: 'table', target: 1 }],
			warnings: [{ object: 'public."Their Table"' }],
		});
		expect((await previewOf(components))?.['result']).not.toHaveProperty('target');
	});
});
