// Calls to the Management API for one project. Only what seeding needs.
import type { SampleProject, SampleStack } from './stack.ts';

export interface SampleApi {
	/** Calls a path below `/v1/projects/{ref}`; throws with status and answer when refused. */
	call(method: 'GET' | 'POST' | 'PATCH', path: string, body?: object | FormData): Promise<unknown>;
}

export function openManagementApi(stack: SampleStack, project: SampleProject): SampleApi {
	return {
		async call(method, path, body) {
			const isForm = body instanceof FormData;
			const response = await fetch(
				`${stack.management_api_url}/v1/projects/${project.ref}${path}`,
				{
					method,
					headers: {
						authorization: `Bearer ${stack.access_token}`,
						...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
					},
					body: body === undefined ? null : isForm ? body : JSON.stringify(body),
				},
			);
			const text = await response.text();
			if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
			return text === '' ? undefined : JSON.parse(text);
		},
	};
}
