// Supabase limits the rate of calls (HTTP 429) while a clone runs: it waits as it is told, keeps to 120 calls a minute over all
// workers, and ends with the reason where the limit does not end.
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { signIn, type DemoSession } from '../../local/demo/session.ts';
import { cloneOptionsSchema } from '../../supabase/functions/_shared/domain/clone.ts';

const stack = inject('stack');
const [source, target] = stack.projects;
const control = postgres(stack.control.db_url, { max: 1, onnotice: () => undefined });
let session: DemoSession;

beforeAll(async () => {
	session = await signIn(stack);
	// Other tests may have used up the calls of the minute.
	await control`delete from private.api_calls`;
});
afterEach(async () => {
	await management('DELETE', '/__faults');
	await control`delete from private.api_calls`;
});
afterAll(async () => {
	await session.close();
	await control.end();
});

const management = (method: string, path: string, body?: object) =>
	fetch(`${stack.management_api_url}${path}`, {
		method,
		headers: {
			authorization: `Bearer ${stack.access_token}`,
			'content-type': 'application/json',
		},
		...(body ? { body: JSON.stringify(body) } : {}),
	});

const calls = async (): Promise<number> => {
	const answer = await management('GET', '/__log');
	return ((await answer.json()) as string[]).length;
};

/** A clone of what is made by the Management API alone. */
async function start(): Promise<string> {
	const components = Object.fromEntries(
		Object.keys(cloneOptionsSchema.parse({}).components).map((key) => [
			key,
			key === 'edge_functions',
		]),
	);
	const { data, error } = await session.supabase.rpc('start_clone', {
		...{ source_account_id: session.accountId, source_ref: source?.ref },
		...{ target_account_id: session.accountId, target_ref: target?.ref },
		options: { components, confirm_target: target?.ref },
		without_preview: true,
	});
	expect(error).toBeNull();
	const { id } = data as { id: string };
	onTestFinished(async () => void (await session.supabase.rpc('cancel_job', { job_id: id })));
	return id;
}

async function ended(id: string, seconds: number) {
	await expect
		.poll(
			async () =>
				(await session.supabase.from('jobs').select('finished_at').eq('id', id)).data?.[0]
					?.finished_at as unknown,
			{ timeout: seconds * 1000, interval: 200 },
		)
		.toBeTruthy();
	const { data } = await session.supabase
		.from('jobs')
		.select('status, error')
		.eq('id', id)
		.single();
	return data as { status: string; error: { code: string; message: string } | null };
}

test('a limit that ends: the clone waits for as long as it is told, and completes', async () => {
	// Both projects are asked at once. A second is sat out; an answer that does not say holds all calls of the account for a minute.
	await management('POST', '/__faults', [
		{ kind: 'rate_limited', calls: 2, seconds: 1 },
		{ kind: 'rate_limited', calls: 1, seconds: 4 },
		{ kind: 'rate_limited', calls: 1, seconds: null },
	]);
	const begun = performance.now();
	const id = await start();
	const heldFor = async (): Promise<number> => {
		const [row] = await control<{ seconds: number | null }[]>`
			select max(extract(epoch from held_until - now()))::float8 as seconds from private.api_calls`;
		return row?.seconds ?? 0;
	};
	await expect.poll(heldFor, { timeout: 40_000, interval: 100 }).toBeGreaterThan(50);
	expect(performance.now() - begun).toBeGreaterThan(1_000);
	const triedAgainIn = async (): Promise<number> => {
		const [row] = await control<{ seconds: number | null }[]>`
			select extract(epoch from max(run_after) - now())::float8 as seconds
			from private.steps where job_id = ${id} and status = 'queued'`;
		return row?.seconds ?? 0;
	};
	await expect.poll(triedAgainIn, { timeout: 30_000, interval: 100 }).toBeGreaterThan(30);
	// Nobody calls meanwhile; the minute is over sooner here.
	await calls();
	await new Promise((resolve) => setTimeout(resolve, 1_500));
	expect(await calls()).toBe(0);
	await control`update private.api_calls set held_until = null`;
	await control`update private.steps set run_after = now() where job_id = ${id} and status = 'queued'`;
	await control`select private.wake_workers()`;
	expect(await ended(id, 40)).toEqual({ status: 'completed', error: null });
});

test('120 calls a minute are all that workers make, whoever they are', async () => {
	// All of a minute but its last seconds.
	await control`
		insert into private.api_calls (account_id, made_at)
		select ${session.accountId}, array_agg(now() - interval '55 seconds' + n * interval '20 milliseconds')
		from generate_series(1, 120) as n
		on conflict (account_id) do update set made_at = excluded.made_at, held_until = null`;
	const [since] = await control<{ now: Date }[]>`select now()`;
	await calls();
	const id = await start();
	expect(await ended(id, 60)).toEqual({ status: 'completed', error: null });
	const [booked] = await control<{ since: number; kept: boolean; waited: boolean }[]>`
		select count(*) filter (where made > ${since?.now ?? null})::int as since,
			bool_and(made > ${since?.now ?? null}::timestamptz + interval '4 seconds') filter (where made > ${since?.now ?? null}) as waited
		from private.api_calls, unnest(made_at) as made`;
	expect(booked).toMatchObject({ waited: true });
	// Every call was booked.
	expect(await calls()).toBe(booked?.since);
});

test('a limit that does not end: the clone fails, and says why', async () => {
	await management('POST', '/__faults', { kind: 'rate_limited', calls: 1e9, seconds: 1 });
	const id = await start();
	// Five of eight tries, as it were.
	await control`update private.steps set attempts = attempts + 5 where job_id = ${id}`;
	expect(await ended(id, 90)).toMatchObject({
		status: 'failed',
		error: {
			code: 'rate_limited',
			message: expect.stringContaining('Supabase limits the rate of'),
		},
	});
	const [{ attempts } = { attempts: 0 }] = await control`
		select max(attempts)::int as attempts from private.steps where job_id = ${id}`;
	expect(attempts).toBe(8 - 1);
});
