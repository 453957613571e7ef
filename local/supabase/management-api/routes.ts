// Which function answers which operation. The keys are the operation ids of openapi.json.
import type { Answer } from './answers.ts';
import type { OAuth } from './oauth.ts';
import type { ProjectDatabases } from './project-databases.ts';
import type { AccountCall, ProjectCall } from './request.ts';
import * as auth from './routes/auth-config.ts';
import * as database from './routes/database.ts';
import { type FunctionRouteOptions, functionRoutes } from './routes/functions.ts';
import * as projects from './routes/projects.ts';
import * as secrets from './routes/secrets.ts';
import * as settings from './routes/settings.ts';

export interface Routes {
	readonly account: ReadonlyMap<string, (call: AccountCall) => Promise<Answer>>;
	readonly project: ReadonlyMap<string, (call: ProjectCall) => Promise<Answer>>;
}

export interface RouteOptions extends FunctionRouteOptions {
	readonly pooler: Parameters<typeof database.pooler>[0];
	/** Auth fields that the plan closes: a PATCH that has one is refused whole (402). */
	readonly paidAuthFields: ReadonlySet<string>;
}

export function createRoutes(
	databases: ProjectDatabases,
	oauth: OAuth,
	options: RouteOptions,
): Routes {
	const functions = functionRoutes(options);
	return {
		account: new Map([
			['v1-list-all-organizations', projects.listOrganizations],
			['v1-get-profile', projects.profile],
			['v1-list-all-projects', projects.listProjects],
			['v1-authorize-user', async ({ query }) => oauth.authorize(query)],
			[
				'v1-exchange-oauth-token',
				async ({ body, headers }) => oauth.token(fieldsOf(body), headers.authorization),
			],
			['v1-revoke-token', async ({ body }) => oauth.revoke(fieldsOf(body))],
		]),
		project: new Map([
			['v1-get-project', projects.getProject],
			['v1-pause-a-project', projects.pauseProject],
			['v1-restore-a-project', projects.restoreProject],
			['v1-get-services-health', projects.health(databases)],
			['v1-get-disk-utilization', projects.diskUse],
			['v1-get-project-api-keys', projects.listApiKeys],
			['v1-create-login-role', database.createLoginRole(databases)],
			['v1-delete-login-roles', database.deleteLoginRole(databases)],
			['v1-get-pooler-config', database.pooler(options.pooler)],
			['v1-run-a-query', database.runQuery(databases, { readOnly: false })],
			['v1-read-only-query', database.runQuery(databases, { readOnly: true })],
			['v1-enable-database-webhook', database.enableWebhooks(databases)],
			['v1-list-all-functions', functions.list],
			['v1-create-a-function', functions.create],
			['v1-bulk-update-functions', functions.updateAll],
			['v1-deploy-a-function', functions.deploy],
			['v1-get-a-function', functions.get],
			['v1-update-a-function', functions.update],
			['v1-delete-a-function', functions.remove],
			['v1-get-a-function-body', functions.download],
			['v1-list-all-secrets', secrets.listSecrets],
			['v1-bulk-create-secrets', secrets.createSecrets],
			['v1-bulk-delete-secrets', secrets.deleteSecrets],
			['v1-get-auth-service-config', auth.getAuthConfig],
			['v1-update-auth-service-config', auth.updateAuthConfig(options.paidAuthFields)],
			['v1-list-project-tpa-integrations', auth.listThirdPartyAuth],
			['v1-create-project-tpa-integration', auth.createThirdPartyAuth],
			['v1-get-project-tpa-integration', auth.getThirdPartyAuth],
			['v1-delete-project-tpa-integration', auth.deleteThirdPartyAuth],
			['v1-list-all-sso-provider', auth.listSsoProviders],
			['v1-get-postgrest-service-config', settings.getPostgrest],
			['v1-update-postgrest-service-config', settings.updatePostgrest],
			['v1-get-realtime-config', settings.getRealtime],
			['v1-update-realtime-config', settings.updateRealtime],
			['v1-get-storage-config', settings.getStorage],
			['v1-update-storage-config', settings.updateStorage],
			['v1-get-ssl-enforcement-config', settings.getSslEnforcement],
			['v1-update-ssl-enforcement-config', settings.updateSslEnforcement],
			['v1-get-network-restrictions', settings.getNetworkRestrictions],
			['v1-get-postgres-config', settings.getPostgresConfig],
		]),
	};
}

/** The contract has checked that it is an object of texts. */
const fieldsOf = ({ json }: AccountCall['body']): Readonly<Record<string, string>> =>
	Object.fromEntries(Object.entries(json ?? {}).map(([name, value]) => [name, String(value)]));
