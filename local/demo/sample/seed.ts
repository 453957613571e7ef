// Fills the source project of a stack with the sample shop, through the doors that users have: SQL as role
// postgres, the project's Storage API, the Management API. Safe to run again: what is there is left alone.
import { createSampleDatabase } from './database.ts';
import { uploadSampleFiles } from './files.ts';
import { deploySampleFunctions } from './functions.ts';
import { openManagementApi } from './management-api.ts';
import { changeSampleSettings } from './settings.ts';
import type { SampleProject, SampleStack } from './stack.ts';

export type { SampleProject, SampleStack } from './stack.ts';

/** Seeds `projects[0]`. Takes some 10 seconds the first time. */
export async function seedSample(stack: SampleStack): Promise<void> {
	const [source] = stack.projects;
	if (source === undefined) throw new Error('The stack has no project to seed');
	await seedProject(stack, source);
}

/** Seeds any project of the stack. */
export async function seedProject(stack: SampleStack, project: SampleProject): Promise<void> {
	const api = openManagementApi(stack, project);
	// Webhooks call a function that only exists after this.
	await api.call('POST', '/database/webhooks/enable');
	await createSampleDatabase(project);
	await changeSampleSettings(api);
	await deploySampleFunctions(api);
	await uploadSampleFiles(project);
}
