// A clone into a project that holds someone's tables, and one in which an object fails: never silent, never a
// plain success.
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Locator, Page } from 'playwright-core';
import {
	axeViolations,
	connectAccount,
	openBrowser,
	openContext,
	pickProjects,
	reviewSchemaOnly,
	signUp,
	stack,
	startClone,
} from './open-browser.ts';

const [source, target] = stack.projects;
if (source === undefined || target === undefined) throw new Error('The stack has no two projects.');

let browser: Browser;
let page: Page;
let email: string;
let label: string;

/** A view on the source, a table of its name on the target: one cannot become the other. */
async function clash(verb: 'create' | 'drop'): Promise<void> {
	const [onSource, onTarget] = [source, target].map((project) =>
		postgres(project?.db_url ?? '', { max: 1, onnotice: () => undefined }),
	);
	if (verb === 'create') {
		await onSource?.unsafe('create view public.clash as select 1 as one');
		await onTarget?.unsafe('create table public.clash (id int)');
	} else {
		await onSource?.unsafe('drop view public.clash');
		await onTarget?.unsafe('drop table public.clash');
	}
	await Promise.all([onSource?.end(), onTarget?.end()]);
}

const START = { name: /^(Clone .* into|Start without)/ };

/** It has the focus, and is to be seen without scrolling. */
async function expectAtHand(place: Locator): Promise<void> {
	await expect
		.poll(() => place.evaluate((element) => element === document.activeElement), {
			timeout: 10_000,
		})
		.toBe(true);
	const [top, bottom] = await place.evaluate((element) => {
		const box = element.getBoundingClientRect();
		return [box.top, innerHeight - box.bottom];
	});
	expect(top).toBeGreaterThanOrEqual(0);
	expect(bottom).toBeGreaterThanOrEqual(0);
}

beforeAll(async () => {
	browser = await openBrowser();
	page = await (await openContext(browser)).newPage();
	await clash('create');
	({ email } = await signUp(page));
	await connectAccount(page, 'Acme');
});
afterAll(async () => {
	await browser.close();
	await clash('drop');
});

test('asks for the ref of a target that holds tables of others, before anything starts', async () => {
	await pickProjects(page);
	await reviewSchemaOnly(page);
	await page.getByText('already holds tables that no clone of this pair made').waitFor({
		timeout: 60_000,
	});
	await page.getByRole('button', START).click();
	await page.getByRole('alert').getByText('Type the ref of the target to confirm.').waitFor();
	await expectAtHand(page.getByLabel('Ref of the target'));
});

test('keeps the page and what was typed where nothing answers, and says so beside the button', async () => {
	const own = page.context();
	const field = page.getByLabel('Ref of the target');
	await field.fill(target.ref);
	const said = async (words: string) => {
		const trouble = page.getByRole('alert').filter({ hasText: words });
		await trouble.waitFor();
		await expectAtHand(trouble.locator('..'));
		expect(await field.inputValue()).toBe(target.ref);
		return trouble;
	};

	await own.setOffline(true);
	await page.getByRole('button', START).click();
	await said('No connection: nothing was sent.');
	await own.setOffline(false);

	await page.route('**/clones/new*', (route) =>
		route.request().method() === 'POST' ? route.abort() : route.continue(),
	);
	await page.getByRole('button', START).click();
	const trouble = await said('No connection: the server did not answer.');
	await page.unroute('**/clones/new*');

	const cookies = await own.cookies();
	await own.clearCookies();
	await trouble.getByRole('button', { name: 'Try again' }).click();
	await said('Your session has ended: nothing was done.');
	await own.addCookies(cookies);
});

test('says beside the button that another clone is in the way, and leads to it', async () => {
	const control = postgres(stack.control.db_url, { max: 1 });
	const [other] = await control`
		insert into public.jobs (owner_id, twin_id, target_ref, options, status)
		select owner_id, id, target_ref, '{}', 'in_progress' from public.twins
		where target_ref = ${target.ref} and owner_id = (select id from auth.users where email = ${email})
		returning id`;
	await page.getByRole('button', { name: 'Try again' }).click();
	const refusal = page.getByRole('alert').filter({ hasText: 'The clone was not started' });
	await refusal.getByText(/is still running/).waitFor();
	await expectAtHand(refusal.locator('..'));
	const link = refusal.getByRole('link', { name: `Watch ${source.name} → ${target.name}` });
	expect(await link.getAttribute('href')).toBe(`/clones/${String(other?.['id'])}`);
	await control`delete from public.jobs where id = ${String(other?.['id'])}`;
	await control.end();
	await startClone(page);
});

test('leads the report with what failed, why, and what to do', async () => {
	await page.getByText('Took').waitFor({ timeout: 110_000 });
	const failed = page.getByRole('region', { name: 'Failed' });
	await expect
		.poll(() => page.title(), { timeout: 10_000 })
		.toMatch(/^Completed with \d+ failures? · /);
	// Every object that failed is one, and every page says the same number.
	label = (await page.title()).replace(/ · .*/, '');
	const listed = await failed.getByRole('listitem').count();
	expect(label).toBe(`Completed with ${listed} failure${listed === 1 ? '' : 's'}`);
	await failed.getByText('public.clash', { exact: true }).waitFor();
	await failed.getByText(/^Rename or/).waitFor();
});

test('opens the failed component, its failed object first', async () => {
	await page.getByRole('article', { name: 'Report' }).getByRole('link', { name: 'Views' }).click();
	const detail = page.getByRole('article', { name: 'Views' });
	await detail.getByText(/\d of its objects failed/).waitFor();
	const first = detail.getByRole('listitem').first();
	await first.getByText('public.clash', { exact: true }).waitFor();
	await first.getByText('Failed', { exact: true }).waitFor();
});

test('runs again what failed, and keeps both attempts', async () => {
	const first = new URL(page.url()).pathname;
	await page.getByRole('button', { name: 'Run again…' }).click();
	const dialog = page.getByRole('dialog', { name: 'Run this clone again?' });
	await dialog.getByRole('radio', { name: /^Only what did not succeed\s+Views$/ }).waitFor();
	await dialog.getByRole('button', { name: `Run again into ${target.name}` }).click();
	await page.waitForURL((url) => url.pathname !== first);
	await page.getByText('Took').waitFor({ timeout: 110_000 });
	await expect.poll(() => page.title(), { timeout: 10_000 }).toMatch(/^(Completed with|Failed)/);
	await page.getByRole('link', { name: /^Tables.*Skipped/ }).waitFor();
	const attempts = page.getByRole('navigation', { name: 'Attempts' });
	expect(await attempts.getByRole('link').count()).toBe(2);
	expect(await axeViolations(page)).toEqual([]);
	await attempts.getByRole('link', { name: new RegExp(`^Attempt 1\\s*: ${label}$`) }).click();
	await page.waitForURL(`**${first}`);
	await page
		.getByRole('article', { name: 'Report' })
		.getByText('public.clash', { exact: true })
		.waitFor();
});

test('says so in lists and on the dashboard', async () => {
	await page.goto('/clones');
	await page
		.getByRole('link', { name: `${label}: ` })
		.first()
		.waitFor();
	await page.goto('/');
	const attention = page.getByRole('region', { name: 'Needs attention' });
	await attention.getByText(/^The last clone (failed|completed with \d+ failures?)\.$/).waitFor();
});
