// The same ways without a mouse.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, openContext, ready, signIn, stack } from './open-browser.ts';

let browser: Browser;
let page: Page;

beforeAll(async () => {
	browser = await openBrowser();
	page = await (await openContext(browser)).newPage();
	await signIn(page);
	await ready(page);
});
afterAll(() => browser.close());

const heading = (name: string) => page.getByRole('heading', { name }).first().waitFor();

test('skips to the content with the first Tab', async () => {
	await page.goto('/clones');
	await ready(page);
	await page.keyboard.press('Tab');
	expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to content');
	await page.keyboard.press('Enter');
	expect(await page.evaluate(() => document.activeElement?.id)).toBe('content');
});

test('goes everywhere with two keys', async () => {
	for (const [key, name] of [
		['a', 'Connected accounts'],
		['s', 'Settings'],
		['c', 'Clones'],
		['d', 'Dashboard'],
	] as const) {
		await page.keyboard.press('g');
		await page.keyboard.press(key);
		await heading(name);
	}
});

test('lists its keys under the question mark and gives the focus back', async () => {
	await page.keyboard.press('?');
	const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
	await dialog.getByText('New clone').waitFor();
	await page.keyboard.press('Escape');
	await dialog.waitFor({ state: 'detached' });
});

test('finds actions in the palette', async () => {
	await page.keyboard.press('Control+k');
	await page.getByRole('combobox', { name: 'Command palette' }).waitFor();
	await page.keyboard.type('connected');
	await page.keyboard.press('Enter');
	await heading('Connected accounts');
});

test('fills the wizard by keyboard alone', async () => {
	const [source, target] = stack.projects;
	await page.keyboard.press('n');
	await heading('1. Projects');
	await ready(page);
	await page
		.getByRole('radio', { name: source?.name ?? '' })
		.first()
		.focus();
	await page.keyboard.press('Space');
	await page
		.getByRole('group', { name: /^Target/ })
		.getByRole('radio', { name: target?.name ?? '' })
		.focus();
	await page.keyboard.press('Space');
	await page.keyboard.press('Control+Enter');
	await heading('2. Components');
	await page.getByRole('switch', { name: 'Webhooks' }).focus();
	await page.keyboard.press('Space');
	expect(await page.getByRole('switch', { name: 'Webhooks' }).isChecked()).toBe(false);
	await page.keyboard.press('Control+Enter');
	await heading('3. Options');
	await page.keyboard.press('Control+Enter');
	await heading('4. Review');
});

test('leaves single keys alone while typing and when they are turned off', async () => {
	await page.goto('/settings');
	await ready(page);
	await page.getByRole('switch', { name: 'Single-key shortcuts' }).focus();
	await page.keyboard.press('Space');
	await page.keyboard.press('n');
	await page.keyboard.press('?');
	expect(new URL(page.url()).pathname).toBe('/settings');
	expect(await page.getByRole('dialog').count()).toBe(0);
	await page.keyboard.press('Space');
});

test('keeps a chosen theme before the first paint of the next page', async () => {
	await page.getByRole('radio', { name: /^Dark/ }).check();
	await page.reload();
	expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark');
	await ready(page);
	await page.getByRole('radio', { name: /^System/ }).check();
});

test('takes over the theme of the system at once where motion is reduced', async () => {
	await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
	await page.goto('/settings');
	await ready(page);
	await page.evaluate(() => {
		const dark = matchMedia('(prefers-color-scheme: dark)');
		// What is to be seen in the very frame of the change, and when all is over.
		const seen = new Promise<string[]>((resolve) => {
			dark.addEventListener('change', () => {
				const color = (): string =>
					getComputedStyle(document.querySelector('h1') ?? document.body).color;
				const first = color();
				setTimeout(() => resolve([first, color()]), 500);
			});
		});
		Object.assign(window, { dark, seen });
	});
	await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
	const [first, last] = await page.evaluate((): Promise<string[]> => Reflect.get(window, 'seen'));
	expect(first).toBe(last);
	expect(first).not.toBe('rgb(17, 24, 28)');
	await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
});
