// Channels as a user makes them, deliveries as the log shows them, and notifications of the browser itself.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import postgres from 'postgres';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { axeViolations, openBrowser, openContext, ready, signUp, stack } from './open-browser.ts';

const TWIN = randomUUID();

let browser: Browser;
let page: Page;
const control = postgres(stack.control.db_url, { max: 1, onnotice: () => undefined });

/** What the receiver answers next, and what it got last. */
let status = 200;
let last = { headers: {} as Record<string, string>, body: '' };
const receiver = createServer((request, response) => {
	let body = '';
	request.on('data', (part: Buffer) => (body += part.toString('utf8')));
	request.on('end', () => {
		last = { headers: request.headers as Record<string, string>, body };
		response.writeHead(status).end();
	});
});

beforeAll(async () => {
	await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
	browser = await openBrowser();
	const context = await openContext(browser);
	// Browsers without a screen have no notifications: what the page asks of the browser is kept.
	await context.addInitScript(() => {
		const shown: string[] = [];
		class Kept {
			static permission = 'default';
			static requestPermission() {
				Kept.permission = 'granted';
				return Promise.resolve('granted');
			}
			constructor(title: string, { body }: { body?: string }) {
				shown.push(`${title}: ${body ?? ''}`);
			}
			close() {}
		}
		Object.assign(window, { Notification: Kept, shown });
	});
	page = await context.newPage();
	const { email } = await signUp(page);
	const account = randomUUID();
	await control.unsafe(`
		insert into public.connected_accounts (id, owner_id, display_name, method)
		select '${account}', id, 'Acme', 'pat' from auth.users where email = '${email}';
		insert into public.projects (account_id, ref, name) values
			('${account}', repeat('u', 20), 'Live'), ('${account}', repeat('v', 20), 'Staging');
		insert into public.twins (id, owner_id, source_account_id, source_ref, target_account_id, target_ref)
		select '${TWIN}', owner_id, id, repeat('u', 20), id, repeat('v', 20)
		from public.connected_accounts where id = '${account}';
		insert into public.schedules (twin_id, name, every_hours) values ('${TWIN}', 'Nightly', 6)`);
});
afterAll(async () => {
	await browser.close();
	await control.end();
	receiver.close();
});

const card = (name: string) => page.getByRole('article', { name });
const log = () => page.getByRole('region', { name: 'Log' });

test('adds a webhook from the page of a twin, and shows its secret once', async () => {
	await page.goto(`/twins/${TWIN}/settings`);
	await page.getByRole('region', { name: 'Notifications' }).getByRole('link').click();
	await ready(page);
	const sheet = page.getByRole('dialog', { name: 'New channel' });
	expect(await sheet.getByLabel('Twins').inputValue()).toBe(TWIN);
	await sheet.getByLabel('Name').fill('On call');
	await sheet.getByLabel('Address').fill('ftp://example.com');
	await sheet.getByRole('button', { name: 'Add channel' }).click();
	await sheet.getByText('This is not an https address').waitFor();
	const { port } = receiver.address() as AddressInfo;
	await sheet.getByLabel('Address').fill(`http://127.0.0.1:${port}/hooks/twins`);
	await sheet.getByLabel('A clone succeeds again after that').uncheck();
	await sheet.getByRole('button', { name: 'Add channel' }).click();
	const secret = (await sheet.getByText(/^whsec_/).textContent()) ?? '';
	expect(await axeViolations(page)).toEqual([]);
	await sheet.getByRole('button', { name: 'Done' }).click();
	await card('On call').getByText(`Webhook to 127.0.0.1:${port}`).waitFor();
	expect(await card('On call').getByRole('listitem').count()).toBe(4);
	expect(await page.content()).not.toContain('/hooks/twins');

	await card('On call').getByRole('button', { name: 'Send test message' }).click();
	await log().getByText('Delivered').waitFor({ timeout: 20_000 });
	expect(new Webhook(secret).verify(last.body, last.headers)).toMatchObject({ type: 'test' });
});

test('shows what failed and why, and sends it again', async () => {
	status = 500;
	await control`update public.schedules set is_active = false, paused_reason = 'Its target is protected now.'
		where twin_id = ${TWIN}`;
	await page.reload();
	await ready(page);
	const entry = log().getByRole('listitem').filter({ hasText: 'Schedule "Nightly" was paused' });
	await entry.getByText('Answered 500.').waitFor({ timeout: 20_000 });
	await entry.getByText('Waiting').waitFor();
	const { 'webhook-id': id } = last.headers;
	status = 200;
	await entry.getByRole('button', { name: 'Send again' }).click();
	await entry.getByText('Delivered').waitFor({ timeout: 20_000 });
	expect(last.headers['webhook-id']).toBe(id);
	expect(await axeViolations(page)).toEqual([]);
});

test('says that a receiver is gone, and is switched on again', async () => {
	status = 410;
	const entry = log().getByRole('listitem').filter({ hasText: 'Schedule "Nightly" was paused' });
	await entry.getByRole('button', { name: 'Send again' }).click();
	await card('On call').getByText('Switched off by itself').waitFor({ timeout: 20_000 });
	status = 200;
	await card('On call').getByRole('switch', { name: 'On call is on' }).click();
	await card('On call').getByText('Switched off by itself').waitFor({ state: 'detached' });
});

test('is changed, and deleted with its log', async () => {
	await card('On call').getByRole('button', { name: 'Change… On call' }).click();
	const sheet = page.getByRole('dialog', { name: 'Change On call' });
	await sheet.getByLabel('Name').fill('Everything');
	await sheet.getByLabel('Twins').selectOption('All twins');
	await sheet.getByRole('button', { name: 'Save channel' }).click();
	await card('Everything').getByText('all twins').waitFor();
	await card('Everything').getByRole('button', { name: 'Delete… Everything' }).click();
	await page.getByRole('dialog').getByRole('button', { name: 'Delete channel' }).click();
	await page.getByText('No channel').waitFor();
});

test('the browser shows notifications once it may, on whichever page is open', async () => {
	await page.goto('/settings');
	await ready(page);
	const pause = () =>
		control`update public.schedules set is_active = false, paused_reason = 'Its account was disconnected.'
			where twin_id = ${TWIN}`;
	await control`update public.schedules set is_active = true, paused_reason = null where twin_id = ${TWIN}`;
	const joined = page.waitForEvent('websocket');
	await page.getByRole('switch', { name: 'Browser notifications' }).click();
	await page.getByText('While a page of Twins is open, this browser shows').waitFor();
	await joined;
	await pause();
	await page.waitForFunction(() => Reflect.get(window, 'shown').length > 0);
	expect(await page.evaluate(() => Reflect.get(window, 'shown'))).toEqual([
		'Schedule "Nightly" was paused: Live → Staging: Its account was disconnected.',
	]);
});
