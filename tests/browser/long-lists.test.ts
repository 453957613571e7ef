// Long lists are shown to their end, and numbers agree wherever they stand: a run with 1,200 differences, 460 objects
// that failed or are left to do, a source of 1,550 tables, and a twin with 121 clones.
import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { axeViolations, openBrowser, openContext, ready, signUp, stack } from './open-browser.ts';

const JOB = randomUUID();
const TWIN = randomUUID();

let browser: Browser;
let page: Page;
const control = postgres(stack.control.db_url, { max: 1, onnotice: () => undefined });

/** Writes what a clone, a preview and a verification of a large project leave. */
async function tellStory(email: string): Promise<void> {
	const account = randomUUID();
	const verification = randomUUID();
	await control.unsafe(`
		insert into public.connected_accounts (id, owner_id, display_name, method)
		select '${account}', id, 'Large', 'pat' from auth.users where email = '${email}';
		insert into public.projects (account_id, ref, name) values
			('${account}', repeat('y', 20), 'Large source'), ('${account}', repeat('z', 20), 'Large target');
		insert into public.twins (id, owner_id, source_account_id, source_ref, target_account_id, target_ref)
		select '${TWIN}', owner_id, id, repeat('y', 20), id, repeat('z', 20)
		from public.connected_accounts where id = '${account}';
		insert into public.previews (twin_id, status, finished_at, result)
		select '${TWIN}', 'completed', now(), jsonb_build_object('data', jsonb_build_object(
			'objects_total', 1557,
			'objects', jsonb_agg(jsonb_build_object('object', 'public.t' || lpad(n::text, 4, '0')))))
		from generate_series(1, 1550) as n;
		insert into public.jobs (id, owner_id, twin_id, target_ref, options, status, created_at, started_at, finished_at)
		select case when n = 0 then '${JOB}' else gen_random_uuid() end, owner_id, id, target_ref, '{}', 'completed',
			now() - n * interval '1 hour', now() - n * interval '1 hour', now() - n * interval '1 hour'
		from public.twins, generate_series(0, 120) as n where id = '${TWIN}';
		insert into public.job_components (job_id, component, position, status, unit, started_at, finished_at, error)
		values
			('${JOB}', 'tables', 1, 'failed', 'tables', now(), now(), '{"message": "210 of its objects failed"}'),
			('${JOB}', 'storage', 10, 'failed', 'files', now(), now(), '{"message": "The API did not answer"}'),
			('${JOB}', 'functions', 4, 'completed', 'functions', now(), now(), null);
		insert into public.job_items (job_id, component, object, outcome, detail, fix)
		select '${JOB}'::uuid, 'tables', 'public.t' || lpad(n::text, 4, '0'), 'failed', 'refused', null
		from generate_series(1, 210) as n
		union all
		select '${JOB}'::uuid, 'tables', 'public.a' || lpad(n::text, 4, '0'), 'copied', null, null
		from generate_series(1, 1000) as n
		union all
		select '${JOB}'::uuid, 'functions', 'public.f' || lpad(n::text, 4, '0'), 'adapted', 'changed', 'Look at it'
		from generate_series(1, 250) as n;
		update public.jobs set report = private.job_report(id) where twin_id = '${TWIN}';
		insert into public.verifications (id, job_id, twin_id, mode, started_at)
		values ('${verification}', '${JOB}', '${TWIN}', 'counts', now());
		insert into public.verification_findings
			(verification_id, component, severity, object, expected, found, fix, is_missing, belongs_to)
		select '${verification}'::uuid, 'tables', 'failed', 'public.t' || lpad(n::text, 4, '0'), 'table', 'missing',
			'Clone again.', true, null
		from generate_series(1, 700) as n
		union all
		select '${verification}'::uuid, 'data', 'failed', 'public.t' || lpad(n::text, 4, '0'), '3 rows', '2 rows', 'Clone again.',
			false, null
		from generate_series(1, 1200) as n
		union all
		select '${verification}'::uuid, 'policies', 'failed', 'readers on public.t' || lpad(n::text, 4, '0'), 'policy', 'missing',
			'Clone again.', false, 'public.t' || lpad(n::text, 4, '0')
		from generate_series(1, 700) as n;
		insert into public.verification_findings (verification_id, component, severity, object, expected, found, fix)
		values ('${verification}', 'webhooks', 'note', 'orders', 'webhook as on the source', 'missing', 'Make it by hand.');
		update public.verification_findings set examples = '{id 7: only on the source}'
		where verification_id = '${verification}' and component = 'data' and object = 'public.t0701';
		insert into public.verification_counts (verification_id, object, source_rows, target_rows)
		select '${verification}'::uuid, 'public.t' || lpad(n::text, 4, '0'), 1000, case when n = 1200 then 1250 when n > 700 then 999 else 1000 end
		from generate_series(1, 1550) as n;
		insert into private.steps (verification_id, kind, component, status, finished_at, started_at)
		select '${verification}'::uuid, 'verify', component, 'done', now(), now()
		from unnest(array['tables', 'data', 'policies', 'webhooks', 'views']) as component;
		select private.finish_verification('${verification}');`);
}

beforeAll(async () => {
	browser = await openBrowser();
	page = await (await openContext(browser)).newPage();
	const { email } = await signUp(page);
	await tellStory(email);
});
afterAll(async () => {
	await browser.close();
	// The twin is forgotten: other files count what there is.
	await control`delete from public.jobs where twin_id = ${TWIN}`;
	await control.end();
});

test('counts every difference, and tells what belongs to a missing table with it', async () => {
	await page.goto(`/clones/${JOB}`);
	await ready(page);
	await page.getByText('1,200 differences').waitFor();
	const matrix = page.getByRole('list', { name: 'Results per component' });
	expect(await matrix.getByRole('listitem').count()).toBe(13);
	const result = (label: string) => matrix.getByRole('listitem').filter({ hasText: label });
	await result('Tables').getByText('Failed', { exact: true }).waitFor();
	await result('Views').getByText('Passed', { exact: true }).waitFor();
	await result('Storage').getByText('Not run', { exact: true }).waitFor();
	// What is left to do by hand is no warning.
	await result('Webhooks').getByText('Passed', { exact: true }).waitFor();
	await result('Webhooks').getByText('1 note', { exact: true }).waitFor();
	await page.getByText(/^Rows: 1,550 tables counted/).click();
	const counts = page.getByRole('table', { name: /^Rows per table/ });
	const most = counts.getByRole('row').nth(1);
	expect((await most.innerText()).split(/\s+/)).toEqual([
		'public.t1200',
		'1,000',
		'1,250',
		'+250',
		'25',
		'%',
	]);
	await page.getByText('Tables: 700 failed', { exact: true }).waitFor();
	await page.getByText('Data: 500 failed · 700 reported with what is missing').waitFor();
	await page.getByText('Policies: 700 reported with what is missing').waitFor();
	const tables = page.getByRole('list', { name: 'Differences of Tables' });
	expect(await tables.getByRole('listitem').count()).toBe(50);
	await tables.getByText('public.t0001', { exact: true }).waitFor();
	await tables.getByText('Missing with it: Data (1), Policies (1).').first().waitFor();
	expect(await axeViolations(page)).toEqual([]);
});

test('opens the differences of a component, page by page to the last', async () => {
	await page.getByText(/^Data: 500 failed/).click();
	const rows = page.getByRole('list', { name: 'Differences of Data' });
	await rows.getByText('public.t0701', { exact: true }).waitFor();
	await rows.getByText('Some of the rows: id 7: only on the source').waitFor();
	const pages = page.getByRole('navigation', { name: 'Pages of Data' });
	await pages.getByText('1–50 of 500').waitFor();
	for (let next = 0; next < 9; next += 1) {
		await pages.getByRole('button', { name: 'Next' }).click();
		await pages.getByText(`${next * 50 + 51}–${next * 50 + 100} of 500`).waitFor();
	}
	await rows.getByText('public.t1200', { exact: true }).waitFor();
	expect(await pages.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
});

test('lists what is left to do, and the objects of a component, to their end', async () => {
	const notes = page.getByRole('navigation', { name: 'Pages of what is left to do' });
	await notes.getByText('1–200 of 250').waitFor();
	await notes.getByRole('button', { name: 'Next' }).click();
	await page.getByText('public.f0250', { exact: true }).waitFor();
	await page
		.getByRole('link', { name: /^Tables/ })
		.first()
		.click();
	const objects = page.getByRole('navigation', { name: 'Objects of Tables' });
	await objects.getByText('1–200 of 1,210').waitFor();
	const detail = page.getByRole('article', { name: 'Tables' });
	await detail.getByText('public.t0001', { exact: true }).waitFor();
	await objects.getByRole('button', { name: 'Next' }).click();
	await detail.getByText('public.t0210', { exact: true }).waitFor();
	await detail.getByText('public.a0001', { exact: true }).waitFor();
	for (let next = 0; next < 5; next += 1) {
		await objects.getByRole('button', { name: 'Next' }).click();
		await objects.getByText(`${formatted(next * 200 + 401)}–`).waitFor();
	}
	await detail.getByText('public.a1000', { exact: true }).waitFor();
});

const formatted = (count: number): string => count.toLocaleString('en-US');

test('says the same number of failures in the run, in lists and on the card', async () => {
	const label = 'Completed with 211 failures';
	await page.goto(`/clones/${JOB}`);
	await expect.poll(() => page.title(), { timeout: 10_000 }).toMatch(new RegExp(`^${label} · `));
	await page.getByRole('banner').or(page.locator('header')).getByText(label).first().waitFor();
	await page.goto('/');
	await page.getByText('The last clone completed with 211 failures.').waitFor();
	await page.getByRole('article').getByText(label).waitFor();
	await page.goto('/clones?status=failed');
	await page.getByRole('link', { name: `${label}: Large source to Large target` }).waitFor();
	expect(await page.getByRole('row').count()).toBe(2);
	// A run that had nothing to do is no ordinary success, and no failure.
	await page.goto('/clones?status=completed');
	await page
		.getByRole('link', { name: /^Nothing to do: / })
		.first()
		.click();
	await page.getByText('Nothing to do: the source has no such objects.').waitFor();
});

test('goes through the whole history of a twin', async () => {
	await page.goto(`/twins/${TWIN}/history`);
	await page.getByText('121 clones').waitFor();
	const rows = page.getByRole('row');
	expect(await rows.count()).toBe(51);
	// By keys from row to row.
	await ready(page);
	for (const key of ['j', 'j', 'j', 'k']) await page.keyboard.press(key);
	const second = rows.nth(2).getByRole('link');
	expect(await second.evaluate((link) => link === document.activeElement)).toBe(true);
	for (const older of [2, 3]) {
		await page.getByRole('link', { name: 'Older' }).click();
		await page.waitForURL(`**?page=${older}`);
	}
	await expect.poll(() => rows.count(), { timeout: 10_000 }).toBe(22);
	await page.getByRole('link', { name: 'Newer' }).click();
	await page.waitForURL('**?page=2');
});

test('judges ignore rules by all tables of the source', async () => {
	await page.goto(`/twins/${TWIN}/rules`);
	await ready(page);
	const rules = page.getByRole('region', { name: 'Ignore rules' });
	await rules.getByText('1,550 tables, read').waitFor();
	await rules.getByText('7 tables more are not listed').waitFor();
	await page.getByLabel('Table or pattern').fill('public.t1550');
	await rules.getByText('Matches 1 table of 1,550').waitFor();
	await page.getByLabel('Table or pattern').fill('public.t*');
	await rules.getByText('Matches 1,550 tables of 1,550').waitFor();
});

test('scrolls through a preview of 2,000 tables without keeping the page busy, and finds one by its name', async () => {
	const [{ id } = { id: '' }] = await control<{ id: string }[]>`
		insert into public.previews (twin_id, status, created_at, finished_at, result)
		select ${TWIN}, 'completed', now() - interval '2 hours', now() - interval '1 hour', jsonb_build_object('data', jsonb_build_object(
			'counts', '[]'::jsonb, 'plan', '[]'::jsonb, 'warnings', '[]'::jsonb, 'objects_total', 2000,
			'objects', jsonb_agg(jsonb_build_object('object', 'public.table_' || lpad(n::text, 4, '0'), 'kind', 'table',
				'action', 'overwrite', 'counts', jsonb_build_array(
					jsonb_build_object('unit', 'row', 'source', n * 1000, 'target', n * 900, 'is_estimate', true))))))
		from generate_series(1, 2000) as n
		returning id`;
	await page.route(/\/clones\/new\/preview/, (route) => route.fulfill({ json: { id } }));
	await page.goto(`/clones/new?twin=${TWIN}&step=review`);
	const row = page.getByRole('region', { name: 'Preview' }).getByRole('listitem', { name: 'Data' });
	await row.locator('summary').first().click();
	const list = row.getByRole('region', { name: 'Objects of the preview, 2000' });
	await list.getByText('public.table_0001', { exact: true }).waitFor();
	expect(await axeViolations(page)).toEqual([]);
	// Seconds of the processor that the page's thread took, so that it does not matter what else this machine does.
	const devtools = await page.context().newCDPSession(page);
	await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
	const busy = async (): Promise<number> => {
		const { metrics } = await devtools.send('Performance.getMetrics');
		return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN;
	};
	const steps: number[] = [];
	for (let isOver = false; !isOver && steps.length < 400;) {
		const before = await busy();
		isOver = await list.evaluate(async (region) => {
			region.scrollBy(0, 600);
			for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
			return region.textContent.includes('public.table_2000');
		});
		steps.push((await busy()) - before);
	}
	await list.getByText('public.table_2000', { exact: true }).waitFor();
	// A long task is one of 50 ms, and each step has three frames. A collection of garbage may fall into any of them.
	const rising = steps.toSorted((one, other) => one - other);
	expect(rising[Math.floor(rising.length * 0.95)]).toBeLessThan(0.15);
	expect(rising.at(-1)).toBeLessThan(0.3);
	await row.getByRole('searchbox', { name: 'Name' }).fill('TABLE_1234');
	await row.getByText('1 object', { exact: true }).waitFor();
	await list.getByText('public.table_1234', { exact: true }).waitFor();
	await page.unroute(/\/clones\/new\/preview/);
});
