// Schedules as a user makes them: refused, saved, changed, paused, run, deleted; and how their last runs show.
import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { axeViolations, openBrowser, openContext, ready, signUp, stack } from './open-browser.ts';

const TWIN = randomUUID();
const REF = 'q'.repeat(20);

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
		select '${account}', id, 'Acme', 'pat' from auth.users where email = '${email}';
		insert into public.projects (account_id, ref, name) values
			('${account}', repeat('p', 20), 'Live'), ('${account}', '${REF}', 'Staging');
		insert into public.twins (id, owner_id, source_account_id, source_ref, target_account_id, target_ref)
		select '${TWIN}', owner_id, id, repeat('p', 20), id, '${REF}'
		from public.connected_accounts where id = '${account}'`);
});
afterAll(async () => {
	await browser.close();
	await control.end();
});

const card = (name: string) => page.getByRole('article', { name });

test('says when a rhythm runs, or why it does not, before it is saved', async () => {
	await page.goto(`/schedules?twin=${TWIN}&new`);
	await ready(page);
	const sheet = page.getByRole('dialog', { name: 'New schedule' });
	await sheet.getByText('Every 6 hours').last().waitFor();
	await sheet.getByLabel('Runs').selectOption('cron');
	await sheet.getByRole('textbox', { name: 'Cron expression' }).fill('* * * * *');
	await sheet.getByText('more often than every 15 minutes').waitFor();
	await sheet.getByRole('textbox', { name: 'Cron expression' }).fill('30 3 * * mon-fri');
	await sheet.getByLabel('Time zone').selectOption('America/Phoenix');
	await sheet.getByText('At 03:30, Monday through Friday').waitFor();
	// Half past three in Phoenix, wherever the reader is.
	expect(await sheet.getByText('10:30 UTC').count()).toBe(5);
	await sheet.getByLabel('Name').fill('Nightly');
	await sheet.getByRole('button', { name: 'Save schedule' }).click();
	await sheet.waitFor({ state: 'detached' });
	await card('Nightly').getByText('At 03:30, Monday through Friday').waitFor();
	const [row] =
		await control`select name, cron, timezone, is_active from public.schedules where twin_id = ${TWIN}`;
	expect(row).toEqual({
		name: 'Nightly',
		cron: '30 3 * * mon-fri',
		timezone: 'America/Phoenix',
		is_active: true,
	});
});

test('asks for the ref of the target once where runs remove what only it has', async () => {
	await card('Nightly').getByRole('button', { name: 'Change… Nightly' }).click();
	const sheet = page.getByRole('dialog', { name: 'Change Nightly' });
	await sheet.getByLabel('Runs').selectOption('8');
	await sheet.getByLabel('Remove extras on each run').check();
	await sheet.getByRole('button', { name: 'Save schedule' }).click();
	await sheet.getByText('Each run would remove what only the target').waitFor();
	await sheet.getByLabel('Ref of the target').fill(REF);
	await sheet.getByRole('button', { name: 'Save schedule' }).click();
	await sheet.waitFor({ state: 'detached' });
	await card('Nightly').getByText('Every 8 hours').waitFor();
	await card('Nightly').getByText('removes extras').waitFor();
});

test('keeps the options that its runs are to have, shown and changed one by one', async () => {
	await card('Nightly').getByRole('button', { name: 'Change… Nightly' }).click();
	const sheet = page.getByRole('dialog', { name: 'Change Nightly' });
	await sheet.getByLabel('Edge functions').uncheck();
	await sheet.getByLabel('Rows per table; 0 for all').fill('500');
	await sheet.getByLabel('Verify after each run').selectOption('counts');
	await sheet.getByText('12 components · 500 rows per table · removes extras').waitFor();
	await sheet.getByRole('button', { name: 'Save schedule' }).click();
	await sheet.waitFor({ state: 'detached' });
	await card('Nightly').getByText('500 rows per table').waitFor();
	const [row] = await control`select options from public.schedules where twin_id = ${TWIN}`;
	expect(row?.['options']).toMatchObject({
		components: { edge_functions: false, storage: true },
		row_limit: 500,
		verify: 'counts',
		remove_extra: true,
	});
});

test('pauses and goes on, and shows its last runs with how each ended', async () => {
	const active = card('Nightly').getByRole('switch', { name: 'Nightly is active' });
	await active.click();
	await card('Nightly').getByText('Paused', { exact: true }).waitFor();
	await page.reload();
	await ready(page);
	expect(await active.isChecked()).toBe(false);
	await active.click();
	await card('Nightly').getByText('Active', { exact: true }).waitFor();
	await control.unsafe(`
		insert into public.jobs (owner_id, twin_id, target_ref, options, status, trigger, schedule_id, created_at, started_at, finished_at)
		select twin.owner_id, twin.id, twin.target_ref, '{}', case n when 3 then 'failed' else 'completed' end, 'schedule',
			schedule.id, now() - n * interval '8 hours', now() - n * interval '8 hours',
			now() - n * interval '8 hours' + n * interval '1 minute'
		from public.schedules as schedule join public.twins as twin on twin.id = schedule.twin_id,
			generate_series(1, 12) as n
		where twin.id = '${TWIN}'`);
	await page.reload();
	await ready(page);
	const bars = card('Nightly').getByRole('listitem');
	expect(await bars.count()).toBe(10);
	expect(
		await card('Nightly')
			.getByRole('link', { name: /^Failed, / })
			.count(),
	).toBe(1);
	await card('Nightly').getByText('5 min 30 s on average').waitFor();
	expect(await axeViolations(page)).toEqual([]);
});

test('says why it stopped by itself', async () => {
	await control`update public.connected_accounts set status = 'expired' where display_name = 'Acme'`;
	await control`update public.schedules set next_run_at = now() - interval '1 minute' where twin_id = ${TWIN}`;
	await control`select private.start_due_schedules()`;
	await page.reload();
	await card('Nightly').getByText('Paused: The access of account "Acme" has expired').waitFor();
	await control`update public.connected_accounts set status = 'connected' where display_name = 'Acme'`;
});

test('asks before a run that would take too much, and runs it anyway', async () => {
	await card('Nightly').getByRole('button', { name: 'Change… Nightly' }).click();
	const sheet = page.getByRole('dialog', { name: 'Change Nightly' });
	expect(await sheet.getByLabel('Stop and ask beyond').inputValue()).toBe('50');
	await sheet.getByLabel('Stop and ask beyond').fill('30');
	await sheet.getByRole('button', { name: 'Save schedule' }).click();
	await sheet.waitFor({ state: 'detached' });
	// As the end of a run that its guard stopped leaves it.
	await control`update public.schedules set is_active = false, next_run_at = null, is_asking = true,
		paused_reason = 'About 85 % of the rows of public.orders would be removed or overwritten; this schedule allows 30 %.'
		where twin_id = ${TWIN} and loss_limit = 30`;
	await page.reload();
	await ready(page);
	await card('Nightly').getByText('Stopped before writing: About 85 %').waitFor();
	expect(await axeViolations(page)).toEqual([]);
	// So does what nobody agreed to: each by its name.
	await control`update public.schedules set asked = '{policies readers on public.orders,rls_off public.orders}' where twin_id = ${TWIN}`;
	await page.reload();
	await ready(page);
	const asked = card('Nightly').getByRole('list').first();
	await asked.getByText('Policies may let more through: readers on public.orders').waitFor();
	await asked.getByText('no longer forced: public.orders').waitFor();
	expect(await axeViolations(page)).toEqual([]);
	await card('Nightly').getByRole('button', { name: 'Run anyway Nightly' }).waitFor();
});

test('runs now, and is found on the page of its twin', async () => {
	await card('Nightly').getByRole('button', { name: 'Run anyway Nightly' }).click();
	await page.waitForURL(/\/clones\/[0-9a-f-]{36}/);
	const [row] =
		await control`select is_active, is_asking, asked, agreed from public.schedules where twin_id = ${TWIN}`;
	expect(row).toEqual({
		is_active: true,
		is_asking: false,
		asked: [],
		agreed: ['policies readers on public.orders', 'rls_off public.orders'],
	});
	await page.goto(`/twins/${TWIN}/schedule`);
	const section = page.getByRole('region', { name: 'Schedules' });
	await section.getByRole('link', { name: 'Nightly' }).click();
	await page.getByRole('heading', { level: 1, name: 'Schedules' }).waitFor();
});

test('is deleted, and its clones stay', async () => {
	await ready(page);
	await card('Nightly').getByRole('button', { name: 'Delete… Nightly' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Delete schedule' }).click();
	await page.getByText('No schedule').waitFor();
	const [{ jobs } = {}] =
		await control`select count(*)::int as jobs from public.jobs where twin_id = ${TWIN}`;
	expect(jobs).toBe(13);
});
