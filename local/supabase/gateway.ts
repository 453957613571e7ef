// The HTTP front of local projects: CORS, and each request to the service that its path names.

import * as http from 'node:http';
import { createAuth } from './gateway/auth.ts';
import { createRealtime } from './gateway/realtime.ts';
import { createRest } from './gateway/rest.ts';
import { createStorage } from './gateway/storage.ts';
import type { LocalProject, Shim } from './project.ts';

type Service = 'rest' | 'auth' | 'realtime' | 'storage' | 'functions';
export type Services = Readonly<Record<Service, Shim>>;

/** Where a project's services are mounted: '' for the whole server, '/<ref>' below it. */
export type Mounts = ReadonlyMap<string, Services>;

export interface HttpFront {
	readonly port: number;
	close(): Promise<void>;
}

const SERVICE_PATH = /^(.*?)\/(rest|auth|realtime|storage|functions)\/v1(?=[/?]|$)(.*)$/s;

/** Serves the mounts on 127.0.0.1:port until closed; closes the services too. */
export async function startGateway(port: number, mounts: Mounts): Promise<HttpFront> {
	const server = http.createServer((request, response) => {
		allowAnyOrigin(request, response);
		if (isPreflight(request)) return void response.writeHead(204).end();
		const found = find(mounts, request.url ?? '/');
		if (found === null) return refuse(response, 404, 'no Route matched with those values');
		found.shim.handle(request, response, found.path).catch((error: unknown) => {
			const message = error instanceof Error ? error.message : String(error);
			refuse(response, 500, `The local ${found.service} service failed: ${message}`);
		});
	});
	server.on('upgrade', (request, socket, head) => {
		socket.on('error', () => socket.destroy());
		const found = find(mounts, request.url ?? '/');
		if (found?.shim.upgrade) found.shim.upgrade(request, socket, head, found.path);
		else socket.destroy();
	});
	await listen(server, port);
	return {
		port,
		async close() {
			const closed = new Promise((resolve) => server.close(resolve));
			await Promise.all(
				[...mounts.values()].flatMap(Object.values<Shim>).map((shim) => shim.close()),
			);
			server.closeAllConnections();
			await closed;
		},
	};
}

/** One service on a port of its own, at the root. */
export async function startFront(port: number, shim: Shim): Promise<HttpFront> {
	const server = http.createServer((request, response) => {
		shim.handle(request, response, request.url ?? '/').catch((error: unknown) => {
			refuse(response, 500, error instanceof Error ? error.message : String(error));
		});
	});
	await listen(server, port);
	return {
		port,
		async close() {
			const closed = new Promise((resolve) => server.close(resolve));
			server.closeAllConnections();
			await closed;
			await shim.close();
		},
	};
}

function find(mounts: Mounts, url: string): { shim: Shim; service: Service; path: string } | null {
	const match = SERVICE_PATH.exec(url);
	const services = match && mounts.get(match[1] ?? '');
	if (!match || !services) return null;
	const service = match[2] as Service;
	const rest = match[3] ?? '';
	return { shim: services[service], service, path: rest.startsWith('/') ? rest : `/${rest}` };
}

function listen(server: http.Server, port: number): Promise<void> {
	// Clones keep requests open for as long as a slice takes.
	server.requestTimeout = 0;
	// Longer than clients keep an idle connection: closing first would reset the request they just send on it.
	server.keepAliveTimeout = 75_000;
	return new Promise((resolve, reject) => {
		server.once('error', reject);
		server.listen(port, '127.0.0.1', resolve);
	});
}

const isPreflight = (request: http.IncomingMessage) =>
	request.method === 'OPTIONS' && 'access-control-request-method' in request.headers;

function allowAnyOrigin(request: http.IncomingMessage, response: http.ServerResponse): void {
	response.setHeader('access-control-allow-origin', '*');
	response.setHeader('access-control-expose-headers', '*');
	if (!isPreflight(request)) return;
	response.setHeader('access-control-allow-methods', 'GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS');
	const wanted = request.headers['access-control-request-headers'];
	response.setHeader('access-control-allow-headers', wanted ?? '*');
	response.setHeader('access-control-max-age', '3600');
}

function refuse(response: http.ServerResponse, status: number, message: string): void {
	if (response.headersSent) return void response.destroy();
	response.writeHead(status, { 'content-type': 'application/json' });
	response.end(JSON.stringify({ message }));
}

/** The services of a project. */
export async function projectServices(project: LocalProject, functions: Shim): Promise<Services> {
	const [rest, auth, realtime, storage] = await Promise.all([
		createRest(project),
		createAuth(project),
		createRealtime(project),
		createStorage(project),
	]);
	return { rest, auth, realtime, storage, functions };
}
