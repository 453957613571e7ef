// Open pages, for load.bench.ts: a process of its own with a socket for each. A page reads its clone once, and listens to what
// is broadcast of it; told of the next clone of its user, it goes there.
import { createClient, type RealtimeChannel, type SupabaseClient } from '@supabase/supabase-js';

export interface PagesTask {
	readonly url: string;
	readonly key: string;
	/** Access tokens, one a user. */
	readonly tokens: readonly string[];
	readonly pagesOfUser: number;
}

export interface PagesReport {
	readonly pages: number;
	/** That listen now. */
	readonly listening: number;
	readonly failedJoins: number;
	readonly events: number;
	/** Milliseconds of what a page reads when it opens. */
	readonly reads: readonly number[];
}

interface Page {
	readonly supabase: SupabaseClient;
	channel: RealtimeChannel | undefined;
	isListening: boolean;
}

const pagesOfUsers: Page[][] = [];
const counted = { failedJoins: 0, events: 0, reads: [] as number[] };

function open({ url, key, tokens, pagesOfUser }: PagesTask): void {
	for (const token of tokens) {
		pagesOfUsers.push(
			Array.from({ length: pagesOfUser }, () => ({
				supabase: createClient(url, key, { accessToken: () => Promise.resolve(token) }),
				channel: undefined,
				isListening: false,
			})),
		);
	}
}

async function goTo(page: Page, jobId: string): Promise<void> {
	if (page.channel) await page.supabase.removeChannel(page.channel);
	page.isListening = false;
	await page.supabase.realtime.setAuth();
	page.channel = page.supabase
		.channel(`job:${jobId}`, { config: { private: true } })
		.on('broadcast', { event: 'changed' }, () => void (counted.events += 1))
		.subscribe((status) => {
			page.isListening = status === 'SUBSCRIBED';
			if (status === 'CHANNEL_ERROR' || status === 'TIMED_OUT') counted.failedJoins += 1;
		});
	const begun = performance.now();
	await Promise.all([
		page.supabase.from('jobs').select('*').eq('id', jobId),
		page.supabase.from('job_components').select('*').eq('job_id', jobId),
	]);
	counted.reads.push(performance.now() - begun);
}

type Told = PagesTask | { readonly user: number; readonly jobId: string } | 'report';

process.on('message', (told: Told) => {
	if (told === 'report') {
		const pages = pagesOfUsers.flat();
		const report: PagesReport = {
			...counted,
			pages: pages.length,
			listening: pages.filter(({ isListening }) => isListening).length,
		};
		process.send?.(report);
		counted.reads = [];
		counted.events = 0;
	} else if ('tokens' in told) open(told);
	else
		for (const page of pagesOfUsers[told.user] ?? [])
			void goTo(page, told.jobId).catch(() => undefined);
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
