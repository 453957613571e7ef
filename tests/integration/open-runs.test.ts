// The bound of open runs holds for starts at the same moment, too.
import postgres from 'postgres';
import { expect, it, onTestFinished } from 'vitest';
import { freshControl } from '../helpers/control.ts';

const AT_ONCE = 8;

it('has one place left, and of many starts at once one takes it', async () => {
	const { sql, dbUrl, userId, accountId, sourceRef, targetRef } = await freshControl();
	const clients = Array.from({ length: AT_ONCE }, () =>
		postgres(dbUrl, { max: 1, onnotice: () => undefined }),
	);
	onTestFinished(() => Promise.all(clients.map((client) => client.end())).then(() => undefined));
	const claims = JSON.stringify({ sub: userId, role: 'authenticated' });
	const start = (client: postgres.Sql) =>
		client.begin(async (transaction) => {
			await transaction`select set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${claims}, true)`;
			await transaction`select public.start_preview(${accountId}, ${sourceRef}, ${accountId}, ${targetRef})`;
			// So that the others have counted before this one is seen.
			await transaction`select pg_sleep(0.2)`;
		});
	await start(sql);
	const [twin] = await sql`select id from public.twins`;
	await sql`
		with preview as (
			insert into public.previews (twin_id) select ${String(twin?.['id'])}::uuid from generate_series(2, private.open_runs_of_user() - 1) returning id
		)
		insert into private.steps (preview_id, kind) select id, 'prepare' from preview`;
	const outcomes = await Promise.allSettled(clients.map(start));
	const refusals = outcomes.filter(({ status }) => status === 'rejected');
	expect(refusals).toHaveLength(AT_ONCE - 1);
	for (const refusal of refusals) {
		expect(String((refusal as PromiseRejectedResult).reason)).toContain(
			'50 runs of yours are still open',
		);
	}
});
