// Backups as a user keeps them: a destination is saved, a project is backed up, read back, restored into another, deleted.
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import {
	axeViolations,
	connectAccount,
	openBrowser,
	openContext,
	pageErrors,
	ready,
	signUp,
	stack,
} from './open-browser.ts';

const [source, target] = stack.projects;

let browser: Browser;
let page: Page;
let errors: string[];

beforeAll(async () => {
	await emptyTarget();
	browser = await openBrowser();
	page = await (await openContext(browser)).newPage();
	errors = pageErrors(page);
	await signUp(page);
	await connectAccount(page, 'Backups');
});
afterAll(async () => {
	await browser.close();
	await emptyTarget();
});

/** What other tests cloned into the target is in the way. Schema public itself stays, with its default privileges. */
async function emptyTarget(): Promise<void> {
	const sql = postgres(target?.db_url ?? '', { max: 1, onnotice: () => undefined });
	const drops = await sql<{ statement: string }[]>`
		select format('drop schema if exists %I cascade', nspname) as statement from pg_namespace
		where nspowner = 'postgres'::regrole and nspname not in ('public', 'extensions', '_local') and nspname !~ '^pg_'
		union all
		select format('drop %s if exists public.%I cascade', case relkind when 'v' then 'view' when 'm' then 'materialized view'
			else 'table' end, relname)
		from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')
		union all
		select format('drop routine if exists %s cascade', oid::regprocedure) from pg_proc
		where pronamespace = 'public'::regnamespace
		union all
		select format('drop type if exists public.%I cascade', typname) from pg_type
		where typnamespace = 'public'::regnamespace and typrelid = 0 and typelem = 0
		union all
		select format('drop type if exists public.%I cascade', relname)
		from pg_class where relnamespace = 'public'::regnamespace and relkind = 'c'
		union all
		select format('drop collation if exists public.%I cascade', collname)
		from pg_collation where collnamespace = 'public'::regnamespace
		union all
		select format('drop policy if exists %I on %s', polname, polrelid::regclass) from pg_policy
		where polrelid in ('storage.objects'::regclass, 'storage.buckets'::regclass, 'realtime.messages'::regclass)
		union all
		select format('drop sequence if exists public.%I cascade', relname)
		from pg_class where relnamespace = 'public'::regnamespace and relkind = 'S'`;
	// What makes something by itself (the functions of a range type) goes with it, whatever the order.
	for (const { statement } of drops) await sql.unsafe(statement).catch(() => undefined);
	for (const { statement } of drops) await sql.unsafe(statement);
	await sql.end();
}

/** What of the last restore failed. */
async function failures() {
	const sql = postgres(stack.control.db_url, { max: 1 });
	const items =
		await sql`select item.component, item.object, item.detail from public.job_items as item
		join public.jobs as job on job.id = item.job_id where job.kind = 'restore' and item.outcome = 'failed'`;
	await sql.end();
	return [...items];
}

const card = () => page.getByRole('article').filter({ hasText: source?.name ?? '' });

test('a destination is tested before it is saved', async () => {
	await page.goto('/settings/destinations');
	await ready(page);
	await page.getByRole('button', { name: 'New destination' }).click();
	const sheet = page.getByRole('dialog', { name: 'New destination' });
	await sheet.getByLabel('Name').fill('Offsite');
	await sheet.getByLabel('Endpoint').fill(stack.s3.endpoint);
	await sheet.getByLabel('Region').fill(stack.s3.region);
	await sheet.getByLabel('Bucket').fill('nowhere');
	await sheet.getByLabel('Folder').fill('/browser/');
	await sheet.getByLabel('Access key ID').fill(stack.s3.access_key_id);
	await sheet.getByLabel('Secret access key').fill(stack.s3.secret_access_key);
	await sheet.getByRole('button', { name: 'Test and save' }).click();
	await sheet.getByText('answers NoSuchBucket').waitFor();
	// The browser's own word for the refusal.
	expect(errors.splice(0)).toHaveLength(1);
	expect(await axeViolations(page)).toEqual([]);
	await sheet.getByLabel('Bucket').fill(stack.s3.bucket);
	await sheet.getByRole('button', { name: 'Test and save' }).click();
	const saved = page.getByRole('article', { name: 'Offsite' });
	await saved.getByText(`${stack.s3.bucket}/browser at`).waitFor();
	expect(await page.content()).not.toContain(stack.s3.secret_access_key);
	expect(await axeViolations(page)).toEqual([]);
});

test('a project is backed up without a clone, and read back', async () => {
	await page.goto('/backups');
	await ready(page);
	await page.getByLabel('Project').selectOption({ label: `${source?.name} (${source?.ref})` });
	await page.getByRole('button', { name: 'Back up now' }).click();
	await card().getByText('Complete').waitFor({ timeout: 60_000 });
	await card().getByText(`s3://${stack.s3.bucket}/browser/${source?.ref}/`).waitFor();
	await card().getByText('Never read back').waitFor();
	expect(await axeViolations(page)).toEqual([]);
	await card().getByRole('button', { name: 'Verify all of it' }).click();
	await card()
		.getByText(/All \d+ objects are as they were written/)
		.waitFor({ timeout: 60_000 });
});

test('it is restored into another project, once its ref is typed', async () => {
	await card()
		.getByRole('button', { name: /^Restore…/ })
		.click();
	const sheet = page.getByRole('dialog', { name: 'Restore' });
	await sheet
		.getByLabel('Into', { exact: true })
		.selectOption({ label: `${target?.name} (${target?.ref})` });
	expect(await sheet.getByRole('button', { name: 'Restore' }).isDisabled()).toBe(true);
	await sheet.getByLabel(`Type ${target?.ref} to confirm`).fill(target?.ref ?? '');
	expect(await axeViolations(page)).toEqual([]);
	await sheet.getByRole('button', { name: 'Restore' }).click();
	await page.waitForURL(/\/clones\/[0-9a-f-]{36}/);
	await page.getByText(/^Took/).waitFor({ timeout: 90_000 });
	expect(await failures()).toEqual([]);
	expect(await axeViolations(page)).toEqual([]);
	const count = async (url = '') => {
		const sql = postgres(url, { max: 1 });
		const [row] = await sql`select count(*)::int as rows from public.orders`;
		await sql.end();
		return row?.['rows'] as number;
	};
	expect(await count(target?.db_url)).toBe(await count(source?.db_url));
});

test('it is deleted with its objects', async () => {
	await page.goto('/backups');
	await ready(page);
	await card()
		.getByRole('button', { name: /^Delete…/ })
		.click();
	await page.getByRole('dialog').getByRole('button', { name: 'Delete backup' }).click();
	await page.getByText('No backup').first().waitFor({ timeout: 30_000 });
	await page.goto('/settings/destinations');
	await ready(page);
	await page.getByRole('button', { name: 'Delete Offsite' }).click();
	await page.getByText('No destination').waitFor();
	expect(errors).toEqual([]);
});
