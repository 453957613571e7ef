// The local Management API on a free port, with a source and a target project. The databases are only
// needed by tests that use them.
import type { EndpointRole } from '../../supabase/functions/_shared/domain/endpoint-role.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from './at-end.ts';
import {
	type ManagementApiShim,
	type ManagementApiShimOptions,
	createManagementApi as createShim,
} from '../../local/supabase/management-api/server.ts';
import type { LocalProject } from '../../local/supabase/project.ts';
import {
	type ManagementApi,
	createManagementApi,
} from '../../supabase/functions/_shared/platform/supabase/management-api.ts';
import type { TestEndpoint } from './clone.ts';
import type { Pair } from './clusters.ts';

export const TOKEN = 'sbp_local_test_token';
export const SOURCE_REF = 'sourceprojectaaaaaaa';
export const TARGET_REF = 'targetprojectbbbbbbb';

export interface Platform {
	readonly shim: ManagementApiShim;
	readonly baseUrl: string;
	readonly source: LocalProject;
	readonly target: LocalProject;
	/** The end of a clone, its API calls made with the given token. */
	end(role: EndpointRole, token?: string): TestEndpoint & { readonly api: ManagementApi };
	/** Calls so far that were not GET, as "PATCH /v1/projects/…". */
	writes(): string[];
}

/** Starts the server; it stops when the test file ends. */
export async function openPlatform(
	options: Partial<ManagementApiShimOptions> = {},
	databases?: Pair,
): Promise<Platform> {
	const dir = await mkdtemp(join(tmpdir(), 'twins-management-'));
	const source = describeProject(dir, SOURCE_REF, databases?.source);
	const target = describeProject(dir, TARGET_REF, databases?.target);
	const shim = await createShim({
		projects: [source, target],
		accessTokens: new Set([TOKEN]),
		pooler: { host: '127.0.0.1', port: 6543 },
		stateDir: join(dir, 'state'),
		...options,
	});
	const server = createServer((request, response) => {
		void shim.handle(request, response, request.url ?? '/');
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const baseUrl = `http://127.0.0.1:${port}`;
	atEnd(async () => {
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
		await shim.close();
		await rm(dir, { recursive: true, force: true });
	});
	return {
		shim,
		baseUrl,
		source,
		target,
		end(role, token = TOKEN) {
			const project = role === 'source' ? source : target;
			return {
				dbUrl: project.dbUrl,
				ref: project.ref,
				url: project.url,
				api: createManagementApi({
					baseUrl,
					token,
					ref: project.ref,
					readOnly: role === 'source',
					wait: async () => undefined,
				}),
				keys: [
					{ name: 'publishable', value: project.publishableKey },
					{ name: 'secret', value: project.secretKey },
				],
			};
		},
		writes: () => shim.log.filter((entry) => !entry.startsWith('GET ')),
	};
}

function describeProject(
	dir: string,
	ref: string,
	urls: { readonly dbUrl: string; readonly adminUrl: string } | undefined,
): LocalProject {
	const nowhere = 'postgresql://nobody@127.0.0.1:1/none';
	return {
		ref,
		name: ref.slice(0, 6),
		url: `https://${ref}.supabase.co`,
		port: 0,
		dbUrl: urls?.dbUrl ?? nowhere,
		adminUrl: urls?.adminUrl ?? nowhere,
		publishableKey: `sb_publishable_${ref}`,
		secretKey: `sb_secret_${ref}`,
		anonKey: `eyJanon.${ref}.signature`,
		serviceRoleKey: `eyJservice.${ref}.signature`,
		jwtSecret: `jwt secret of ${ref}`,
		signingKey: {},
		storageDir: join(dir, ref, 'storage'),
		functionsDir: join(dir, ref, 'functions'),
	};
}
