// Brings the stack up for a command and keeps it up until Ctrl-C, or until the command is done.

import { openStack, type Stack, type StackOptions } from '../demo/stack.ts';
import { StackError } from '../supabase/stack-error.ts';
import { stackFilePath } from '../demo/stack-file.ts';
import { databasesDir, stateDir } from '../state-dir.ts';

/** What the stack is used for: `done` with an exit code ends it, `stay` keeps it until Ctrl-C. */
export type Use = (stack: Stack, signal: AbortSignal) => Promise<number | 'stay'>;

/** Returns the exit code. Stops all that it started, also after an error or a signal. */
export async function runStack(
	options: Pick<StackOptions, 'web'> & { arguments: readonly string[] },
	use: Use,
): Promise<number> {
	const unknown = options.arguments.filter((argument) => !['--reset', '--exit'].includes(argument));
	if (unknown.length > 0) {
		throw new StackError(`Unknown option ${unknown.join(' ')}`, 'Known are: --reset, --exit');
	}
	const interrupted = new AbortController();
	const interrupt = () => interrupted.abort();
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
	const interruption = new Promise<0>((resolve) =>
		interrupted.signal.addEventListener('abort', () => resolve(0), { once: true }),
	);

	// What nobody caught must still not leave servers behind.
	const { promise: crash, resolve: onCrash } = Promise.withResolvers<1>();
	const crashed = (error: unknown) => {
		console.error(error);
		onCrash(1);
	};
	process.on('uncaughtException', crashed);
	process.on('unhandledRejection', crashed);

	const start = performance.now();
	const home = stateDir();
	const stack = await openStack({
		home,
		databases: databasesDir(),
		templates: databasesDir(),
		reset: options.arguments.includes('--reset'),
		web: options.web,
		durable: true,
		signal: interrupted.signal,
		report: (line) => console.log(line),
	}).catch((error: unknown) => {
		if (interrupted.signal.aborted) return null;
		throw error;
	});
	if (stack === null) return 0;
	let isStopping = false;
	try {
		console.log(`The local stack is ready (${((performance.now() - start) / 1000).toFixed(1)} s).`);
		printAddresses(stack, home);
		const broken = stack.broken.then((reason) => {
			if (isStopping) return 0;
			console.error(reason);
			return 1;
		});
		const using = use(stack, interrupted.signal);
		using.catch(() => undefined);
		const result = await Promise.race([using, interruption, broken, crash]);
		if (result !== 'stay') return result;
		console.log('Ctrl-C stops it.');
		return await Promise.race([interruption, broken, crash]);
	} finally {
		isStopping = true;
		await stack.stop();
	}
}

function printAddresses({ file }: Stack, home: string): void {
	const rows = [
		['Web app', file.web_url],
		['Sign in', `${file.user.email}  ${file.user.password}`],
		['Control project', file.control.url],
		['Management API', file.management_api_url],
		['Source project', file.projects[0]?.url ?? ''],
		['Target project', file.projects[1]?.url ?? ''],
		['All addresses', stackFilePath(home)],
	] as const;
	for (const [name, value] of rows) console.log(`  ${name.padEnd(16)} ${value}`);
}
