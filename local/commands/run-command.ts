// What every command does around its work: one clear line for what its user can mend, and an exit code.

import { StackError } from '../supabase/stack-error.ts';

/** Runs `work`; its number is the exit code. */
export async function runCommand(work: () => Promise<number>): Promise<void> {
	try {
		process.exitCode = await work();
	} catch (error) {
		process.exitCode = 1;
		if (error instanceof StackError) console.error(`${error.message}\n${error.fix}`);
		else if (isCode(error, 'ENOSPC'))
			console.error('The disk is full.\nFree some space and try again.');
		else console.error(error);
	}
	process.exit();
}

const isCode = (error: unknown, code: string): boolean =>
	error instanceof Error && 'code' in error && error.code === code;
