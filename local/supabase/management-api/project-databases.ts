// Connections of the Management API to the projects' databases: opened on first use, few, closed when idle.
import postgres, { type Sql } from 'postgres';
import type { LocalProject } from '../project.ts';

export interface ProjectDatabases {
	/** supabase_admin: what the platform itself does. */
	asAdmin(project: LocalProject): Sql;
	/** postgres: what users run through the SQL endpoint. */
	asPostgres(project: LocalProject): Sql;
	close(): Promise<void>;
}

export function openProjectDatabases(): ProjectDatabases {
	const pools = new Map<string, Sql>();
	const pool = (url: string): Sql => {
		const open = pools.get(url);
		if (open) return open;
		const opened = postgres(url, {
			max: 2,
			idle_timeout: 5,
			onnotice: () => {},
			// Each call of the SQL endpoint is a session of its own: nothing may stay prepared.
			prepare: false,
			connection: { application_name: 'management-api' },
		});
		pools.set(url, opened);
		return opened;
	};
	return {
		asAdmin: (project) => pool(project.adminUrl),
		asPostgres: (project) => pool(project.dbUrl),
		close: async () => {
			await Promise.all([...pools.values()].map((sql) => sql.end({ timeout: 1 })));
			pools.clear();
		},
	};
}
