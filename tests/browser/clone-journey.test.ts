// The journey of the product: sign in, pick two projects, review, start, watch in two tabs, read the
// report. By the mouse here; keyboard.test.ts goes the same way without one.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import postgres from 'postgres';
import {
	axeViolations,
	openBrowser,
	openContext,
	pageErrors,
	ready,
	stack,
	startClone,
} from './open-browser.ts';

const [source, target] = stack.projects;
if (source === undefined || target === undefined) throw new Error('The stack has no two projects.');

let browser: Browser;
let context: BrowserContext;
let page: Page;
let errors: string[];
let runAddress = '';

beforeAll(async () => {
	browser = await openBrowser();
	context = await openContext(browser);
	page = await context.newPage();
	errors = pageErrors(page);
});
afterAll(() => browser.close());

test('sends those who are not signed in to the sign-in page, and back afterwards', async () => {
	await page.goto('/clones?status=failed');
	expect(new URL(page.url()).pathname).toBe('/sign-in');
	await page.getByLabel('Email').fill(stack.user.email);
	await page.getByLabel('Password').fill('not the password');
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.getByText('Email and password do not match.').waitFor();
	errors.length = 0; // The refusal is an HTTP 400, which the browser logs.
	await page.getByLabel('Password').fill(stack.user.password);
	await page.getByRole('button', { name: 'Sign in' }).click();
	await page.waitForURL('**/clones?status=failed');
});

test('shows the connected account with its projects', async () => {
	await page.getByRole('link', { name: 'Connected accounts' }).first().click();
	await page.getByRole('heading', { level: 1, name: 'Connected accounts' }).waitFor();
	await page.getByText(source.ref).waitFor();
	await page.getByText(target.ref).waitFor();
});

test('refuses the same project at source and target of a clone', async () => {
	await page.goto('/clones/new');
	await ready(page);
	await page
		.getByRole('group', { name: /^Source/ })
		.getByText(source.ref)
		.click();
	const same = page
		.getByRole('group', { name: /^Target/ })
		.getByRole('radio', { name: source.name });
	expect(await same.isDisabled()).toBe(true);
});

test('keeps the draft when going back and reloading', async () => {
	await page
		.getByRole('group', { name: /^Target/ })
		.getByText(target.ref)
		.click();
	await page.getByRole('button', { name: 'Continue' }).click();
	await page.getByRole('heading', { name: '2. Components' }).waitFor();
	await page.getByRole('button', { name: 'Schema only' }).click();
	await page.getByRole('button', { name: 'Continue' }).click();
	await page.getByRole('heading', { name: '3. Options' }).waitFor();
	await page.reload();
	await ready(page);
	await page.getByRole('heading', { name: '3. Options' }).waitFor();
	await page.getByRole('button', { name: 'Back' }).click();
	await page.getByRole('heading', { name: '2. Components' }).waitFor();
	const schemaOnly = page.getByRole('button', { name: 'Schema only' });
	expect(await schemaOnly.getAttribute('aria-pressed')).toBe('true');
	await page.getByRole('button', { name: 'Everything' }).click();
	await page.getByRole('button', { name: 'Continue' }).click();
});

test('takes a strategy per table before the first clone', async () => {
	const table = page.getByLabel('Table', { exact: true });
	await table.fill('no dot');
	await page.getByRole('button', { name: 'Add table' }).click();
	await page.getByRole('alert').getByText('Write schema and table with a dot').waitFor();
	await table.fill('public.reviews');
	await page.getByLabel('Strategy', { exact: true }).selectOption('skip');
	await page.getByRole('button', { name: 'Add table' }).click();
	const chosen = page.getByRole('list', { name: 'Strategies' });
	await chosen.getByLabel('Strategy of public.reviews').selectOption('upsert');
	await page.getByRole('button', { name: 'Continue' }).click();
	await page.getByText('1 table with a strategy of its own').waitFor();
	await page
		.getByRole('button', { name: 'Back', exact: true })
		.or(page.getByRole('link', { name: 'Back', exact: true }))
		.click();
	const pattern = page.getByLabel('Table or pattern');
	await pattern.fill('no dot');
	await page.getByRole('button', { name: 'Add rule' }).click();
	await pattern.fill('public.nothing_*');
	await page.getByRole('button', { name: 'Add rule' }).click();
	await page.getByRole('button', { name: 'Remove rule public.nothing_*' }).click();
	await page.getByRole('list', { name: 'Ignore rules' }).waitFor({ state: 'detached' });
	await page.getByRole('button', { name: 'Mirror public.reviews again' }).click();
	await chosen.waitFor({ state: 'detached' });
	await page.getByRole('button', { name: 'Continue' }).click();
});

test('says in the review what happens to the target before anything is written', async () => {
	await page.getByRole('heading', { name: `What happens to ${target.name}` }).waitFor();
	const preview = page.getByRole('region', { name: 'Preview' });
	await preview
		.getByRole('listitem', { name: 'Tables' })
		.getByText(/\d+ (created|equal)/)
		.waitFor({ timeout: 90_000 });
});

test('starts the clone and shows the same live state in two tabs', async () => {
	await startClone(page);
	runAddress = page.url();
	const other = await context.newPage();
	await other.goto(runAddress);
	for (const tab of [page, other]) {
		await tab.getByText('Running for').waitFor();
		await tab.getByText('Live', { exact: true }).waitFor();
	}
	for (const tab of [page, other]) {
		await tab.getByText('Took').waitFor({ timeout: 110_000 });
		await tab.getByRole('heading', { level: 2, name: 'Report' }).waitFor();
		await expect.poll(() => tab.title()).toMatch(/^(Completed|Nothing to do)/);
	}
	await other.close();
});

test('reports what succeeded and what is left to do by hand, and verifies', async () => {
	const report = page.getByRole('article', { name: 'Report' });
	await report.getByText(/Succeeded \(\d+\)/).waitFor();
	await report.getByRole('heading', { name: 'To do by hand' }).waitFor();
	await report
		.getByText(/Passed|Warning/)
		.first()
		.waitFor({ timeout: 60_000 });
});

test('lists the objects of a component, filtered by outcome', async () => {
	await page.getByRole('link', { name: /^Tables/ }).click();
	await page.waitForURL('**step=tables');
	const detail = page.getByRole('article', { name: 'Tables' });
	await detail.getByRole('heading', { name: 'Objects' }).waitFor();
	await detail.getByLabel('Outcome').selectOption('failed');
	await detail
		.getByText(/No object ended as “failed”|SQLSTATE/)
		.first()
		.waitFor();
});

test('tells how it went: what waited for what, a log to search and to keep, the report as a file', async () => {
	const detail = page.getByRole('article', { name: 'Tables' });
	await page.goto(`${runAddress}?step=tables`);
	await ready(page);
	await detail.getByLabel('Name').fill('order_it');
	const names = () =>
		detail.getByRole('list').getByRole('listitem').locator('bdi').allTextContents();
	await expect
		.poll(async () => (await names()).every((name) => name.includes('order_it')), {
			timeout: 10_000,
		})
		.toBe(true);
	expect(await names()).toContain('public.order_items');
	await detail.getByText('Log', { exact: true }).click();
	const log = page.getByRole('region', { name: 'Log of Tables' });
	await log.getByText('Tables: schemas, types, tables: slice begins').waitFor();
	await detail.getByLabel('Search').fill('public.order_items');
	await log.getByText(/^(copied|unchanged) public\.order_items(: |$)/).waitFor();
	expect(await log.getByText('slice begins').count()).toBe(0);
	const file = async (path: string) => (await context.request.get(`${runAddress}${path}`)).text();
	expect(await file('/log?component=tables')).toMatch(
		/^\S+Z (copied|unchanged) public\.order_items(: |$)/m,
	);
	const report: unknown = JSON.parse(await file('/report?as=json'));
	expect(report).toMatchObject({
		source: { ref: source.ref },
		job: { status: 'completed' },
		items: expect.arrayContaining([
			expect.objectContaining({ component: 'data', object: 'public.order_items' }),
		]),
	});
	const markdown = await file('/report');
	expect(markdown).toContain(`# Clone of ${source.name} into ${target.name}`);
	expect(markdown).toContain('## To do by hand');
	await page.goto(`${runAddress}?step=report`);
	const timeline = page.getByRole('region', { name: 'Timeline' });
	await timeline
		.getByRole('listitem')
		.filter({ hasText: /^\s*Data: rows\s+after / })
		.waitFor();
});

test('shows the finished run to a reader without scripts', async () => {
	const plain = await browser.newContext({
		baseURL: stack.web_url,
		javaScriptEnabled: false,
		storageState: await context.storageState(),
	});
	const reader = await plain.newPage();
	await reader.goto(runAddress);
	await reader.getByRole('heading', { level: 2, name: 'Report' }).waitFor();
	await reader.getByRole('link', { name: /^Policies/ }).click();
	await reader.getByRole('heading', { level: 2, name: 'Policies' }).waitFor();
	await plain.close();
});

test('keeps the twin with its history and its ignore rules', async () => {
	await page.goto('/');
	await page.getByRole('article').getByRole('link', { name: /^Open/ }).click();
	const tab = (name: string) =>
		page.getByRole('navigation', { name: 'Twin' }).getByRole('link', { name });
	await page.getByRole('heading', { name: 'Duration and size' }).waitFor();
	await page.getByRole('link', { name: /Completed.*, [\d.]+ (k|M)?B$/ }).waitFor();
	// What is left to do by hand is ticked off, and stays so.
	await ready(page);
	const first = page.getByRole('region', { name: 'To do by hand' }).getByRole('checkbox').first();
	const about = await first.getAttribute('aria-label');
	expect(
		await page
			.getByRole('link', { name: /^Open in the dashboard/ })
			.first()
			.getAttribute('href'),
	).toContain(target.ref);
	await first.check();
	const ticked = page.getByRole('checkbox', { name: about ?? '', exact: true, checked: true });
	await ticked.waitFor();
	await page.reload();
	await ticked.waitFor();
	await tab('History').click();
	await page.getByRole('heading', { name: 'History' }).waitFor();
	await page
		.getByRole('list', { name: /^Verifications of this twin/ })
		.getByRole('listitem')
		.first()
		.waitFor();
	await tab('Rules').click();
	await page.waitForURL('**/rules');
	await ready(page);
	await page.getByLabel('Table or pattern').fill('no dot');
	await page.getByRole('button', { name: 'Add rule' }).click();
	await page.getByText('Write schema and table with a dot').waitFor();
	errors.length = 0; // That refusal is an HTTP 400 again.
	const rules = page.getByRole('region', { name: 'Ignore rules' });
	await page.getByLabel('Table or pattern').fill('public.order*');
	await rules.getByText(/^Matches \d+ tables of \d+$/).waitFor();
	await rules.getByText('public.order_items', { exact: true }).waitFor();
	await page.getByLabel('Table or pattern').fill('nowhere.*');
	await rules.getByText('Matches no table now').waitFor();
	await page.getByLabel('Table or pattern').fill('public.tmp_*');
	await page.getByRole('button', { name: 'Add rule' }).click();
	await page.getByRole('button', { name: 'Remove rule public.tmp_*' }).click();
	await page
		.getByRole('button', { name: 'Remove rule public.tmp_*' })
		.waitFor({ state: 'detached' });
});

test('asks by name, and only then, before it makes the target less safe', async () => {
	const database = postgres(target.db_url, { max: 1 });
	await database`drop policy "Anyone sees brands" on public.brands`;
	await database.end();
	await page.goto('/');
	await page.getByRole('link', { name: /^Clone again/ }).click();
	await page.getByRole('heading', { name: '4. Review' }).waitFor();
	await ready(page);
	const start = page.getByRole('button', { name: `Clone ${source.name} into ${target.name}` });
	await start.waitFor({ timeout: 90_000 });
	const risks = page.getByRole('group', { name: 'To be agreed to' });
	await risks.getByText('"Anyone sees brands" on public.brands').waitFor();
	await start.click();
	await page.getByText('Agree to all that is listed').waitFor();
	await risks.getByRole('checkbox', { name: /^Policies may let more through/ }).check();
	await start.click();
	await page.getByText('Type the ref of the target to confirm.').waitFor();
	const [draft, preview] = await Promise.all(
		['draft', 'preview'].map((name) => page.locator(`input[name="${name}"]`).inputValue()),
	);
	const answer = await context.request.post('/clones/new', {
		form: { draft: draft ?? '', preview: preview ?? '', agreed: '[]' },
		headers: { 'x-sveltekit-action': 'true', accept: 'application/json', origin: stack.web_url },
	});
	expect(await answer.text()).toContain('This clone must be agreed to first: policies');
});

test('shows every statement of the plan at an address of its own, to search and to keep', async () => {
	await page.getByRole('link', { name: 'Open the plan' }).click();
	await page.waitForURL(/\/previews\/[0-9a-f-]{36}$/);
	await page.getByRole('heading', { level: 1, name: 'Plan of a clone' }).waitFor();
	await page.getByText('Policies may let more through').first().waitFor();
	expect(await axeViolations(page)).toEqual([]);
	await page.getByLabel('Search').fill('sees BRANDS');
	await page.getByRole('button', { name: 'Show' }).click();
	const listed = page.getByRole('group', { name: /^SQL of/ });
	await expect.poll(() => listed.count(), { timeout: 20_000 }).toBe(1);
	const sql = page.getByRole('group', { name: 'SQL of "Anyone sees brands" on public.brands' });
	expect(await sql.textContent()).toMatch(
		/^create policy "Anyone sees brands" on public\.brands .*;$/,
	);
	const address = new URL(page.url()).pathname;
	await page.goto(`${address}?q=no+such+thing`);
	await page.getByText('Nothing of the plan is like this.').waitFor();
	const file = await (await context.request.get(`${address}/plan`)).text();
	expect(file).toContain('create policy "Anyone sees brands" on public.brands');
	await page.goto('/clones/new?step=review');
	const tables = page
		.getByRole('region', { name: 'Preview' })
		.getByRole('listitem', { name: 'Data' });
	await tables.waitFor({ timeout: 90_000 });
});

test('says per table what happens to its rows, warnings first and by their level', async () => {
	const preview = page.getByRole('region', { name: 'Preview' });
	// The fifth reading within two minutes waits for the account's limit of API calls; the count is final after it.
	await preview.getByText(/^\d+ warnings?( · \d+ notes?)?$/).waitFor({ timeout: 90_000 });
	const rows = preview.getByRole('listitem', { name: 'Data' });
	await rows.getByText(/tables overwritten/).click();
	const table = rows.getByRole('listitem').filter({ hasText: 'public.order_items' });
	await table.getByText(/^≈ [\d,]+ rows · .*target ≈ [\d,]+ rows/).waitFor();
	await table.getByText(/different rows overwritten/).waitFor();
	await preview.getByRole('button', { name: 'Count exactly' }).click();
	await rows.locator('text=/\\d tables · \\d[\\d,]* rows/ >> nth=0').waitFor({ timeout: 90_000 });
});

test('arms one thing that arrived at rest: it acts on the target, and the list says so', async () => {
	const database = postgres(target.db_url, { max: 1 });
	const resting = async (): Promise<number> => {
		const [row] = await database`
			select (select count(*) from cron.job where not active)
				+ (select count(*) from pg_trigger t join pg_proc p on p.oid = t.tgfoid
					where p.proname = 'http_request' and t.tgenabled = 'D') as count`;
		return Number(row?.['count']);
	};
	await page.goto('/');
	await page.getByRole('article').getByRole('link', { name: /^Open/ }).click();
	await ready(page);
	const toDo = page.getByRole('region', { name: 'To do by hand' });
	const arm = toDo.getByRole('button', { name: /^Arm (?!all)/ });
	const [before, buttons] = [await resting(), await arm.count()];
	expect(buttons).toBeGreaterThan(0);
	const twin = page.url();
	await arm.first().click();
	await page.waitForURL(/\/clones\/[0-9a-f-]{36}/);
	await page.getByText('Took').waitFor({ timeout: 90_000 });
	expect(await resting()).toBe(before - 1);
	await database.end();
	await page.goto(twin);
	await expect.poll(() => arm.count()).toBe(buttons - 1);
	await page.getByRole('link', { name: /^Clone again/ }).click();
	await page.getByRole('heading', { name: '4. Review' }).waitFor();
	await page.getByText('Tables, Data, Views').waitFor();
});

test('cancels a clone after saying what that means; a tab without Realtime learns of it too', async () => {
	// Somebody holds a table of the target, so that the clone cannot be over before it is canceled.
	const database = postgres(target.db_url, { max: 1 });
	const holder = await database.reserve();
	await holder.unsafe('begin; lock table public.order_items in access exclusive mode');
	await startClone(page);
	const deaf = await context.newPage();
	await deaf.routeWebSocket(/realtime/, (socket) => socket.close());
	await deaf.goto(page.url());
	await ready(page);
	await page.getByRole('button', { name: 'Cancel clone…' }).click();
	const dialog = page.getByRole('dialog', { name: 'Cancel this clone?' });
	await dialog.getByText('Nothing is rolled back.').waitFor();
	await dialog.getByRole('button', { name: 'Cancel clone' }).click();
	await dialog.waitFor({ state: 'detached' });
	await holder.unsafe('rollback');
	holder.release();
	await database.end();
	for (const tab of [page, deaf]) {
		await tab.waitForFunction(() => /^Canceled/.test(document.title), undefined, {
			timeout: 90_000,
		});
	}
	await deaf.close();
	// What the cancel kept from starting is not told as done.
	await page.getByRole('link', { name: /^Webhooks.*Not started/ }).click();
	const webhooks = page.getByRole('article', { name: 'Webhooks' });
	await webhooks.getByText('The clone was canceled before this had its turn.').waitFor();
	expect(await webhooks.getByText('There was nothing to copy.').count()).toBe(0);
	const bar = page.getByRole('progressbar', { name: 'Progress of this clone' });
	expect(await bar.getAttribute('aria-valuetext')).toMatch(/canceled.*not started/);
});

test('met no error of the page on the way', () => {
	expect(errors).toEqual([]);
});
