// A local project for tests of the gateway: services on one port over a fresh database, closed when the test
// file ends. Unlike the stack's own gateway it mounts only what a test asks for.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { atEnd } from './at-end.ts';
import type { LocalProject, Shim } from '../../local/supabase/project.ts';
import type { ClusterUrls } from './clusters.ts';

type Create = (project: LocalProject) => Promise<Shim>;

/** Serves `/rest/v1`, `/auth/v1` … by the given makers; keys are the `v1` prefixes' first words. */
export async function openGateway(
	urls: ClusterUrls,
	services: Readonly<Record<string, Create>>,
): Promise<LocalProject> {
	const mounted = new Map<string, Shim>();
	const find = (url: string) => {
		const [, name = '', path = ''] = /^\/(\w+)\/v1(.*)$/s.exec(url) ?? [];
		const shim = mounted.get(name);
		return shim === undefined ? undefined : { shim, path: path === '' ? '/' : path };
	};
	const server = createServer((request, response) => {
		const found = find(request.url ?? '');
		if (found === undefined) response.writeHead(404).end();
		else void found.shim.handle(request, response, found.path);
	});
	server.on('upgrade', (request, socket, head) => {
		const found = find(request.url ?? '');
		if (found?.shim.upgrade === undefined) socket.destroy();
		else found.shim.upgrade(request, socket, head, found.path);
	});
	// As the local gateway: a client's idle connection is not closed under the next request.
	server.keepAliveTimeout = 75_000;
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	const project = await describeProject(urls, port);
	for (const [name, create] of Object.entries(services)) mounted.set(name, await create(project));
	atEnd(async () => {
		for (const shim of mounted.values()) await shim.close();
		server.closeAllConnections();
		await new Promise((resolve) => server.close(resolve));
	});
	return project;
}

async function describeProject(urls: ClusterUrls, port: number): Promise<LocalProject> {
	const jwtSecret = 'a secret of at least thirty-two characters';
	const legacy = (role: string) =>
		new SignJWT({ role, iss: 'supabase' })
			.setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
			.setExpirationTime('1h')
			.sign(new TextEncoder().encode(jwtSecret));
	const { privateKey } = await generateKeyPair('ES256', { extractable: true });
	return {
		ref: 'abcdefghijklmnopqrst',
		name: 'Gateway test',
		url: `http://127.0.0.1:${port}`,
		port,
		...urls,
		publishableKey: 'sb_publishable_test',
		secretKey: 'sb_secret_test',
		anonKey: await legacy('anon'),
		serviceRoleKey: await legacy('service_role'),
		jwtSecret,
		signingKey: { ...(await exportJWK(privateKey)), kid: 'test-key' },
		storageDir: '/nonexistent',
		functionsDir: '/nonexistent',
	};
}
