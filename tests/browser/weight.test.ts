// The budget of scripts: what a page asks for before it is live, as sent. What is loaded when wanted (dialogs,
// the palette, the Supabase client) does not count: `modulepreload` names what the first paint needs.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Browser, BrowserContext } from 'playwright-core';
import { openBrowser, openContext, signIn } from './open-browser.ts';

/** style.md asks for at most 160; what is reached is kept. */
const MOST_KILOBYTES = 138;

let browser: Browser;
let context: BrowserContext;

beforeAll(async () => {
	browser = await openBrowser();
	context = await openContext(browser);
	await signIn(await context.newPage());
});
afterAll(() => browser.close());

test.each(['/', '/clones', '/clones/new', '/accounts', '/settings'])(
	`%s needs at most ${MOST_KILOBYTES} kB of script`,
	async (address) => {
		const html = await (await context.request.get(address)).text();
		const scripts = [...html.matchAll(/href="([^"]+\.js)" rel="modulepreload"/g)].flatMap(
			([, path]) =>
				path === undefined ? [] : [new URL(path, `http://app.invalid${address}`).pathname],
		);
		expect(scripts.length).toBeGreaterThan(5);
		const sizes = await Promise.all(
			scripts.map(async (path) => gzipSync(await (await context.request.get(path)).body()).length),
		);
		const total = sizes.reduce((sum, size) => sum + size, 0);
		expect(total / 1000).toBeLessThan(MOST_KILOBYTES);
	},
);
