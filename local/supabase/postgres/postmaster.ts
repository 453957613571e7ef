// What a data folder says about the server that runs (or ran) on it.

import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

/** From postmaster.pid: line 1 the pid, line 8 the state. Null when no server has claimed the folder. */
export function postmasterState(data: string): { pid: number; isReady: boolean } | null {
	try {
		const lines = fs.readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split('\n');
		return { pid: Number(lines[0]), isReady: lines[7]?.trim() === 'ready' };
	} catch {
		return null;
	}
}

/** The command line of a process, or null when there is none. */
export function commandLine(pid: number): string | null {
	try {
		return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || null;
	} catch {
		if (fs.existsSync('/proc/self')) return null;
	}
	try {
		return execFileSync('ps', ['-p', String(pid), '-o', 'args='], { encoding: 'utf8' }).trim();
	} catch {
		return null;
	}
}

/** Whether the process is a Postgres server on exactly this data folder: pids are used again. */
export const isOurServer = (pid: number, data: string): boolean =>
	commandLine(pid)?.includes(`-D ${data} `) ?? false;

/** Ends a server that was left behind by a supervisor that was killed. Others' processes are never touched. */
export async function stopOrphan(data: string): Promise<void> {
	const state = postmasterState(data);
	if (state === null || !isOurServer(state.pid, data)) return;
	process.kill(state.pid, 'SIGINT');
	const deadline = Date.now() + 10_000;
	while (isOurServer(state.pid, data)) {
		if (Date.now() > deadline) process.kill(state.pid, 'SIGQUIT');
		await new Promise((resolve) => setTimeout(resolve, 25));
	}
}
