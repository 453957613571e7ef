// What makes a local stack itself: references, keys, passwords and ports. Made once, kept in a file that only the
// user may read, so that a second `npm start` is the same stack at the same addresses.

import { createHmac, generateKeyPairSync, randomBytes, randomInt, randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';

export interface ProjectIdentity {
	readonly ref: string;
	readonly name: string;
	readonly publishableKey: string;
	readonly secretKey: string;
	readonly anonKey: string;
	readonly serviceRoleKey: string;
	readonly jwtSecret: string;
	readonly signingKey: Readonly<Record<string, unknown>>;
}

export interface StackIdentity {
	readonly control: ProjectIdentity;
	readonly source: ProjectIdentity;
	readonly target: ProjectIdentity;
	/** Personal access token of the local Management API. */
	readonly accessToken: string;
	readonly encryptionKey: string;
	readonly workerSecret: string;
	readonly s3: { readonly accessKeyId: string; readonly secretAccessKey: string };
	readonly user: { readonly email: string; readonly password: string };
	/** Ports of the last run, by service: used again when they are free. */
	readonly ports: Readonly<Record<string, number>>;
}

/** Reads the identity in `home`, or makes a new one. */
export function loadIdentity(home: string): StackIdentity {
	try {
		// Written by saveIdentity below, and by nobody else.
		return JSON.parse(fs.readFileSync(identityFile(home), 'utf8')) as StackIdentity;
	} catch {
		return newIdentity();
	}
}

export function saveIdentity(home: string, identity: StackIdentity): void {
	writePrivately(identityFile(home), JSON.stringify(identity, null, '\t'));
}

const identityFile = (home: string) => path.join(home, 'identity.json');

/** Writes a file with mode 600, whole or not at all. */
export function writePrivately(file: string, text: string): void {
	const temporary = `${file}.${process.pid}`;
	fs.rmSync(temporary, { force: true });
	fs.writeFileSync(temporary, text, { mode: 0o600 });
	fs.renameSync(temporary, file);
}

function newIdentity(): StackIdentity {
	return {
		control: newProject('Twins control'),
		source: newProject('Shop (production)'),
		target: newProject('Shop (staging)'),
		accessToken: `sbp_${randomBytes(20).toString('hex')}`,
		encryptionKey: randomBytes(32).toString('base64'),
		workerSecret: randomBytes(24).toString('hex'),
		s3: {
			accessKeyId: randomBytes(10).toString('hex').toUpperCase(),
			secretAccessKey: randomBytes(20).toString('hex'),
		},
		user: { email: 'demo@twins.test', password: randomBytes(9).toString('base64url') },
		ports: {},
	};
}

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
