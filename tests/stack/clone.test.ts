// The whole way of a clone, as a user: sign in, start it, watch it, read its report; by the database, the queue,
// pg_net, real Deno workers under the hosted limits, the Management API and the pooler.
import * as fs from 'node:fs';
import postgres from 'postgres';
import type { ItemOutcome } from '../../supabase/functions/_shared/domain/status.ts';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { compareProjects } from '../../local/demo/compare.ts';
import { readReport } from '../../local/demo/report.ts';
import { runClone, runVerification, type RunComponent } from '../../local/demo/run.ts';
import { signIn, type DemoSession } from '../../local/demo/session.ts';
import { commandLine } from '../../local/supabase/postgres/postmaster.ts';
import { requestsBeyondLimits } from '../helpers/limits.ts';

const stack = inject('stack');
const never = new AbortController().signal;
let session: DemoSession;

beforeAll(async () => {
	session = await signIn(stack);
});
afterAll(() => session.close());

/** What ended as `outcome`, one line each. */
const objects = async (jobId: string, outcome: ItemOutcome): Promise<string[]> =>
	(await readReport(session, jobId)).items
		.filter((item) => item.outcome === outcome)
		.map((item) => `${item.component} ${item.object}: ${item.detail}`);

describe('a clone of the sample project', () => {
	test(
		'copies everything although its workers are killed at work',
		{ timeout: 420_000 },
		async () => {
			let isKilled = false;
			let rescued: ReturnType<typeof rescue> | undefined;
			const job = await runClone(session, stack, never, (_job, components) => {
				const isHalfDone = components.some(({ status }) => status === 'completed');
				if (!isKilled && isHalfDone) {
					killWorkers();
					rescued = rescue();
				}
				isKilled ||= isHalfDone;
			});
			expect(isKilled).toBe(true);
			// A lease of 10 s, looked for every two seconds, on a machine that does other things as well. A stack that is
			// not a minute old has to wait for the minute first.
			const { seconds, isLookedFor } = (await rescued) ?? {};
			expect(seconds).toBeLessThan(isLookedFor ? 30 : 80);
			expect(await objects(job.id, 'failed')).toEqual([]);
			expect(job.status).toBe('completed');
		},
	);

	test('leaves two projects that are equal by plain SQL', async () => {
		const comparison = await compareProjects(stack);
		expect(comparison.differences).toEqual([]);
		expect(comparison.rows).toBeGreaterThan(100);
	});

	test('changes nothing the second time, pushes its progress, and verifies', async () => {
		const states: (readonly RunComponent[])[] = [];
		const { answer: job, used } = await measured(() =>
			runClone(session, stack, never, (_job, components) => states.push(components)),
		);
		// One login per project, for all slices of both clones that fall into its lifetime.
		expect(used.logins).toBeLessThanOrEqual(stack.projects.length);
		// Workers have a connection to the control database while they call it, and not for the length of a slice.
		expect(used.slices).toBeGreaterThan(20);
		expect(used.apiCalls).toBeGreaterThan(0);
		expect(used.connectionsAtOnce).toBeLessThanOrEqual(2 * MOST_WORKERS);
		console.info('A clone that has nothing to do:', used);
		expect(await objects(job.id, 'copied')).toEqual([]);
		expect(await objects(job.id, 'failed')).toEqual([]);
		expect(states.length).toBeGreaterThan(1);
		const verification = await runVerification(session, job.id, never);
		expect(verification.findings.filter(({ severity }) => severity === 'failed')).toEqual([]);
	});

	test('keeps its workers within the limits of an edge function', () => {
		expect(requestsBeyondLimits()).toEqual([]);
	});

	test('leaves nothing of ours on the target', async () => {
		const sql = postgres(stack.projects[1]?.db_url ?? '', { max: 1 });
		const schemas = await sql`select nspname from pg_namespace where nspname = '_twins'`;
		await sql.end();
		expect(schemas).toEqual([]);
	});
});

/** Slices of one run at a time. */
const MOST_WORKERS = 3;

/** What the work takes of the Management API and the control database. */
async function measured<T>(work: () => Promise<T>) {
	const control = postgres(stack.control.db_url, { max: 1 });
	const calls = async (): Promise<string[]> => {
		const answer = await fetch(`${stack.management_api_url}/__log`, {
			headers: { authorization: `Bearer ${stack.access_token}` },
		});
		return (await answer.json()) as string[];
	};
	const counted = async () => {
		const [row] = await control`select
			(select sessions from pg_stat_database where datname = current_database()) as connections,
			(select count(*) from public.job_slices) as slices`;
		return { connections: Number(row?.['connections']), slices: Number(row?.['slices']) };
	};
	const atOnce: number[] = [];
	let isOver = false;
	const look = async (): Promise<void> => {
		while (!isOver) {
			const open = await control`select from pg_stat_activity where application_name = 'twins'`;
			atOnce.push(open.length);
			await new Promise((resolve) => setTimeout(resolve, 100));
		}
	};
	try {
		await calls();
		const before = await counted();
		const looking = look();
		const answer = await work().finally(() => (isOver = true));
		await looking;
		const [after, since] = [await counted(), await calls()];
		const used = {
			logins: since.filter((line) => line.endsWith('/cli/login-role')).length,
			apiCalls: since.length,
			slices: after.slices - before.slices,
			connectionsInAll: after.connections - before.connections,
			connectionsAtOnce: Math.max(...atOnce),
		};
		return { answer, used };
	} finally {
		await control.end();
	}
}

/** Kills the Deno processes that serve `worker` for this stack, as a crash of the platform would. */
function killWorkers(): void {
	const supervisor = inject('supervisor');
	if (supervisor === null) return;
	fs.readFileSync(`/proc/${supervisor}/task/${supervisor}/children`, 'utf8')
		.split(' ')
		.map(Number)
		.filter((pid) => pid > 0 && commandLine(pid)?.includes('functions/worker'))
		.forEach((pid) => process.kill(pid, 'SIGKILL'));
}

/** Waits until nothing that is leased now is leased as it is. How long it took, and whether cron was looking already. */
async function rescue(): Promise<{ seconds: number; isLookedFor: boolean }> {
	const sql = postgres(stack.control.db_url, { max: 1 });
	const begun = performance.now();
	try {
		const held = await sql`select lease from private.steps where status = 'running'`;
		const leases = held.map(({ lease }) => String(lease));
		const looking = await sql`
			select from cron.job_run_details join cron.job using (jobid)
			where jobname = 'twins-keep-moving' and job_run_details.status = 'running'`;
		await expect
			.poll(() => sql`select from private.steps where lease = any (${leases})`, {
				timeout: 90_000,
				interval: 200,
			})
			.toHaveLength(0);
		return { seconds: (performance.now() - begun) / 1000, isLookedFor: looking.length > 0 };
	} finally {
		await sql.end();
	}
}
