// CPU time and memory of a Deno process, from /proc. Null where there is none (macOS): limits are then not enforced.

import * as fs from 'node:fs';

export interface Usage {
	/**
	 * User and system time of the thread that runs the function's code, since the process began: that is what the
	 * hosted runtime bills (the thread's clock). Threads that compile and collect garbage beside it are not counted;
	 * how much they do depends on how busy the machine is.
	 */
	readonly cpuMs: number;
	/** Memory of its own now; mapped files, such as the binary itself, are not counted. */
	readonly memoryBytes: number;
}

/** Kernel ticks per second: 100 on every Linux we know. */
const TICK_MS = 10;

export function usageOf(pid: number): Usage | null {
	try {
		const stat = fs.readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8');
		const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
		return { cpuMs: cpuMsOf(stat), memoryBytes: memoryBytesOf(status) };
	} catch {
		return null;
	}
}

/** The name of the command, in parentheses, may itself contain spaces and parentheses. */
export function cpuMsOf(stat: string): number {
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

export function memoryBytesOf(status: string): number {
	return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
