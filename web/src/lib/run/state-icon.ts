// The tab's icon while a run page is open: the two rings in the colour of the run's state.
import type { Tone } from './status.ts';

const INKS: Readonly<Record<Tone, string>> = {
	neutral: '#7c8793',
	running: '#2f80d8',
	success: '#2a9d68',
	warning: '#d08a1d',
	danger: '#dd4a43',
};

/** Shows the state; call the returned function to bring the app's own icon back. */
export function showStateIcon(tone: Tone): () => void {
	const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
	if (link === null) return () => {};
	const before = link.href;
	const ink = INKS[tone];
	const svg =
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none">` +
		`<circle cx="15.25" cy="12" r="6.75" fill="${ink}"/>` +
		`<circle cx="8.75" cy="12" r="5.75" stroke="${ink}" stroke-width="2"/></svg>`;
	link.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
	return () => {
		link.href = before;
	};
}
