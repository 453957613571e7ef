// The system's Chromium, driven through playwright-core, and what every browser test does with it.
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { inject } from 'vitest';

export const stack = inject('stack');

const ARGUMENTS = [
	'--headless',
	'--no-sandbox',
	'--disable-gpu',
	'--disable-quic',
	'--no-first-run',
	'--disable-background-networking',
	'--disable-component-update',
	'--disable-sync',
];

export function openBrowser(): Promise<Browser> {
	return chromium.launch({
		executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
		args: ARGUMENTS,
	});
}

export interface Look {
	readonly width?: number;
	readonly theme?: 'light' | 'dark';
}

type SavedState = Awaited<ReturnType<BrowserContext['storageState']>>;

/** A context of its own: its cookies, its window size, its theme. */
export function openContext(
	browser: Browser,
	{ width = 1280, theme = 'light' }: Look = {},
	storageState?: SavedState,
): Promise<BrowserContext> {
	return browser.newContext({
		baseURL: stack.web_url,
		viewport: { width, height: 860 },
		colorScheme: theme,
		reducedMotion: 'reduce',
		...(storageState === undefined ? {} : { storageState }),
	});
}

/** Fills the form as a user does and waits for the dashboard. */
export async function signIn(page: Page): Promise<void> {
	await page.goto('/sign-in');
	await page.getByLabel('Email').fill(stack.user.email);
	await page.getByLabel('Password').fill(stack.user.password);
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
}

/** Makes an account of its own, which sees nothing of the others, and waits for its dashboard. */
export async function signUp(page: Page): Promise<{ email: string; password: string }> {
	const email = `${randomUUID()}@browser.test`;
	const password = randomUUID();
	await page.goto('/sign-up');
	await page.getByLabel('Email').fill(email);
	await page.getByLabel('Password').fill(password);
	await page.getByRole('button', { name: 'Create account' }).click();
	await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
	return { email, password };
}

/** Connects the account of the stack's two projects, as a user does. */
export async function connectAccount(page: Page, name: string): Promise<void> {
	await page.goto('/accounts?connect');
	await ready(page);
	const sheet = page.getByRole('dialog', { name: 'Connect account' });
	await sheet.getByLabel('Name').fill(name);
	await sheet.getByLabel('Access token').fill(stack.access_token);
	await sheet.getByRole('button', { name: 'Connect account' }).click();
	await sheet.waitFor({ state: 'detached' });
}

/** Opens the wizard and picks the stack's two projects, as a user does. */
export async function pickProjects(page: Page): Promise<void> {
	const [source, target] = stack.projects;
	await page.goto('/clones/new');
	await ready(page);
	for (const [end, project] of [
		[/^Source/, source],
		[/^Target/, target],
	] as const) {
		await page
			.getByRole('group', { name: end })
			.getByText(project?.ref ?? '')
			.click();
	}
}

/** Goes from the picked projects to the review of a clone without rows. */
export async function reviewSchemaOnly(page: Page): Promise<void> {
	await page.getByRole('button', { name: 'Continue' }).click();
	await page.getByRole('button', { name: 'Schema only' }).click();
	await page.getByRole('button', { name: 'Continue' }).click();
	await page.getByRole('heading', { name: '3. Options' }).waitFor();
	await page.getByRole('button', { name: 'Continue' }).click();
	await page.getByRole('heading', { name: '4. Review' }).waitFor();
}

/** Starts the clone under review when its preview is over: agrees to all that it asks about, with the target's ref. */
export async function startClone(page: Page): Promise<void> {
	const [, target] = stack.projects;
	const start = page.getByRole('button', { name: /^Clone .* into/ });
	await start.waitFor({ timeout: 90_000 });
	const risks = page.getByRole('group', { name: 'To be agreed to' }).getByRole('checkbox');
	for (const risk of await risks.all()) await risk.check();
	const field = page.getByLabel('Ref of the target');
	if ((await field.count()) > 0) await field.fill(target?.ref ?? '');
	await start.click();
	await page.waitForURL(/\/clones\/[0-9a-f-]{36}/);
}

/** Errors of the page itself: exceptions and what the browser writes as an error to the console. */
export function pageErrors(page: Page): string[] {
	const errors: string[] = [];
	page.on('pageerror', (error) => errors.push(error.message));
	page.on('console', (message) => {
		if (message.type() === 'error') errors.push(message.text());
	});
	return errors;
}

/** Hydrated: scripts run, so clicks do what they should. */
export async function ready(page: Page): Promise<void> {
	await page.waitForLoadState('networkidle');
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Violations that axe finds on the page, one line each; empty when there are none. */
export async function axeViolations(page: Page): Promise<string[]> {
	// Through the debugger, because the app's own policy rightly refuses foreign scripts.
	await page.evaluate(AXE);
	return page.evaluate(async () => {
		const axe: unknown = Reflect.get(window, 'axe');
		if (typeof axe !== 'object' || axe === null) throw new Error('axe was not loaded');
		const run: unknown = Reflect.get(axe, 'run');
		if (typeof run !== 'function') throw new Error('axe was not loaded');
		const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
		const result: {
			violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
		} = await run.call(axe, document, { runOnly: tags });
		return result.violations.flatMap(({ id, nodes }) =>
			nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`),
		);
	});
}
