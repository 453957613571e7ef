// How pages hold still and what lies on what: asked of pages that a test is visiting anyway.
import type { BrowserContext, Page } from 'playwright-core';

declare global {
	interface Window {
		layoutShifts?: { value: number; moved: string }[];
	}
}

/** Notes in each page of a context what moves by itself; to be called before the first visit. */
export async function noteShifts(context: BrowserContext): Promise<void> {
	await context.addInitScript(() => {
		const shifts: { value: number; moved: string }[] = [];
		window.layoutShifts = shifts;
		new PerformanceObserver((list) => {
			for (const entry of list.getEntries()) {
				const shift: PerformanceEntry & {
					hadRecentInput?: boolean;
					value?: number;
					sources?: { node?: Node }[];
				} = entry;
				// Not what somebody just asked for.
				if (shift.hadRecentInput === true || shift.value === undefined) continue;
				const moved = (shift.sources ?? []).map(({ node }) =>
					(node?.textContent ?? '?').trim().replaceAll(/\s+/g, ' ').slice(0, 40),
				);
				shifts.push({ value: shift.value, moved: moved.join(' | ') });
			}
		}).observe({ type: 'layout-shift', buffered: true });
	});
}

const MOST_SHIFT = 0.05;

/** What moved by itself, one line each, where all of it together is too much. */
async function shiftsOf(page: Page): Promise<string[]> {
	const shifts = await page.evaluate(() => window.layoutShifts ?? []);
	const sum = shifts.reduce((total, { value }) => total + value, 0);
	return sum < MOST_SHIFT ? [] : shifts.map(({ value, moved }) => `${value.toFixed(3)}: ${moved}`);
}

/** By how many pixels the page scrolls sideways. */
const sidewaysScroll = (page: Page): Promise<number> =>
	page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/** Controls that something else lies on when the keyboard reaches them, by their words. */
const coveredControls = (page: Page): Promise<string[]> =>
	page.evaluate(() => {
		const dialog = document.querySelector('[role="dialog"], [role="alertdialog"]');
		const covered: string[] = [];
		const controls = (dialog ?? document.body).querySelectorAll<HTMLElement>(
			'a[href], button, input:not([type="hidden"]), select, textarea, summary',
		);
		for (const control of controls) {
			if (control.matches(':disabled') || !control.checkVisibility({ visibilityProperty: true }))
				continue;
			// Shown while it has the focus, and then above all.
			if (control.getAttribute('href') === '#content') continue;
			control.focus();
			// A label is what is seen and pressed where the control itself is hidden in it.
			const shown = control.closest('label') ?? control;
			const [box] = shown.getClientRects();
			if (box === undefined || box.width < 2 || box.height < 2) continue;
			const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
			if (top !== null && (shown.contains(top) || top.contains(shown))) continue;
			const words = (control.getAttribute('aria-label') ?? control.textContent).trim();
			const by = top === null ? 'the edge of the window' : top.outerHTML.slice(0, 80);
			covered.push(
				`${control.tagName} "${words.slice(0, 40)}" at ${Math.round(box.y)} is covered by ${by}`,
			);
		}
		return covered;
	});

/** Bytes of script that the visit took, as sent. */
const scriptBytes = (page: Page): Promise<number> =>
	page.evaluate(() =>
		performance
			.getEntriesByType('resource')
			.filter((entry): entry is PerformanceResourceTiming => /\.js$/.test(entry.name))
			.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
	);

const MOST_SCRIPT = 200_000;
/** A desk's window at 200 % zoom: the browser lays out half of its pixels. */
const ZOOMED = { width: 640, height: 430 };

/**
 * What is wrong with how a page lies, also zoomed where there is a desk; one line each. What lies where is the same in both
 * themes, and asked in one of them.
 */
export async function layoutFaults(page: Page, theme: 'light' | 'dark'): Promise<string[]> {
	const faults = (await shiftsOf(page)).map((shift) => `moved by itself, ${shift}`);
	const bytes = await scriptBytes(page);
	if (bytes > MOST_SCRIPT) faults.push(`${Math.round(bytes / 1000)} kB of script`);
	if (theme === 'dark') return faults;
	const lay = async (where: string): Promise<void> => {
		const sideways = await sidewaysScroll(page);
		if (sideways > 0) faults.push(`scrolls ${sideways} px sideways${where}`);
		faults.push(...(await coveredControls(page)).map((control) => control + where));
	};
	await lay('');
	const size = page.viewportSize();
	if (size !== null && size.width > ZOOMED.width) {
		await page.setViewportSize(ZOOMED);
		await lay(' at 200 % zoom');
		await page.setViewportSize(size);
	}
	return faults;
}
