// Sends the HTTP requests that a project's database queued through pg_net, after the transaction that queued them
// has committed, and stores the answers. As on the hosted platform nothing is retried, and a batch is one transaction
// that lasts as long as its slowest request: nobody else is called meanwhile.

import postgres from 'postgres';

export interface PgNet {
	close(): Promise<void>;
}

interface QueuedRequest {
	readonly id: string;
	readonly method: string;
	readonly url: string;
	readonly headers: Record<string, string> | null;
	readonly body: Uint8Array | null;
	readonly timeout_milliseconds: number;
}

interface Answer {
	readonly status_code: number | null;
	readonly content_type: string | null;
	readonly headers: Record<string, string> | null;
	readonly content: string | null;
	readonly timed_out: boolean;
	readonly error_msg: string | null;
}

const BATCH = 200;
/** NOTIFY wakes at once; this is for what a lost connection or a new extension made us miss. */
const POLL_MS = 1_000;
const RESPONSE_LIFE = '6 hours';

/** Works until closed. `adminUrl` is the superuser's; the extension may be created later. */
export async function startPgNet(adminUrl: string): Promise<PgNet> {
	const sql = postgres(adminUrl, { max: 2, onnotice: () => undefined });
	const stopping = new AbortController();
	let draining: Promise<void> | null = null;
	let isWokenAgain = false;

	async function drain(): Promise<void> {
		do {
			isWokenAgain = false;
			const [found] = await sql`select to_regclass('net.http_request_queue') is not null as exists`;
			if (found?.['exists'] !== true) return;
			const sent = await sql.begin(sendBatch);
			if (sent === BATCH) isWokenAgain = true;
		} while (isWokenAgain && !stopping.signal.aborted);
	}

	/** Takes a batch, sends all of it, and stores the answers when the last has come; returns how many there were. */
	async function sendBatch(transaction: postgres.TransactionSql): Promise<number> {
		const batch = await transaction<QueuedRequest[]>`
			delete from net.http_request_queue
			where id in (select id from net.http_request_queue order by id limit ${BATCH})
			returning *`;
		const answers = await Promise.all(
			batch.map(async (request) => ({
				id: request.id,
				...(await answerTo(request, stopping.signal)),
			})),
		);
		for (const answer of answers) {
			const headers = answer.headers === null ? null : transaction.json(answer.headers);
			await transaction`insert into net._http_response ${transaction({ ...answer, headers })}`;
		}
		if (batch.length > 0) {
			await transaction`delete from net._http_response where created < now() - ${RESPONSE_LIFE}::interval`;
		}
		return batch.length;
	}

	function wake(): void {
		if (stopping.signal.aborted) return;
		isWokenAgain = true;
		draining ??= drain()
			.catch(() => undefined)
			.finally(() => (draining = null));
	}

	await sql.listen('pg_net_wake', wake, wake);
	const timer = setInterval(wake, POLL_MS);
	return {
		async close() {
			clearInterval(timer);
			stopping.abort();
			await draining;
			await sql.end({ timeout: 2 });
		},
	};
}

/** The answer as pg_net stores it: a refused connection and a timeout are answers too. */
async function answerTo(request: QueuedRequest, stopping: AbortSignal): Promise<Answer> {
	const timeout = AbortSignal.timeout(request.timeout_milliseconds);
	try {
		const response = await fetch(request.url, {
			method: request.method.toUpperCase(),
			headers: request.headers ?? {},
			...(request.body === null ? {} : { body: new Uint8Array(request.body) }),
			redirect: 'manual',
			signal: AbortSignal.any([timeout, stopping]),
		});
		return {
			status_code: response.status,
			content_type: response.headers.get('content-type'),
			headers: Object.fromEntries(response.headers),
			content: (await response.text()).replaceAll('\0', ''),
			timed_out: false,
			error_msg: null,
		};
	} catch (error) {
		return {
			status_code: null,
			content_type: null,
			headers: null,
			content: null,
			timed_out: timeout.aborted,
			error_msg: timeout.aborted
				? `Timeout of ${request.timeout_milliseconds} ms reached.`
				: reasonOf(error),
		};
	}
}

function reasonOf(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	return error.cause instanceof Error ? error.cause.message : error.message;
}
