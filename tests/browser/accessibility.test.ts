// The accessibility gate: axe finds nothing on any page, in both themes, on a desk and on a phone. In the same visits: nothing
// moves by itself, scrolls sideways or covers what has the focus, also at 200 % zoom, and no page takes too much script.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import {
	axeViolations,
	openBrowser,
	openContext,
	pickProjects,
	ready,
	reviewSchemaOnly,
	signIn,
	startClone,
} from './open-browser.ts';
import { layoutFaults, noteShifts } from './layout.ts';

let browser: Browser;
let saved: Awaited<ReturnType<Awaited<ReturnType<typeof openContext>>['storageState']>>;
let addresses: Record<string, string>;

beforeAll(async () => {
	browser = await openBrowser();
	const context = await openContext(browser);
	const page = await context.newPage();
	await signIn(page);
	await ensureClone(page);
	const run = new URL(page.url()).pathname;
	const twin = await page
		.getByRole('navigation', { name: 'Breadcrumb' })
		.getByRole('link')
		.nth(1)
		.getAttribute('href');
	addresses = {
		dashboard: '/',
		accounts: '/accounts',
		'connect sheet': '/accounts?connect',
		schedules: '/schedules',
		'schedule sheet': '/schedules?new',
		clones: '/clones',
		'no clones': '/clones?status=pending',
		'run report': run,
		'run component': `${run}?step=tables`,
		twin: twin ?? '/',
		'twin history': `${twin}/history`,
		'twin schedule': `${twin}/schedule`,
		'twin rules': `${twin}/rules`,
		'twin settings': `${twin}/settings`,
		'twin backups': `${twin}/backups`,
		backups: '/backups',
		destinations: '/settings/destinations',
		'wizard projects': '/clones/new',
		settings: '/settings',
		notifications: '/settings/notifications',
		'channel sheet': '/settings/notifications?new',
		'not found': '/twins/none',
	};
	saved = await context.storageState();
});
afterAll(() => browser.close());

/** Leaves the page on a finished run: one that is there already, or a small one of its own. */
async function ensureClone(page: Page): Promise<void> {
	await page.goto('/clones?status=completed');
	const first = page.getByRole('link', { name: /^Completed( with .*)?: / }).first();
	if ((await first.count()) > 0) {
		await first.click();
		await page.waitForURL(/\/clones\/[0-9a-f-]{36}/);
		return;
	}
	await pickProjects(page);
	await reviewSchemaOnly(page);
	await startClone(page);
	await page.getByText('Took').waitFor({ timeout: 110_000 });
}

const PAGES = [
	'dashboard',
	'accounts',
	'connect sheet',
	'schedules',
	'schedule sheet',
	'clones',
	'no clones',
	'run report',
	'run component',
	'twin',
	'twin history',
	'twin schedule',
	'twin rules',
	'twin settings',
	'twin backups',
	'backups',
	'destinations',
	'wizard projects',
	'settings',
	'notifications',
	'channel sheet',
	'not found',
];

for (const theme of ['light', 'dark'] as const) {
	for (const width of [1280, 360]) {
		describe(`${theme} at ${width} px`, () => {
			test.each(PAGES)('%s has no accessibility violation', async (name) => {
				const context = await openContext(browser, { width, theme }, saved);
				await noteShifts(context);
				const page = await context.newPage();
				await page.goto(addresses[name] ?? '/');
				await ready(page);
				expect(await axeViolations(page)).toEqual([]);
				expect(await layoutFaults(page, theme)).toEqual([]);
				await context.close();
			});

			test('the wizard has no accessibility violation on any step', async () => {
				const context = await openContext(browser, { width, theme }, saved);
				await noteShifts(context);
				const page = await context.newPage();
				await pickProjects(page);
				for (const name of ['2. Components', '3. Options', '4. Review']) {
					await page.getByRole('button', { name: 'Continue' }).click();
					await page.getByRole('heading', { name }).waitFor();
					expect(await axeViolations(page), name).toEqual([]);
					expect(await layoutFaults(page, theme), name).toEqual([]);
				}
				await page.getByRole('link', { name: 'Open the plan' }).click();
				await page.getByRole('heading', { level: 1, name: 'Plan of a clone' }).waitFor();
				expect(await axeViolations(page), 'plan').toEqual([]);
				expect(await layoutFaults(page, theme), 'plan').toEqual([]);
				await context.close();
			});

			test('signing in, up and a forgotten password have no accessibility violation', async () => {
				const context = await openContext(browser, { width, theme });
				await noteShifts(context);
				const page = await context.newPage();
				for (const address of ['/sign-in', '/sign-up', '/forgot-password']) {
					await page.goto(address);
					await ready(page);
					expect(await axeViolations(page), address).toEqual([]);
					expect(await layoutFaults(page, theme), address).toEqual([]);
				}
				await context.close();
			});
		});
	}
}
