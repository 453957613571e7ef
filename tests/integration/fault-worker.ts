// A worker process that the tests of faults kill: takes steps from the control database until it dies or the connection
// to that does, as invocations of the edge function do.
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { endpointSessions } from '../../supabase/functions/_shared/engine/endpoint-sessions.ts';
import { workOnce } from '../../supabase/functions/_shared/engine/worker.ts';
import { connectUrl } from '../../supabase/functions/_shared/platform/database.ts';
import { sessionSettings } from '../../supabase/functions/_shared/platform/supabase/project-database.ts';

interface Task {
	readonly control: string;
	readonly source: string;
	readonly target: string;
}

const given: unknown = JSON.parse(process.argv[2] ?? '{}');
const task = given as Task;
const refuse = () => Promise.reject(new Error('these projects have a database only'));

const openEndpoint = (role: EndpointRole) =>
	Promise.resolve({
		role,
		ref: role[0]?.repeat(20) ?? '',
		url: '',
		services: [],
		api: { get: refuse, send: refuse, fetch: refuse },
		storage: refuse,
		keys: () => Promise.resolve([]),
		...endpointSessions(() => connectUrl(task[role], { settings: sessionSettings(role) })),
	});

// The platform ends an invocation after this time, whatever it does.
setTimeout(() => process.exit(3), 150_000);
const control = await connectUrl(task.control);
for (;;) {
	const worked = await workOnce({
		control,
		components: [tables, data, functions, views, triggers, policies],
		openEndpoint,
		// Small slices, so that faults meet many cursors.
		limits: { operations: 40, bytes: 4 * 1024 * 1024 },
	});
	if (!worked) await new Promise((resolve) => setTimeout(resolve, 100));
}
