// The life of a connected account: refused, connected, renamed, disconnected.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import {
	connectAccount,
	openBrowser,
	openContext,
	pickProjects,
	ready,
	signUp,
	stack,
} from './open-browser.ts';

let browser: Browser;
let page: Page;

beforeAll(async () => {
	browser = await openBrowser();
	page = await (await openContext(browser)).newPage();
	await signUp(page);
});
afterAll(() => browser.close());

test('says what is wrong with a token before and after asking Supabase', async () => {
	await page.getByRole('link', { name: 'Connect account' }).click();
	const sheet = page.getByRole('dialog', { name: 'Connect account' });
	await sheet.getByLabel('Name').fill('Acme');
	await sheet.getByLabel('Access token').fill('my password');
	await sheet.getByRole('button', { name: 'Connect account' }).click();
	await sheet.getByText('This is no access token').waitFor();
	await sheet.getByLabel('Access token').fill(`sbp_${'0'.repeat(40)}`);
	await sheet.getByRole('button', { name: 'Connect account' }).click();
	await sheet.getByText('Supabase does not accept this access token').waitFor();
	// The refusal goes with the sheet: it says nothing about the next attempt.
	await sheet.getByRole('button', { name: 'Close' }).first().click();
	await sheet.waitFor({ state: 'detached' });
	await page.getByRole('button', { name: 'Connect account' }).click();
	await sheet.getByLabel('Name').waitFor();
	expect(await sheet.getByText('does not accept').count()).toBe(0);
	await page.keyboard.press('Escape');
	await sheet.waitFor({ state: 'detached' });
});

test('connects an account and lists its projects', async () => {
	await connectAccount(page, 'Acme');
	const account = page.getByRole('article', { name: 'Acme' });
	for (const { ref } of stack.projects) await account.getByText(ref).waitFor();
	await account.getByText('Connected', { exact: true }).waitFor();
});

test('takes another token, and says when it ends', async () => {
	const account = page.getByRole('article', { name: 'Acme' });
	await account.getByRole('button', { name: 'Replace token of Acme' }).click();
	const sheet = page.getByRole('dialog', { name: 'Reconnect Acme' });
	await sheet.getByLabel('Access token').fill(stack.access_token);
	await sheet.getByLabel('Expires on').fill('2031-12-03');
	await sheet.getByRole('button', { name: 'Connect account' }).click();
	await sheet.waitFor({ state: 'detached' });
	await account.getByText('expires on 3 Dec 2031').waitFor();
});

test('connects an account at Supabase, and says why when it could not', async () => {
	const own = await (await openContext(browser)).newPage();
	await signUp(own);
	const begin = async () => {
		await own.goto('/accounts?connect');
		await ready(own);
		await own.getByRole('button', { name: 'Connect with Supabase' }).click();
		await own.getByRole('heading', { name: 'Authorize Twins' }).waitFor();
	};
	await begin();
	await own.getByRole('button', { name: 'Decline' }).click();
	await own.getByText('You did not agree').waitFor();
	await begin();
	await own.getByRole('button', { name: 'Authorize', exact: true }).click();
	const account = own.getByRole('article', { name: 'Local organization' });
	for (const { ref } of stack.projects) await account.getByText(ref).waitFor();
	await account.getByText(/^OAuth · connected/).waitFor();
	// What it reaches is told here, and where components are chosen.
	const reach = own.getByRole('table', { name: 'What Local organization may do' });
	const row = (component: string) => reach.getByRole('row', { name: component });
	expect(await row('Tables').getByText('Can', { exact: true }).count()).toBe(2);
	expect(await row('Project config').getByText('Partly').count()).toBe(2);
	expect(await row('Project config').getByText('settings of Storage are not written').count()).toBe(
		1,
	);
	await pickProjects(own);
	await own.getByRole('button', { name: 'Continue' }).click();
	await own
		.getByText('Source: settings of Realtime are skipped. The token lacks realtime_config_read.')
		.waitFor();
	// A link that somebody else sends connects nothing.
	await own.goto(`/accounts/callback?code=stolen&state=${'x'.repeat(43)}`);
	await own.getByText('This browser did not begin a connection').waitFor();
	await own.context().close();
});

test('keeps which projects are protected', async () => {
	const name = stack.projects[1]?.name ?? '';
	const protect = page.getByRole('switch', { name: `Protect ${name}` });
	const stored = page.waitForResponse((response) => response.url().includes('?/protect'));
	await protect.click();
	await stored;
	await page.reload();
	await ready(page);
	expect(await protect.isChecked()).toBe(true);
});

test('takes the password of a database that opens with it, and forgets it', async () => {
	const [{ name, db_url } = { name: '', db_url: '' }] = stack.projects;
	const login = (now: string) => page.getByRole('button', { name: `${now} of ${name}: change` });
	const dialog = page.getByRole('dialog', { name: `Database password of ${name}` });
	const save = async (password: string) => {
		await dialog.getByLabel('Database password').fill(password);
		await dialog.getByRole('button', { name: 'Save password' }).click();
	};
	await login('Temporary').click();
	await save('not this one');
	await dialog.getByText('The database does not accept this password').waitFor();
	await save(decodeURIComponent(new URL(db_url).password));
	await dialog.waitFor({ state: 'detached' });
	await login('Password').click();
	await dialog.getByLabel('Database password').waitFor();
	expect(await dialog.getByText('does not accept').count()).toBe(0);
	await save('');
	await login('Temporary').waitFor();
});

test('renames it', async () => {
	await page.getByRole('button', { name: 'Rename Acme' }).click();
	const dialog = page.getByRole('dialog', { name: 'Rename account' });
	await dialog.getByLabel('Name').fill('Acme Europe');
	await dialog.getByRole('button', { name: 'Rename account' }).click();
	await page.getByRole('heading', { name: 'Acme Europe' }).waitFor();
	expect(await page.getByRole('heading', { name: 'Acme', exact: true }).count()).toBe(0);
});

test('disconnects it after saying what that means', async () => {
	await page.getByRole('button', { name: /^Disconnect….*Acme Europe/ }).click();
	const dialog = page.getByRole('dialog', { name: 'Disconnect Acme Europe?' });
	await dialog.getByText('Its token is deleted here.').waitFor();
	await dialog.getByRole('button', { name: 'Disconnect account' }).click();
	await page.getByText('No account connected').waitFor();
});
