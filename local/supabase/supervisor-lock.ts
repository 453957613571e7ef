// One supervisor per stack: a file with its process id, and a list of the processes it started, so that what a
// killed supervisor left behind can be found and ended. A process id alone proves nothing: ids are used again.

import * as fs from 'node:fs';
import * as path from 'node:path';
import { writePrivately } from './private-file.ts';
import { commandLine } from './postgres/postmaster.ts';
import { StackError } from './stack-error.ts';

interface Owned {
	readonly pid: number;
	/** Its command line when it was recorded. */
	readonly command: string;
}

interface LockFile {
	readonly supervisor: Owned;
	readonly children: readonly Owned[];
}

export interface SupervisorLock {
	/** Remembers a child, so that the next supervisor can end it should this one be killed. */
	own(pid: number): void;
	forget(pid: number): void;
	release(): void;
}

/** Takes the lock of `home`. Ends what a dead supervisor left; throws StackError when another one lives. */
export function takeSupervisorLock(home: string): SupervisorLock {
	const file = path.join(home, 'supervisor.json');
	const before = read(file);
	if (before !== null) {
		if (before.supervisor.pid !== process.pid && isSame(before.supervisor)) {
			throw new StackError(
				`The local stack is already running (process ${before.supervisor.pid}).`,
				`Stop it with Ctrl-C where it runs, or: kill ${before.supervisor.pid}`,
			);
		}
		endChildren(before);
	}
	const children = new Map<number, Owned>();
	let released = false;
	// Once released there is nothing to tell: the folder may be gone before the last child's exit is seen.
	const save = () => {
		if (released) return;
		writePrivately(
			file,
			JSON.stringify({ supervisor: owned(process.pid), children: [...children.values()] }),
		);
	};
	save();
	return {
		own(pid) {
			children.set(pid, owned(pid));
			save();
		},
		forget(pid) {
			if (children.delete(pid)) save();
		},
		release: () => {
			released = true;
			fs.rmSync(file, { force: true });
		},
	};
}

/** Ends what a stack of `home` left behind, unless its supervisor lives. */
export function endLeftovers(home: string): void {
	const left = read(path.join(home, 'supervisor.json'));
	if (left !== null && !isSame(left.supervisor)) endChildren(left);
}

function endChildren({ children }: LockFile): void {
	for (const child of children) if (isSame(child)) process.kill(child.pid, 'SIGKILL');
}

const owned = (pid: number): Owned => ({ pid, command: commandLine(pid) ?? '' });

const isSame = (known: Owned): boolean =>
	known.command !== '' && commandLine(known.pid) === known.command;

function read(file: string): LockFile | null {
	try {
		// Written by `save` above; a half written file cannot be, since it is renamed into place.
		return JSON.parse(fs.readFileSync(file, 'utf8')) as LockFile;
	} catch {
		return null;
	}
}
