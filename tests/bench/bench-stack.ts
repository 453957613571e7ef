// A stack of its own for a measurement, and the ways to both of its projects that users have: our start_clone, and the
// session pooler with TLS, through which the peers go as well.
import { spawn } from 'node:child_process';
import postgres from 'postgres';
import { type DemoSession, signIn } from '../../local/demo/session.ts';
import { openStack } from '../../local/demo/stack.ts';
import type { StackFile } from '../../local/demo/stack-file.ts';
import { databasesDir } from '../../local/state-dir.ts';
import { openTestRun } from '../../local/supabase/test-runs.ts';
import { cloneOptionsSchema } from '../../supabase/functions/_shared/domain/clone.ts';

export interface BenchStack {
	readonly source: BenchProject;
	readonly target: BenchProject;
	/** Seconds from start_clone to the end of the job, as the control database has them. Throws unless it completed. */
	clone(components: readonly string[]): Promise<Measured>;
	/** The same of a verification of the last clone by checksums. Throws unless it passed. */
	verify(): Promise<number>;
	/** The same of a preview with these components. */
	preview(components: readonly string[]): Promise<number>;
	close(): Promise<void>;
}

export interface Measured {
	readonly seconds: number;
	/** What the report says of the moment of the rows. */
	readonly moment: string | null;
	readonly slices: number;
	/** What ran when: `tables.structure 0.4–2.1`, seconds since start_clone, one entry per slice. */
	readonly timeline: readonly string[];
}

export interface BenchProject {
	/** Through the session pooler, with TLS, for peers. */
	readonly pooledUrl: string;
	/** A statement as role postgres, on a connection of its own. */
	run(text: string): Promise<void>;
	/** Rows of one statement. */
	query(text: string): Promise<readonly Record<string, unknown>[]>;
}

/** Brings the stack up; both projects have the sample's schemas only where `start_clone` has brought them. */
export async function openBenchStack(): Promise<BenchStack> {
	const run = await openTestRun(databasesDir(), 'bench');
	const stack = await openStack({
		home: run.dir,
		databases: run.dir,
		templates: databasesDir(),
		reset: false,
		web: 'none',
		durable: false,
		report: () => undefined,
	});
	const session = await signIn(stack.file);
	const control = postgres(stack.file.control.db_url, { max: 1, onnotice: () => undefined });
	const [source, target] = await Promise.all(
		stack.file.projects.map((project) => openProject(stack.file, project)),
	);
	if (!source || !target) throw new Error('the stack has no two projects');
	let lastJob = '';
	return {
		source,
		target,
		async clone(components) {
			const { id } = await started(session, stack.file, 'start_clone', components);
			lastJob = id;
			const seconds = await ended(control, 'jobs', id, ['completed']);
			const [row] = await control<{ slices: number; moment: string | null }[]>`
				select (select count(*)::int from public.job_slices where job_id = ${id}) as slices,
					(select detail from public.job_items where job_id = ${id} and object = 'moment of the rows') as moment`;
			const timeline = await control<{ told: string }[]>`
				select format('%s %s–%s', concat_ws('.', coalesce(slice.component, slice.kind), slice.stage),
					round(extract(epoch from slice.started_at - job.created_at), 1), round(extract(epoch from slice.finished_at - job.created_at), 1)) as told
				from public.job_slices as slice join public.jobs as job on job.id = slice.job_id
				where slice.job_id = ${id} order by slice.started_at`;
			return {
				seconds,
				slices: row?.slices ?? 0,
				moment: row?.moment ?? null,
				timeline: timeline.map(({ told }) => told),
			};
		},
		async verify() {
			const answer = await session.supabase.rpc('start_verification', {
				job_id: lastJob,
				mode: 'checksums',
			});
			return ended(control, 'verifications', idOf(answer), ['passed', 'warning']);
		},
		async preview(components) {
			const { id } = await started(session, stack.file, 'start_preview', components);
			return ended(control, 'previews', id, ['completed']);
		},
		async close() {
			await session.close();
			await control.end();
			await stack.stop();
			run.remove();
		},
	};
}

async function started(
	session: DemoSession,
	{ projects: [source, target] }: StackFile,
	name: 'start_clone' | 'start_preview',
	components: readonly string[],
): Promise<{ readonly id: string }> {
	const { components: all } = cloneOptionsSchema.parse({});
	const chosen = Object.fromEntries(Object.keys(all).map((key) => [key, components.includes(key)]));
	const answer = await session.supabase.rpc(name, {
		source_account_id: session.accountId,
		source_ref: source?.ref,
		target_account_id: session.accountId,
		target_ref: target?.ref,
		options: { components: chosen, confirm_target: target?.ref },
		...(name === 'start_clone' ? { without_preview: true } : {}),
	});
	return { id: idOf(answer) };
}

function idOf({ data, error }: { data: unknown; error: { message: string } | null }): string {
	if (error) throw new Error(error.message);
	const row: unknown = Array.isArray(data) ? data[0] : data;
	return String((row as { id: unknown }).id);
}

const LOOK_EVERY_MS = 100;

async function ended(
	control: postgres.Sql,
	table: 'jobs' | 'verifications' | 'previews',
	id: string,
	wanted: readonly string[],
): Promise<number> {
	for (;;) {
		const [row] = await control<{ status: string; seconds: number | null; told: string | null }[]>`
			select run.status, extract(epoch from run.finished_at - run.created_at)::float8 as seconds,
				to_jsonb(run) ->> 'error' as told
			from ${control(`public.${table}`)} as run where run.id = ${id}`;
		if (row?.seconds !== null && row?.seconds !== undefined) {
			if (wanted.includes(row.status)) return row.seconds;
			throw new Error(`one of ${table} ended as ${row.status}: ${row.told ?? ''}`);
		}
		await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
	}
}

async function openProject(
	stack: StackFile,
	project: StackFile['projects'][number],
): Promise<BenchProject> {
	const response = await fetch(
		`${stack.management_api_url}/v1/projects/${project.ref}/config/database/pooler`,
		{ headers: { authorization: `Bearer ${stack.access_token}` } },
	);
	const [pooler] = (await response.json()) as { db_host: string; db_port: number }[];
	const url = new URL(project.db_url);
	url.username = `${url.username}.${project.ref}`;
	url.hostname = String(pooler?.db_host);
	url.port = String(pooler?.db_port);
	url.searchParams.set('sslmode', 'require');
	const query = async (text: string): Promise<readonly Record<string, unknown>[]> => {
		const sql = postgres(project.db_url, { max: 1, onnotice: () => undefined });
		try {
			return await sql.unsafe(text);
		} finally {
			await sql.end();
		}
	};
	return {
		pooledUrl: url.href,
		query,
		run: async (text) => void (await query(text)),
	};
}

/** Seconds of a command of the shell; throws when it fails. `SOURCE` and `TARGET` are the pooled addresses. */
export function timed(command: string, { source, target }: BenchStack): Promise<number> {
	const begun = performance.now();
	const env = { ...process.env, SOURCE: source.pooledUrl, TARGET: target.pooledUrl };
	return new Promise((resolve, reject) => {
		spawn('bash', ['-o', 'pipefail', '-c', command], {
			env,
			stdio: ['ignore', 'ignore', 'inherit'],
		})
			.once('error', reject)
			.once('close', (code) =>
				code === 0
					? resolve((performance.now() - begun) / 1000)
					: reject(new Error(`${command} ended with ${String(code)}`)),
			);
	});
}
