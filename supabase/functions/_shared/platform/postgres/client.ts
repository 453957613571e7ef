// The Postgres client: simple and extended queries with text results, and the COPY splice. Its own, because
// no driver on npm has back-pressure over TLS on Deno, and none forwards COPY without building rows.
import type { Address, TlsMode } from './dial.ts';
import type { CopyResult, Param, Row, Session } from './session.ts';
import { ident, literal } from './sql.ts';
import { PostgresError } from './postgres-error.ts';
import { connectionLost } from './errors.ts';
import { type Credentials, giveUp, type Link, openLink, send, untilReady } from './link.ts';
import { BACKEND, frame, FRONTEND, int16, int32, joined, type Message } from './messages.ts';
import { copyBetween } from './copy.ts';
import { copyBytes } from './copy-in.ts';
import { copyRows } from './copy-out.ts';
import { readColumns, readParameterTypes, readRow, writeParam } from './values.ts';

export interface ConnectOptions extends Address, Credentials {
	/** Session settings made right after signing in, in this order. */
	readonly settings?: Readonly<Record<string, string>> | undefined;
	/** Gives up connecting; a session that is open does not listen to it any more. */
	readonly signal?: AbortSignal | undefined;
	/** For connecting and signing in together; poolers may queue. Default 30. */
	readonly timeoutSeconds?: number | undefined;
	/** An operation that hears nothing for this long counts as lost. Default 140: an edge function lives 150 s. */
	readonly silenceSeconds?: number | undefined;
	/** How errors call it. Default `database`. */
	readonly name?: string | undefined;
	/** What is thrown in place of an error of this client. Default: the error as it is. */
	readonly errorOf?: ((error: PostgresError) => Error) | undefined;
}

const links = new WeakMap<Session, Link>();

/**
 * Opens a session. Throws PostgresError, or what `errorOf` makes of it, as all calls of the session do.
 */
export function connect(options: ConnectOptions): Promise<Session> {
	return spoken(options, () => open(options));
}

async function open(options: ConnectOptions): Promise<Session> {
	const link = await openLink(options, options, options.name ?? 'database', {
		signal: options.signal,
		timeoutSeconds: options.timeoutSeconds ?? 30,
	});
	const silence = options.silenceSeconds ?? 140;
	const settings = Object.entries(options.settings ?? {}).map(
		([name, value]) => `set ${ident(name)} to ${literal(value)};`,
	);
	try {
		const results = await watched([link], silence, () =>
			runScript(link, [...settings, 'show server_version_num'].join('\n')),
		);
		const serverVersion = Number(results.at(-1)?.[0]?.['server_version_num']);
		return createSession(link, serverVersion, [...RESET, ...settings].join('\n'), (links, run) =>
			spoken(options, () => watched(links, silence, run)),
		);
	} catch (error) {
		link.stream.close();
		throw error;
	}
}

/** Like `connect`, from `postgresql://user:password@host:port/database?sslmode=…` (disable, require, verify-full). */
export function connectUrl(
	url: string,
	more: Partial<Omit<ConnectOptions, 'host' | 'port' | 'user' | 'password' | 'database'>> = {},
): Promise<Session> {
	const { hostname, port, username, password, pathname, searchParams } = new URL(url);
	return connect({
		host: decodeURIComponent(hostname).replace(/^\[|\]$/g, ''),
		port: port === '' ? 5432 : Number(port),
		user: decodeURIComponent(username),
		password: decodeURIComponent(password),
		database: decodeURIComponent(pathname.slice(1)) || 'postgres',
		tls: tlsOf(searchParams.get('sslmode')),
		...more,
	});
}

function tlsOf(sslmode: string | null): TlsMode {
	if (sslmode === 'disable') return 'off';
	return sslmode === null || sslmode === 'allow' || sslmode === 'prefer' ? 'if-offered' : 'verify';
}

/** `discard all` without `deallocate all`. */
const RESET = [
	'rollback;',
	'close all;',
	'reset session authorization;',
	'reset all;',
	'unlisten *;',
	'select pg_catalog.pg_advisory_unlock_all();',
	'discard temp;',
	'discard sequences;',
];

/** Lets the user of the client say what is thrown. */
async function spoken<T>({ errorOf }: ConnectOptions, work: () => Promise<T>): Promise<T> {
	try {
		return await work();
	} catch (error) {
		throw error instanceof PostgresError && errorOf ? errorOf(error) : error;
	}
}

/** Runs an operation on links. */
type Operate = <T>(involved: readonly Link[], operation: () => Promise<T>) => Promise<T>;

function createSession(
	link: Link,
	serverVersion: number,
	resetScript: string,
	operate: Operate,
): Session {
	const session: Session = {
		serverVersion,
		get answered() {
			return link.answered;
		},
		// The caller names the row type; it is the shape its own SQL gives.
		async query<R extends object = Row>(text: string, params?: readonly Param[]) {
			const rows = await operate([link], async () =>
				params === undefined
					? ((await runScript(link, text)).at(-1) ?? [])
					: runQuery(link, text, params),
			);
			return rows as R[];
		},
		script: (text) => operate([link], () => runScript(link, text)),
		copyInto(target, copyOut, copyIn): Promise<CopyResult> {
			const sink = links.get(target);
			return operate(sink ? [link, sink] : [link], async () => {
				if (!sink) throw new PostgresError('misuse', 'copyInto needs two sessions of this client');
				return copyBetween(link, sink, copyOut, copyIn);
			});
		},
		copyOut: (copy, write) => operate([link], () => copyRows(link, copy, write)),
		copyIn: (copy, bytes) => operate([link], () => copyBytes(link, copy, bytes)),
		async reset() {
			await operate([link], () => runScript(link, resetScript));
		},
		async close() {
			if (!link.lost && !link.busy) {
				await send(link, frame(FRONTEND.terminate)).catch(() => undefined);
			}
			giveUp(link, connectionLost(link.name, 'it was closed'));
		},
	};
	links.set(session, link);
	return session;
}

/** Runs an operation, giving up its links when none of them has shown life for `silence` seconds. */
async function watched<T>(
	involved: readonly Link[],
	silence: number,
	operation: () => Promise<T>,
): Promise<T> {
	for (const link of involved) {
		if (link.lost) throw link.lost;
		if (link.busy) throw new PostgresError('misuse', `The ${link.name} session is in use`);
	}
	for (const link of involved) {
		link.busy = true;
		link.heardAt = performance.now();
	}
	const check = (): void => {
		const heardAt = Math.max(...involved.map((link) => link.heardAt));
		const left = silence * 1000 - (performance.now() - heardAt);
		if (left > 10) timer = setTimeout(check, left);
		else
			for (const link of involved)
				giveUp(link, connectionLost(link.name, `silent for ${silence} s`));
	};
	let timer = setTimeout(check, silence * 1000);
	try {
		return await operation();
	} finally {
		clearTimeout(timer);
		for (const link of involved) link.busy = false;
	}
}

/** Collects results: rows of each statement, in order. A COPY that nobody feeds is ended at once. */
function createCollector(link: Link) {
	const results: Row[][] = [];
	let columns: ReturnType<typeof readColumns> = [];
	let rows: Row[] = [];
	const next = () => {
		results.push(rows);
		rows = [];
	};
	return {
		results,
		onMessage({ type, body }: Message): void {
			if (type === BACKEND.rowDescription) columns = readColumns(body);
			else if (type === BACKEND.dataRow) {
				link.answered += body.length;
				rows.push(readRow(columns, body));
			} else if (type === BACKEND.commandComplete || type === BACKEND.emptyQuery) next();
			else if (type === BACKEND.copyIn) {
				send(link, frame(FRONTEND.copyFail, 'no rows were given')).catch(() => undefined);
			}
		},
	};
}

async function runScript(link: Link, text: string): Promise<Row[][]> {
	const collector = createCollector(link);
	await send(link, frame(FRONTEND.query, text));
	await untilReady(link, collector.onMessage);
	return collector.results;
}

async function runQuery(link: Link, text: string, params: readonly Param[]): Promise<Row[]> {
	const parse = frame(FRONTEND.parse, '', text, int16(0));
	const types = params.some(Array.isArray) ? await parameterTypes(link, parse) : undefined;
	const values = params.map((param, index) => {
		const value = writeParam(param, types?.[index]);
		if (value === null) return int32(-1);
		const bytes = new TextEncoder().encode(value);
		return joined([int32(bytes.length), bytes]);
	});
	const collector = createCollector(link);
	await send(
		link,
		joined([
			// Again after asking for types: behind a pooler of transactions that was another connection.
			parse,
			frame(FRONTEND.bind, '', '', int16(0), int16(values.length), ...values, int16(0)),
			frame(FRONTEND.describe, new TextEncoder().encode('P'), ''),
			frame(FRONTEND.execute, '', int32(0)),
			frame(FRONTEND.sync),
		]),
	);
	await untilReady(link, collector.onMessage);
	return collector.results.at(-1) ?? [];
}

/** Asks what type each parameter has: an array goes as JSON into jsonb, and as an array into text[]. */
async function parameterTypes(link: Link, parse: Uint8Array): Promise<readonly number[]> {
	let types: readonly number[] = [];
	const describe = frame(FRONTEND.describe, new TextEncoder().encode('S'), '');
	await send(link, joined([parse, describe, frame(FRONTEND.sync)]));
	await untilReady(link, ({ type, body }) => {
		if (type === BACKEND.parameterDescription) types = readParameterTypes(body);
	});
	return types;
}
