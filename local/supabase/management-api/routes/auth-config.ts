// Settings of Auth: some 230 flat fields. Secrets are shown as an HMAC keyed with the ref, never as they are.
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Answer, ApiRefusal, created, ok } from '../answers.ts';
import type { ProjectCall } from '../request.ts';

const SECRET =
	/^(external_\w+_secret|smtp_pass|security_captcha_secret|sms_\w+_(auth_token|access_key|api_key|api_secret)|hook_\w+_secrets|nimbus_oauth_client_secret)$/;
/** Named like a secret, but the public half of a pair. */
const NOT_SECRET: ReadonlySet<string> = new Set(['sms_vonage_api_key']);

const CHANGEABLE: ReadonlySet<string> = new Set(
	Object.keys(
		JSON.parse(readFileSync(fileURLToPath(new URL('../openapi.json', import.meta.url)), 'utf8'))
			.components.schemas.UpdateAuthConfigBody.properties,
	),
);

const isSecret = (name: string): boolean => SECRET.test(name) && !NOT_SECRET.has(name);

export async function getAuthConfig({ project, state }: ProjectCall): Promise<Answer> {
	return ok(describe(project.ref, state.auth));
}

/** Fields that a plan closes are refused whole, as the hosted service does: nothing of the request is kept. */
export function updateAuthConfig(paidFields: ReadonlySet<string>) {
	return async ({ project, state, body }: ProjectCall): Promise<Answer> => {
		const change = Object.fromEntries(Object.entries(Object(body.json)));
		const unknown = Object.keys(change).filter((name) => !CHANGEABLE.has(name));
		if (unknown.length > 0) {
			throw new ApiRefusal(400, `Unrecognized key(s) in object: ${unknown.join(', ')}`);
		}
		const paid = Object.keys(change).filter((name) => paidFields.has(name));
		if (paid.length > 0) {
			throw new ApiRefusal(402, `${paid.join(', ')} is available on the Pro Plan and up.`);
		}
		state.auth = { ...state.auth, ...change };
		return ok(describe(project.ref, state.auth));
	};
}

function describe(ref: string, auth: Readonly<Record<string, unknown>>): Record<string, unknown> {
	return Object.fromEntries(
		Object.entries(auth).map(([name, value]) => [
			name,
			isSecret(name) && typeof value === 'string' && value !== ''
				? createHmac('sha256', ref).update(value).digest('hex')
				: value,
		]),
	);
}

export async function listThirdPartyAuth({ state }: ProjectCall): Promise<Answer> {
	return ok(state.thirdPartyAuth);
}

export async function createThirdPartyAuth({ state, body }: ProjectCall): Promise<Answer> {
	const request = Object.fromEntries(Object.entries(Object(body.json)));
	const now = new Date().toISOString();
	const entry = {
		id: randomUUID(),
		type: request['oidc_issuer_url'] ? 'oidc' : request['jwks_url'] ? 'jwks' : 'custom',
		oidc_issuer_url: text(request['oidc_issuer_url']),
		jwks_url: text(request['jwks_url']),
		custom_jwks: request['custom_jwks'] ?? null,
		inserted_at: now,
		updated_at: now,
	};
	state.thirdPartyAuth.push(entry);
	return created(entry);
}

export async function getThirdPartyAuth({ state, operation }: ProjectCall): Promise<Answer> {
	return ok(findThirdPartyAuth(state, operation.parameters['tpa_id']));
}

export async function deleteThirdPartyAuth({ state, operation }: ProjectCall): Promise<Answer> {
	const entry = findThirdPartyAuth(state, operation.parameters['tpa_id']);
	state.thirdPartyAuth = state.thirdPartyAuth.filter((other) => other !== entry);
	return ok(entry);
}

function findThirdPartyAuth(state: ProjectCall['state'], id: string | undefined) {
	const entry = state.thirdPartyAuth.find((other) => other.id === id);
	if (!entry) throw new ApiRefusal(404, 'Third party auth integration not found');
	return entry;
}

export const listSsoProviders = async (): Promise<Answer> => ok({ items: [] });

function text(value: unknown): string | null {
	return typeof value === 'string' ? value : null;
}
