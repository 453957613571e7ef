// What arrived at rest is armed as a whole: asked once, with all of it listed, also what stands on other pages.
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

beforeAll(async () => {
	browser = await openBrowser();
	page = await (await openContext(browser)).newPage();
	const { email } = await signUp(page);
	const account = randomUUID();
	await control.unsafe(`
		insert into public.connected_accounts (id, owner_id, display_name, method)
		select '${account}', id, 'Resting', 'pat' from auth.users where email = '${email}';
		insert into public.projects (account_id, ref, name) values
			('${account}', repeat('r', 20), 'Live'), ('${account}', repeat('s', 20), 'Staging');
		insert into public.twins (id, owner_id, source_account_id, source_ref, target_account_id, target_ref)
		select '${TWIN}', owner_id, id, repeat('r', 20), id, repeat('s', 20)
		from public.connected_accounts where id = '${account}';
		insert into public.jobs (id, owner_id, twin_id, target_ref, options, status, created_at, started_at, finished_at)
		select '${JOB}', owner_id, id, target_ref, '{}', 'completed', now(), now(), now()
		from public.twins where id = '${TWIN}';
		insert into public.job_items (job_id, component, object, outcome, detail, fix)
		select '${JOB}'::uuid, 'cron_jobs', 'job ' || lpad(n::text, 3, '0'), 'adapted', 'Arrived inactive',
			'To arm it, run on the target: select cron.alter_job(' || n || ', active => true)'
		from generate_series(1, 70) as n
		union all
		select '${JOB}'::uuid, 'webhooks', 'orders on public.orders', 'adapted', 'Arrived disabled',
			'To arm it, run on the target: alter table public.orders enable trigger orders'
		union all
		select '${JOB}'::uuid, 'project_config', 'smtp_pass', 'skipped', 'A secret', 'Set it in the dashboard'`);
});
afterAll(async () => {
	await browser.close();
	await control`delete from public.jobs where twin_id = ${TWIN}`;
	await control.end();
});

test('lists all that will be armed, and leaves it at rest until that is confirmed', async () => {
	await page.goto(`/twins/${TWIN}`);
	await ready(page);
	await page.getByRole('button', { name: 'Arm all…' }).click();
	const dialog = page.getByRole('dialog', { name: 'Arm 71 objects?' });
	const list = dialog.getByRole('list', { name: 'What will be armed' });
	expect(await list.getByRole('listitem').count()).toBe(71);
	await list.getByText('orders on public.orders').waitFor();
	expect(await list.getByText('smtp_pass').count()).toBe(0);
	expect(await axeViolations(page)).toEqual([]);
	await dialog.getByRole('button', { name: 'Leave at rest' }).click();
	await dialog.waitFor({ state: 'detached' });
	expect(await control`select from public.jobs where twin_id = ${TWIN}`).toHaveLength(1);
});

test('says beside the list why it is refused', async () => {
	await control`update public.projects set is_protected = true where ref = repeat('s', 20) and name = 'Staging'`;
	await page.getByRole('button', { name: 'Arm all…' }).click();
	const dialog = page.getByRole('dialog', { name: 'Arm 71 objects?' });
	await dialog.getByRole('button', { name: 'Arm 71 objects' }).click();
	await dialog.getByText(/is protected/).waitFor();
	await page.reload();
	await ready(page);
	await page.getByLabel('Ref of the target, which is protected').fill('s'.repeat(20));
});

test('arms all of it by one run of these two components', async () => {
	await page.getByRole('button', { name: 'Arm all…' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Arm 71 objects' }).click();
	await page.waitForURL(/\/clones\/[0-9a-f-]{36}/);
	const [job] =
		await control`select options from public.jobs where twin_id = ${TWIN} order by created_at desc limit 1`;
	expect(job?.['options']).toMatchObject({
		activate: true,
		components: { cron_jobs: true, webhooks: true, tables: false, data: false },
	});
});
