// A run kept current: what the server read for the first paint, then pushed changes, then, while the
// channel is down, polling. Every event carries the whole state, so nothing has to be pieced together.
import type { RealtimeChannel } from '@supabase/supabase-js';
import { createQuery, useQueryClient } from '@tanstack/svelte-query';
import * as z from 'zod/mini';
import { isFinished } from '#shared/domain/status.ts';
import { browserClient, type ControlClient } from '../data/client.ts';
import { readRun, type RunState } from '../data/clones.ts';
import type { JobComponentRow, JobRow } from '../data/rows.ts';

export type Connection = 'connecting' | 'live' | 'reconnecting' | 'polling' | 'finished';

const POLL_MILLISECONDS = 3_000;
/** Even a live channel may lose an event: look at the tables now and then. */
const SAFETY_MILLISECONDS = 15_000;
const VERIFYING_MILLISECONDS = 2_000;
/** A channel that is down for longer counts as down, not as reconnecting. */
const PATIENCE_MILLISECONDS = 5_000;

const changed = z.object({
	job: z.custom<JobRow>((value) => hasId(value)),
	components: z.custom<readonly JobComponentRow[]>((value) => Array.isArray(value)),
});

function hasId(value: unknown): boolean {
	return typeof value === 'object' && value !== null && 'id' in value;
}

export class LiveRun {
	#connection = $state<Connection>('connecting');
	#query;
	readonly #initial: () => RunState;

	constructor(jobId: () => string, initial: () => RunState) {
		this.#initial = initial;
		const queries = useQueryClient();
		this.#query = createQuery(() => ({
			queryKey: ['run', jobId()],
			queryFn: async () => (await readRun(await browserClient(), jobId())) ?? initial(),
			initialData: initial(),
			initialDataUpdatedAt: initial().readAt,
			refetchInterval: ({ state }) => this.#interval(state.data),
			refetchOnWindowFocus: 'always',
			refetchOnReconnect: 'always',
		}));

		$effect(() => {
			const id = jobId();
			const key = ['run', id];
			return watch(id, {
				// The page was read before the channel stood: read again, so that nothing falls between.
				joined: () => void queries.invalidateQueries({ queryKey: key }),
				connection: (connection) => (this.#connection = connection),
				changed: (payload) => {
					const event = changed.safeParse(payload);
					if (!event.success || event.data.job.id !== id) return;
					const { job, components } = event.data;
					void queries.cancelQueries({ queryKey: key });
					queries.setQueryData<RunState>(key, (known) => ({
						verification: known?.verification ?? null,
						job,
						components,
						readAt: Date.now(),
					}));
					// The last event has no verification with it.
					if (isFinished(job.status)) void queries.invalidateQueries({ queryKey: key });
				},
			});
		});
	}

	get state(): RunState {
		return this.#query.data ?? this.#initial();
	}

	get connection(): Connection {
		return isFinished(this.state.job.status) ? 'finished' : this.#connection;
	}

	/** Epoch milliseconds of the last state that came in. */
	get updatedAt(): number {
		return this.state.readAt;
	}

	refresh(): void {
		void this.#query.refetch();
	}

	#interval(state: RunState | undefined): number | false {
		if (state === undefined) return POLL_MILLISECONDS;
		if (state.verification !== null && state.verification.finished_at === null) {
			return VERIFYING_MILLISECONDS;
		}
		if (isFinished(state.job.status)) return false;
		return this.#connection === 'live' ? SAFETY_MILLISECONDS : POLL_MILLISECONDS;
	}
}

interface Watcher {
	joined(): void;
	connection(connection: Connection): void;
	changed(payload: unknown): void;
}

/** Listens to the private channel of a job until the returned function is called. */
function watch(jobId: string, watcher: Watcher): () => void {
	let supabase: ControlClient | undefined;
	let channel: RealtimeChannel | undefined;
	let ended = false;
	let patience: ReturnType<typeof setTimeout> | undefined;

	const lost = () => {
		watcher.connection('reconnecting');
		patience ??= setTimeout(() => watcher.connection('polling'), PATIENCE_MILLISECONDS);
	};

	void (async () => {
		supabase = await browserClient();
		// Private channels are joined with the user's token.
		await supabase.realtime.setAuth();
		if (ended) return;
		channel = supabase
			.channel(`job:${jobId}`, { config: { private: true } })
			.on('broadcast', { event: 'changed' }, ({ payload }) => watcher.changed(payload))
			.subscribe((status) => {
				if (ended) return;
				if (status !== 'SUBSCRIBED') return lost();
				clearTimeout(patience);
				patience = undefined;
				watcher.connection('live');
				watcher.joined();
			});
	})().catch(lost);

	return () => {
		ended = true;
		clearTimeout(patience);
		if (channel !== undefined) void supabase?.removeChannel(channel);
	};
}
