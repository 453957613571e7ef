import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandLine } from './postgres/postmaster.ts';
import { StackError } from './stack-error.ts';
import { endLeftovers, takeSupervisorLock } from './supervisor-lock.ts';

let home: string;
beforeEach(() => {
	home = fs.mkdtempSync(path.join(os.tmpdir(), 'supervisor-lock-'));
});
afterEach(() => fs.rmSync(home, { recursive: true, force: true }));

/** A process that waits until it is killed. */
async function sleeper() {
	const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], {
		stdio: 'ignore',
	});
	await new Promise((resolve) => child.once('spawn', resolve));
	const pid = child.pid ?? 0;
	const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
	return { pid, command: commandLine(pid) ?? '', ended, child };
}

const writeLock = (supervisor: object, children: readonly object[] = []) =>
	fs.writeFileSync(path.join(home, 'supervisor.json'), JSON.stringify({ supervisor, children }));

describe('the lock of a supervisor', () => {
	test('is refused while another supervisor lives, with what to do', async () => {
		const other = await sleeper();
		writeLock(other);
		expect(() => takeSupervisorLock(home)).toThrow(StackError);
		expect(() => takeSupervisorLock(home)).toThrow(`process ${other.pid}`);
		other.child.kill('SIGKILL');
		await other.ended;
		takeSupervisorLock(home).release();
	});

	test('ends what a killed supervisor left behind', async () => {
		const child = await sleeper();
		writeLock({ pid: 2 ** 22 + 1, command: 'node local/commands/start.ts' }, [child]);
		takeSupervisorLock(home).release();
		expect(await child.ended).toBe('SIGKILL');
	});

	test('touches no process that only has a number which was ours before', async () => {
		const stranger = await sleeper();
		const old = { pid: stranger.pid, command: 'node something else' };
		writeLock(old, [old]);
		const lock = takeSupervisorLock(home);
		expect(commandLine(stranger.pid)).toBe(stranger.command);
		lock.release();
		stranger.child.kill('SIGKILL');
		await stranger.ended;
	});

	test('survives a file that is no lock', () => {
		fs.writeFileSync(path.join(home, 'supervisor.json'), '{"supervis');
		takeSupervisorLock(home).release();
		expect(fs.readdirSync(home)).toEqual([]);
	});

	test('remembers children until they are forgotten, readable by nobody else', async () => {
		const child = await sleeper();
		const lock = takeSupervisorLock(home);
		lock.own(child.pid);
		const file = path.join(home, 'supervisor.json');
		expect(fs.statSync(file).mode & 0o777).toBe(0o600);
		expect(fs.readFileSync(file, 'utf8')).toContain(`"pid":${child.pid}`);
		// Our own supervisor lives: its children are no leftovers.
		endLeftovers(home);
		expect(commandLine(child.pid)).not.toBeNull();
		lock.forget(child.pid);
		expect(fs.readFileSync(file, 'utf8')).not.toContain(`"pid":${child.pid}`);
		lock.release();
		child.child.kill('SIGKILL');
		await child.ended;
	});
});
