// Who sees what: signing up, a session that ends while the app is open, other users, secrets, and what goes
// over the wire with every page.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import {
	axeViolations,
	openBrowser,
	openContext,
	ready,
	signIn,
	signUp,
	stack,
} from './open-browser.ts';

const PAGES = ['/', '/clones', '/clones/new', '/accounts', '/settings'];

let browser: Browser;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
	browser = await openBrowser();
	context = await openContext(browser);
	page = await context.newPage();
	await signIn(page);
});
afterAll(() => browser.close());

test('greets a new user with the way to the first clone and shows nothing of others', async () => {
	const own = await openContext(browser);
	const newcomer = await own.newPage();
	await signUp(newcomer);
	await newcomer.getByRole('heading', { name: 'Clone your first project' }).waitFor();
	for (const address of PAGES) {
		const html = await (await own.request.get(address)).text();
		for (const { ref } of stack.projects) expect(html, address).not.toContain(ref);
	}
	await own.close();
});

test('refuses an email that is taken', async () => {
	const own = await openContext(browser);
	const newcomer = await own.newPage();
	const { email } = await signUp(newcomer);
	await own.clearCookies();
	await newcomer.goto('/sign-up');
	await newcomer.getByLabel('Email').fill(email);
	await newcomer.getByLabel('Password').fill('another password');
	await newcomer.getByRole('button', { name: 'Create account' }).click();
	await newcomer.getByText('There is an account with this email already.').waitFor();
	await own.close();
});

test('gives who forgot a password a new one by mail, and tells nobody who has an account', async () => {
	const own = await openContext(browser);
	const tab = await own.newPage();
	const { email, password } = await signUp(tab);
	await own.clearCookies();
	const mails = async (to: string): Promise<{ link: string }[]> => {
		const { url, secret_key: key } = stack.control;
		// Not as a browser: those may not use this key.
		const answer = await fetch(`${url}/auth/v1/admin/mails`, {
			headers: { apikey: key, authorization: `Bearer ${key}` },
		});
		const { mails: all }: { mails: { to: string; link: string }[] } = await answer.json();
		return all.filter((mail) => mail.to === to);
	};
	const ask = async (address: string): Promise<string> => {
		await tab.goto('/sign-in');
		await tab.getByRole('link', { name: 'Forgot your password?' }).click();
		// Both pages have a field for the address.
		await tab.waitForURL('**/forgot-password');
		await tab.getByLabel('Email').fill(address);
		await tab.keyboard.press('Enter');
		const answer = tab.getByRole('status').filter({ hasText: 'If there is an account' });
		expect(await axeViolations(tab)).toEqual([]);
		return (await answer.innerText()).replace(address, '…');
	};
	const stranger = `nobody-${email}`;
	expect(await ask(stranger)).toBe(await ask(email));
	expect(await mails(stranger)).toEqual([]);
	const [mail] = await mails(email);
	const link = mail?.link ?? '';
	await tab.goto(link);
	await tab.waitForURL('**/new-password');
	expect(await axeViolations(tab)).toEqual([]);
	await tab.getByLabel('New password').fill('quite another one');
	await tab.keyboard.press('Enter');
	await tab.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
	// The link is used up, and so is the old password.
	await own.clearCookies();
	await tab.goto(link);
	await tab.getByText('This link was used already').waitFor();
	expect(await axeViolations(tab)).toEqual([]);
	const enter = async (word: string) => {
		await tab.goto('/sign-in');
		await tab.getByLabel('Email').fill(email);
		await tab.getByLabel('Password', { exact: true }).fill(word);
		await tab.getByRole('button', { name: 'Sign in' }).click();
	};
	await enter(password);
	await tab.getByText('Email and password do not match.').waitFor();
	await enter('quite another one');
	await tab.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
	// Templates of an installation's own lead here with the hash of the token, which works in any browser: looking at the page
	// (a scanner of mails does) uses nothing up.
	await own.clearCookies();
	await ask(email);
	const hash = new URL((await mails(email)).at(-1)?.link ?? '').searchParams.get('token');
	const other = await openContext(browser);
	const scanned = `/new-password?token_hash=${hash}&type=recovery`;
	for (let look = 0; look < 2; look += 1) await other.request.get(scanned);
	const elsewhere = await other.newPage();
	// Without scripts, as where the form is sent before they have come.
	await elsewhere.route('**/*.js', (route) => route.abort());
	await elsewhere.goto(scanned);
	const word = elsewhere.getByLabel('New password');
	await word.fill('the third one');
	await elsewhere.keyboard.press('Enter');
	await elsewhere.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
	await elsewhere.unroute('**/*.js');
	await elsewhere.goto(scanned);
	await word.fill('a fourth one');
	await elsewhere.keyboard.press('Enter');
	await elsewhere.getByText('This link was used already').waitFor();
	await other.close();
	await enter('the third one');
	await tab.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
	await own.close();
});

test('leads to signing in, and back, when the session ended while the app was open', async () => {
	const own = await openContext(browser, {}, await context.storageState());
	const tab = await own.newPage();
	await tab.goto('/clones');
	await ready(tab);
	await own.clearCookies();
	await tab.getByRole('link', { name: 'Connected accounts' }).first().click();
	await tab.waitForURL('**/sign-in?next=%2Faccounts');
	await tab.getByLabel('Email').fill(stack.user.email);
	await tab.getByLabel('Password').fill(stack.user.password);
	await tab.getByRole('button', { name: 'Sign in' }).click();
	await tab.waitForURL('**/accounts');
	await tab.getByRole('button', { name: 'Sign out' }).first().click();
	await tab.waitForURL('**/sign-in');
	await own.close();
});

test('sends no secret to the browser', async () => {
	const secrets = [
		stack.access_token,
		stack.control.secret_key,
		stack.control.db_url,
		...stack.projects.flatMap(({ secret_key, db_url }) => [secret_key, db_url]),
		...stack.projects.map(({ db_url }) => new URL(db_url).password),
	];
	for (const address of PAGES) {
		const data = address === '/' ? '/__data.json' : `${address}/__data.json`;
		for (const part of [address, data]) {
			const answer = await (await context.request.get(part)).text();
			for (const secret of secrets) expect(answer.includes(secret), part).toBe(false);
		}
	}
});

test('sends headers that keep other sites and shared caches out', async () => {
	const headers = (await context.request.get('/')).headers();
	expect(headers['content-security-policy']).toMatch(/script-src 'self' 'nonce-[^']+'/);
	expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
	expect(headers['x-content-type-options']).toBe('nosniff');
	expect(headers['referrer-policy']).toBe('strict-origin-when-cross-origin');
	expect(headers['cross-origin-opener-policy']).toBe('same-origin');
	expect(headers['cache-control']).toMatch(/private/);
	for (const { sameSite } of await context.cookies()) expect(sameSite).toBe('Lax');
});

test('refuses what another site sends in the name of the user', async () => {
	const answer = await context.request.post('/sign-out', {
		headers: { origin: 'https://evil.example' },
	});
	expect(answer.status()).toBe(403);
});
