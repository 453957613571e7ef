// A child process that serves until it is stopped, with its output in a log file.

import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { StackError } from '../supabase/stack-error.ts';

export interface ToolOptions {
	/** For messages. */
	readonly name: string;
	readonly command: string;
	readonly arguments: readonly string[];
	readonly cwd: string;
	readonly env: NodeJS.ProcessEnv;
	readonly logFile: string;
	isReady(): Promise<boolean>;
}

export interface Tool {
	readonly pid: number;
	/** Resolves when it has ended, for whatever reason. */
	readonly ended: Promise<void>;
	stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 5_000;

/** Starts it and waits until it is ready. Throws StackError with the end of its log when it does not get there. */
export async function startTool(options: ToolOptions): Promise<Tool> {
	const log = fs.openSync(options.logFile, 'w', 0o600);
	// A group of its own: Ctrl-C in the terminal reaches only the supervisor, which stops things in order.
	const child = spawn(options.command, options.arguments, {
		cwd: options.cwd,
		env: options.env,
		stdio: ['ignore', log, log],
		detached: true,
	});
	fs.closeSync(log);
	let hasEnded = false;
	const ended = new Promise<void>((resolve) => {
		const end = () => {
			hasEnded = true;
			resolve();
		};
		child.once('error', end);
		child.once('exit', end);
	});
	const stop = async (): Promise<void> => {
		if (hasEnded) return;
		child.kill('SIGTERM');
		const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
		await ended;
		clearTimeout(timer);
	};
	const deadline = Date.now() + READY_TIMEOUT_MS;
	while (!(await options.isReady())) {
		if (!hasEnded && Date.now() < deadline) {
			await new Promise((resolve) => setTimeout(resolve, 50));
			continue;
		}
		await stop();
		const text = fs.readFileSync(options.logFile, 'utf8').trim();
		throw new StackError(
			`The ${options.name} did not start: ${text.split('\n').slice(-8).join('\n')}`,
			`Read ${options.logFile}`,
		);
	}
	return { pid: child.pid ?? 0, ended, stop };
}
