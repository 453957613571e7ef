// What makes a local stack itself: references, keys, passwords and ports. Made once, kept in a file that only the
// user may read, so that a second start is the same stack at the same addresses.

import { createHmac, generateKeyPairSync, randomBytes, randomInt, randomUUID } from 'node:crypto';
import * as path from 'node:path';
import * as z from 'zod/mini';
import { readJson, writePrivately } from './private-file.ts';
import { StackError } from './stack-error.ts';

const projectIdentity = z.object({
	ref: z.string(),
	name: z.string(),
	publishableKey: z.string(),
	secretKey: z.string(),
	anonKey: z.string(),
	serviceRoleKey: z.string(),
	jwtSecret: z.string(),
	signingKey: z.record(z.string(), z.unknown()),
});

const stackIdentity = z.object({
	/** By the name that the stack's user gave the project. */
	projects: z.record(z.string(), projectIdentity),
	/** Personal access token of the local Management API. */
	accessToken: z.string(),
	s3: z.object({ accessKeyId: z.string(), secretAccessKey: z.string() }),
	/** Ports of the last run, by service: used again when they are free. */
	ports: z.record(z.string(), z.number()),
});

export type ProjectIdentity = Readonly<z.infer<typeof projectIdentity>>;
export type StackIdentity = Readonly<z.infer<typeof stackIdentity>>;

export const IDENTITY_FILE = 'identity.json';

/** Reads the identity in `home`, or makes a new one with these projects: titles by name. */
export function loadIdentity(
	home: string,
	titles: ReadonlyMap<string, string>,
	resetHint: string,
): StackIdentity {
	const stored = readJson(path.join(home, IDENTITY_FILE));
	if (stored === undefined) return newIdentity(titles);
	const { success, data } = stackIdentity.safeParse(stored);
	if (success && [...titles.keys()].every((name) => name in data.projects)) return data;
	throw new StackError(`The local stack in ${home} was made by another version.`, resetHint);
}

export function saveIdentity(home: string, identity: StackIdentity): void {
	writePrivately(path.join(home, IDENTITY_FILE), JSON.stringify(identity, null, '\t'));
}

const newIdentity = (titles: ReadonlyMap<string, string>): StackIdentity => ({
	projects: Object.fromEntries([...titles].map(([name, title]) => [name, newProject(title)])),
	accessToken: `sbp_${randomBytes(20).toString('hex')}`,
	s3: {
		accessKeyId: randomBytes(10).toString('hex').toUpperCase(),
		secretAccessKey: randomBytes(20).toString('hex'),
	},
	ports: {},
});

function newProject(name: string): ProjectIdentity {
	const ref = Array.from({ length: 20 }, () => String.fromCharCode(97 + randomInt(26))).join('');
	const jwtSecret = randomBytes(32).toString('base64');
	return {
		ref,
		name,
		publishableKey: `sb_publishable_${randomBytes(16).toString('base64url')}`,
		secretKey: `sb_secret_${randomBytes(16).toString('base64url')}`,
		anonKey: legacyKey(ref, 'anon', jwtSecret),
		serviceRoleKey: legacyKey(ref, 'service_role', jwtSecret),
		jwtSecret,
		signingKey: newSigningKey(),
	};
}

function newSigningKey(): Readonly<Record<string, unknown>> {
	const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
	const jwk = privateKey.export({ format: 'jwk' });
	return { ...jwk, kid: randomUUID(), alg: 'ES256', use: 'sig', key_ops: ['sign', 'verify'] };
}

/** The public half, as in SUPABASE_JWKS. */
export function publicJwks(project: Pick<ProjectIdentity, 'signingKey'>): {
	keys: Record<string, unknown>[];
} {
	const { d: _private, ...rest } = project.signingKey;
	return { keys: [{ ...rest, key_ops: ['verify'] }] };
}

const TEN_YEARS_SECONDS = 10 * 365 * 24 * 3600;

/** The legacy API keys are JWTs signed with the shared secret. */
function legacyKey(ref: string, role: string, secret: string): string {
	const issuedAt = Math.floor(Date.now() / 1000);
	const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
	const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({
		iss: 'supabase',
		ref,
		role,
		iat: issuedAt,
		exp: issuedAt + TEN_YEARS_SECONDS,
	})}`;
	return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
