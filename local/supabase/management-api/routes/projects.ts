// Organizations, projects, their health and keys.
import { createHash } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import type { LocalProject } from '../../project.ts';
import { type Answer, ApiRefusal, ok } from '../answers.ts';
import type { AccountCall, ProjectCall } from '../request.ts';
import type { ProjectDatabases } from '../project-databases.ts';

const ORGANIZATION = { id: 'local', slug: 'local', name: 'Local organization' };

export const listOrganizations = async (): Promise<Answer> => ok([ORGANIZATION]);

export const profile = async (): Promise<Answer> =>
	ok({ gotrue_id: 'local', primary_email: 'developer@example.com', username: 'developer' });

export async function listProjects(call: AccountCall): Promise<Answer> {
	return ok(call.projects.map((project) => describeProject(project, call.stateOf(project).status)));
}

export async function getProject({ project, state }: ProjectCall): Promise<Answer> {
	return ok(describeProject(project, state.status));
}

export async function pauseProject({ state }: ProjectCall): Promise<Answer> {
	state.status = 'INACTIVE';
	return { status: 200 };
}

export async function restoreProject({ state }: ProjectCall): Promise<Answer> {
	state.status = 'ACTIVE_HEALTHY';
	return { status: 200 };
}

function describeProject(project: LocalProject, status: string): Record<string, unknown> {
	return {
		id: project.ref,
		ref: project.ref,
		organization_id: ORGANIZATION.id,
		organization_slug: ORGANIZATION.slug,
		name: project.name,
		region: 'local',
		created_at: '2026-11-21T00:00:00.000000Z',
		status,
		database: {
			host: new URL(project.dbUrl).hostname,
			version: '15.18.0.1',
			postgres_engine: '15',
			release_channel: 'ga',
		},
	};
}

/** Health of the services asked for; the database is really asked, the rest lives in the same process. */
export function health(databases: ProjectDatabases) {
	return async ({ query, project }: ProjectCall): Promise<Answer> => {
		const services = query.getAll('services').flatMap((entry) => entry.split(','));
		const isUp = await databases
			.asAdmin(project)
			.unsafe('select 1')
			.then(() => true)
			.catch(() => false);
		return ok(
			services.map((name) => {
				const healthy = isUp || !/^(db|pooler|pg_bouncer)/.test(name);
				return { name, healthy, status: healthy ? 'ACTIVE_HEALTHY' : 'UNHEALTHY' };
			}),
		);
	};
}

/** The disk that the project's database is on: here the one that the whole stack is on. */
export async function diskUse(): Promise<Answer> {
	const { bsize, blocks, bavail } = await statfs(import.meta.dirname);
	return ok({
		timestamp: new Date().toISOString(),
		metrics: {
			fs_size_bytes: blocks * bsize,
			fs_avail_bytes: bavail * bsize,
			fs_used_bytes: (blocks - bavail) * bsize,
		},
	});
}

/** Keys, masked unless `reveal=true`, as the real service does. */
export async function listApiKeys({ project, query, account }: ProjectCall): Promise<Answer> {
	const reveal = query.get('reveal') === 'true';
	if (reveal && account.permissions?.includes('api_gateway_keys_secret_read') === false) {
		throw new ApiRefusal(403, 'Forbidden resource', {
			missing_permissions: ['api_gateway_keys_secret_read'],
		});
	}
	const legacy = (name: string, value: string) => ({
		name,
		id: name,
		type: 'legacy',
		api_key: value,
		hash: sha256(value),
		prefix: value.slice(0, 5),
		description: `Legacy ${name} API key`,
	});
	return ok([
		legacy('anon', project.anonKey),
		legacy('service_role', reveal ? project.serviceRoleKey : mask(project.serviceRoleKey)),
		{
			name: 'default',
			id: '00000000-0000-4000-8000-000000000001',
			type: 'publishable',
			api_key: project.publishableKey,
			prefix: project.publishableKey.slice(0, 20),
		},
		{
			name: 'default',
			id: '00000000-0000-4000-8000-000000000002',
			type: 'secret',
			api_key: reveal ? project.secretKey : mask(project.secretKey),
			hash: sha256(project.secretKey),
			prefix: project.secretKey.slice(0, 15),
			secret_jwt_template: { role: 'service_role' },
		},
	]);
}

const mask = (key: string): string => `${key.slice(0, 15)}${'·'.repeat(16)}`;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
