// Third-party auth (issuers whose tokens the project accepts) is copied; SAML providers are listed, because
// users refer to them by an id that cannot be chosen.
import * as z from 'zod/mini';
import type { PlannedCall } from '../../domain/plan.ts';
import type { Item } from '../../contract/report.ts';
import type { ReadContext, StageContext } from '../../contract/context.ts';
import { TwinsError } from '../../domain/errors.ts';
import type { ManagementApi } from '../../platform/supabase/management-api.ts';
import { renameProject } from './rewrite.ts';

const issuerSchema = z.object({
	id: z.string(),
	oidc_issuer_url: z.optional(z.nullable(z.string())),
	jwks_url: z.optional(z.nullable(z.string())),
	custom_jwks: z.optional(z.unknown()),
});
type Issuer = z.infer<typeof issuerSchema>;

const samlSchema = z.object({
	items: z.array(
		z.object({
			id: z.string(),
			domains: z.optional(z.array(z.object({ domain: z.optional(z.string()) }))),
		}),
	),
});

export const ISSUERS = '/config/auth/third-party-auth';
export const SAML = '/config/auth/sso/providers';

interface IssuerPlan {
	readonly missing: readonly Record<string, unknown>[];
	readonly extra: readonly Issuer[];
}

/** Adds the issuers that the target lacks; removes others only when asked to. */
export async function copyIdentityProviders(context: StageContext): Promise<void> {
	context.spend({ operations: 3 });
	try {
		const { missing, extra } = await planIssuers(context);
		for (const body of missing) context.report(await add(context, body));
		for (const issuer of context.options.remove_extra ? extra : []) {
			const detail = 'removed: the source does not have it';
			const removed: Item = { object: objectOf(issuer), outcome: 'adapted', detail };
			await context.announce(removed);
			await context.target.api.send('DELETE', pathOf(issuer));
			context.report(removed);
		}
		context.report(...(await samlItems(context.source.api)));
	} catch (error) {
		if (!(error instanceof TwinsError) || error.details.httpStatus !== 403) throw error;
		const object = 'auth.identity providers';
		context.report({ object, outcome: 'skipped', detail: error.message, fix: error.fix });
	}
}

/** The calls with which a clone would add and remove issuers; none where the account may not read them. */
export async function issuerCalls(
	context: Pick<ReadContext, 'source' | 'target' | 'options'>,
): Promise<PlannedCall[]> {
	try {
		const { missing, extra } = await planIssuers(context);
		return [
			...missing.map((body): PlannedCall => ({ method: 'POST', path: ISSUERS, body })),
			...(context.options.remove_extra ? extra : []).map((issuer): PlannedCall => ({
				method: 'DELETE',
				path: pathOf(issuer),
			})),
		];
	} catch (error) {
		if (error instanceof TwinsError && error.details.httpStatus === 403) return [];
		throw error;
	}
}

const pathOf = ({ id }: Issuer): string => `${ISSUERS}/${encodeURIComponent(id)}`;

/** What the target lacks, as bodies to send, and what only it has. */
export async function planIssuers({
	source,
	target,
}: Pick<ReadContext, 'source' | 'target'>): Promise<IssuerPlan> {
	const [wanted, present] = await Promise.all([listIssuers(source.api), listIssuers(target.api)]);
	const bodies = wanted.map((issuer) =>
		bodyOf(issuer, (text) => renameProject(text, source, target)),
	);
	const key = (issuer: Issuer): string => JSON.stringify(bodyOf(issuer, (text) => text));
	const keys = new Set(present.map(key));
	const wantedKeys = new Set(bodies.map((body) => JSON.stringify(body)));
	return {
		missing: bodies.filter((body) => !keys.has(JSON.stringify(body))),
		extra: present.filter((issuer) => !wantedKeys.has(key(issuer))),
	};
}

async function listIssuers(api: ManagementApi): Promise<Issuer[]> {
	return api.get(ISSUERS, z.array(issuerSchema));
}

function bodyOf(issuer: Issuer, rename: (text: string) => string): Record<string, unknown> {
	if (issuer.oidc_issuer_url) return { oidc_issuer_url: rename(issuer.oidc_issuer_url) };
	if (issuer.jwks_url) return { jwks_url: rename(issuer.jwks_url) };
	return { custom_jwks: issuer.custom_jwks };
}

async function add(
	{ target, announce }: Pick<StageContext, 'target' | 'announce'>,
	body: Record<string, unknown>,
): Promise<Item> {
	const object = objectOf(body);
	const added: Item = { object, outcome: 'copied' };
	try {
		await announce(added);
		await target.api.send('POST', ISSUERS, body, issuerSchema);
		return added;
	} catch (error) {
		const isRefusal = error instanceof TwinsError && error.code === 'api_refused';
		if (!isRefusal || error.details.httpStatus === 403) throw error;
		return { object, outcome: 'failed', detail: error.message, fix: error.fix };
	}
}

function objectOf(issuer: Readonly<Record<string, unknown>>): string {
	const name = issuer['oidc_issuer_url'] ?? issuer['jwks_url'] ?? 'own keys';
	return `auth.third-party issuer ${String(name)}`;
}

async function samlItems(api: ManagementApi): Promise<Item[]> {
	let answer: z.infer<typeof samlSchema>;
	try {
		answer = await api.get(SAML, samlSchema);
	} catch (error) {
		// The API says "not found" where SAML is off.
		if (error instanceof TwinsError && error.details.httpStatus === 404) return [];
		throw error;
	}
	return answer.items.map((provider) => {
		const domains = (provider.domains ?? []).map(({ domain }) => domain).filter(Boolean);
		return {
			object: `auth.SAML provider ${domains.join(', ') || provider.id}`,
			outcome: 'skipped',
			detail: 'SAML providers are not copied: users refer to them by an id that cannot be chosen',
			fix: 'Add the provider on the target (supabase sso add); its users then sign in as new identities.',
		};
	});
}
