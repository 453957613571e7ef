// The context of one slice, for tests that drive the stage `rows` by hand.
import type { CloneOptions } from '../../supabase/functions/_shared/domain/clone.ts';
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import type { Item } from '../../supabase/functions/_shared/contract/report.ts';
import type { Endpoint } from '../../supabase/functions/_shared/contract/endpoint.ts';
import type { StageContext } from '../../supabase/functions/_shared/contract/context.ts';
import { startBudget } from '../../supabase/functions/_shared/engine/budget.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import type { Session } from '../../supabase/functions/_shared/platform/postgres/index.ts';
import { testOptions } from '../helpers/clone.ts';

export interface SliceInput {
	readonly jobId: string;
	readonly source: { readonly dbUrl: string };
	readonly target: { readonly dbUrl: string };
	readonly cursor?: unknown;
	readonly limits?: Parameters<typeof startBudget>[0];
	readonly ignoreRules?: readonly string[];
	readonly options?: Partial<CloneOptions>;
	readonly report?: (items: readonly Item[]) => void;
}

/** Gives `run` a context whose connections are closed afterwards. */
export async function withContext<T>(
	input: SliceInput,
	run: (context: StageContext) => Promise<T>,
): Promise<T> {
	const opened: Session[] = [];
	const unused = (): Promise<never> => Promise.reject(new Error('not used by these tests'));
	const endpoint = (role: EndpointRole): Endpoint => {
		const connect = async (): Promise<Session> => {
			const session = await connectUrl(input[role].dbUrl);
			opened.push(session);
			if (role === 'source') await session.query('set default_transaction_read_only to on');
			return session;
		};
		let main: Promise<Session> | undefined;
		return {
			role,
			ref: role,
			services: [],
			url: '',
			database: () => (main ??= connect()),
			connect,
			api: { get: unused, send: unused, fetch: unused },
			storage: unused,
			keys: unused,
		};
	};
	try {
		return await run({
			jobId: input.jobId,
			options: testOptions(input.options),
			ignoreRules: input.ignoreRules ?? [],
			source: endpoint('source'),
			target: endpoint('target'),
			cursor: input.cursor ?? null,
			signal: new AbortController().signal,
			...startBudget(input.limits),
			report: (...items) => input.report?.(items),
			failures: [],
			isLastTry: false,
			memory: {},
			remember: () => undefined,
			announce: () => Promise.resolve(),
			progress: () => undefined,
		});
	} finally {
		await Promise.all(opened.map((session) => session.close()));
	}
}
