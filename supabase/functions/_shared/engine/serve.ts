// The HTTP face of the worker: who may wake it, and the connections that an invocation needs.
import type { BackupWork } from '../contract/backup.ts';
import type { Component } from '../contract/component.ts';
import { errorBody } from '../domain/errors.ts';
import { type Environment, readEnvironment } from '../platform/environment.ts';
import { accepted, answer, isSameSecret, readVariable } from '../platform/function.ts';
import { openControl } from '../platform/control.ts';
import { expireAccount, type StoredEndpoint } from './queue.ts';
import { openStoredEndpoint } from './stored-endpoint.ts';
import { openStoredStore } from './stored-store.ts';
import { runInvocation } from './worker.ts';

/** A handler for Deno.serve. Answers 202 before the work is done, 401 without the secret, 500 where it is not set up. */
export function serveWorker(
	components: readonly Component[],
	work: BackupWork,
): (request: Request) => Promise<Response> {
	return async (request) => {
		try {
			const environment = await readEnvironment(readVariable);
			const given = request.headers.get('authorization') ?? '';
			if (!(await isSameSecret(given, `Bearer ${environment.workerSecret}`))) {
				return answer(401, {
					error: {
						code: 'forbidden',
						message: 'Only the control database wakes workers',
						fix: 'Start a clone with start_clone(); the database does the rest.',
					},
				});
			}
			return accepted(workOn(environment, components, work).catch(log));
		} catch (error) {
			log(error);
			return answer(500, { error: errorBody(error) });
		}
	};
}

function log(error: unknown): void {
	const { code, message } = errorBody(error);
	console.error('worker:', code, message);
}

async function workOn(
	environment: Environment,
	components: readonly Component[],
	work: BackupWork,
): Promise<void> {
	const control = openControl(environment);
	try {
		const refused = new Set<StoredEndpoint>();
		await runInvocation({
			control,
			components,
			backups: {
				work,
				openStore: (backup, signal) => openStoredStore(environment, backup, signal),
			},
			openEndpoint: (role, { run }, signal) => {
				const endpoint = run[role];
				return openStoredEndpoint(environment, role, endpoint, control, signal, () =>
					refused.add(endpoint),
				);
			},
			// Whoever reads why the job failed finds the account as it is.
			beforeStoring: async () => {
				for (const endpoint of refused) await expireAccount(control, endpoint);
			},
		});
	} finally {
		await control.close();
	}
}
