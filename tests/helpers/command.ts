// A command of this repository, run as a shell runs it.
import { spawn } from 'node:child_process';
import { ROOT_DIR } from '../../local/state-dir.ts';

export interface Ended {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/**
 * Runs a program to its end. `interruptAt`: Ctrl-C, which a terminal sends to the whole group of processes, once this
 * text stands in stderr.
 */
export function runCommand(
	program: string,
	words: readonly string[],
	{ env, interruptAt }: { readonly env: NodeJS.ProcessEnv; readonly interruptAt?: string },
): Promise<Ended> {
	return new Promise((resolve, reject) => {
		const child = spawn(program, words, {
			cwd: ROOT_DIR,
			env: { ...process.env, ...env },
			detached: true,
		});
		let [stdout, stderr] = ['', ''];
		let isInterrupted = interruptAt === undefined;
		child.stdout.on('data', (chunk) => (stdout += String(chunk)));
		child.stderr.on('data', (chunk) => {
			stderr += String(chunk);
			if (isInterrupted || !stderr.includes(interruptAt ?? '')) return;
			isInterrupted = true;
			if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
		});
		child.once('error', reject);
		child.once('close', (code) => resolve({ code, stdout, stderr }));
	});
}
