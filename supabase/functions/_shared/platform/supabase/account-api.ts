// What the Management API says about an account rather than a project: its organizations and projects.
// Used when an account is connected and to fill the list of projects; never by a clone component.
import * as z from 'zod/mini';
import { TwinsError } from '../../domain/errors.ts';
import { sendRequest } from '../http.ts';
import {
	json,
	type ManagementApiOptions,
	managementService,
	unknownForm,
} from './management-api.ts';

const organizationSchema = z.object({ slug: z.string(), name: z.string() });
const projectSchema = z.object({
	ref: z.string().check(z.regex(/^[a-z]{20}$/)),
	name: z.string(),
	organization_slug: z.string(),
	region: z.string(),
	/** ACTIVE_HEALTHY, INACTIVE (paused), COMING_UP …: open, Supabase adds to it. */
	status: z.string(),
	database: z.optional(z.object({ host: z.string(), version: z.string() })),
});

export type Organization = z.infer<typeof organizationSchema>;
export type AccountProject = z.infer<typeof projectSchema>;

export interface AccountApi {
	/** Throws `account_expired` unless Supabase accepts the token. A token of narrow scope is accepted. */
	checkToken(): Promise<void>;
	/** Organizations that the token reaches, in the API's order. */
	organizations(): Promise<Organization[]>;
	/** Projects that the token reaches, of all organizations. */
	projects(): Promise<AccountProject[]>;
}

const TIMEOUT_MS = 30_000;

/** The account-level calls of one token. Errors as those of ManagementApi. */
export function createAccountApi(
	options: Pick<ManagementApiOptions, 'baseUrl' | 'token' | 'signal' | 'fetch' | 'wait' | 'pace'>,
): AccountApi {
	const service = managementService(options);
	const get = async <T>(path: string, schema: z.ZodMiniType<T>): Promise<T> => {
		const response = await sendRequest(service, {
			method: 'GET',
			url: `${options.baseUrl}${path}`,
			subject: `GET ${path}`,
			headers: { accept: 'application/json', authorization: `Bearer ${options.token}` },
			timeoutMs: TIMEOUT_MS,
		});
		const parsed = z.safeParse(schema, await json<unknown>(response));
		if (parsed.success) return parsed.data;
		throw unknownForm(`GET ${path}`, parsed.error.issues[0]?.path.join('.'));
	};
	return {
		organizations: () => get('/v1/organizations', z.array(organizationSchema)),
		projects: () => get('/v1/projects', z.array(projectSchema)),
		checkToken: async () => {
			try {
				await get('/v1/projects', z.unknown());
			} catch (error) {
				// A scoped token that may not list projects is still a token that Supabase knows.
				if (error instanceof TwinsError && error.details.httpStatus === 403) return;
				throw error;
			}
		},
	};
}
