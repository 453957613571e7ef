// A clone into a project that holds someone's tables, and one in which an object fails: never silent, never a
// plain success.
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import {
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

beforeAll(async () => {
	browser = await openBrowser();
	page = await (await openContext(browser)).newPage();
	await clash('create');
	await signUp(page);
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
	await page.getByRole('button', { name: `Clone into ${target.name}` }).click();
	await page.getByText('Type the ref of the target to confirm.').waitFor();
	await startClone(page);
});

test('leads the report with what failed, why, and what to do', async () => {
	await page.getByText('Took').waitFor({ timeout: 110_000 });
	await expect.poll(() => page.title()).toMatch(/^Completed with 1 failure/);
	const failed = page.getByRole('region', { name: 'Failed' });
	await failed.getByText('public.clash', { exact: true }).waitFor();
	await failed.getByText(/^Rename or/).waitFor();
});

test('opens the failed component, its failed object first', async () => {
	await page.getByRole('article', { name: 'Report' }).getByRole('link', { name: 'Views' }).click();
	const detail = page.getByRole('article', { name: 'Views' });
	await detail.getByText('1 of its objects failed').waitFor();
	const first = detail.getByRole('listitem').first();
	await first.getByText('public.clash', { exact: true }).waitFor();
	await first.getByText('Failed', { exact: true }).waitFor();
});

test('says so in lists and on the dashboard', async () => {
	await page.goto('/clones');
	await page
		.getByRole('link', { name: /^Completed with 1 failure: / })
		.first()
		.waitFor();
	await page.goto('/');
	const attention = page.getByRole('region', { name: 'Needs attention' });
	await attention.getByText('The last clone completed with 1 failure.').waitFor();
});
