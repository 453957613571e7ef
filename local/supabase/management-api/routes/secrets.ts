// Secrets of edge functions: values go in, only SHA-256 digests come out.
import { createHash } from 'node:crypto';
import { type Answer, ApiRefusal, ok } from '../answers.ts';
import type { ProjectCall } from '../request.ts';

const MAX_SECRETS = 100;

export async function listSecrets({ state }: ProjectCall): Promise<Answer> {
	const own = Object.entries(state.secrets).map(([name, { value, updated_at }]) => ({
		name,
		value: sha256(value),
		updated_at,
	}));
	// The platform's own secrets are listed too; nobody can set them.
	const preset = ['SUPABASE_ANON_KEY', 'SUPABASE_DB_URL', 'SUPABASE_URL'].map((name) => ({
		name,
		value: sha256(name),
	}));
	return ok([...own, ...preset].sort((left, right) => (left.name < right.name ? -1 : 1)));
}

export async function createSecrets({ state, body }: ProjectCall): Promise<Answer> {
	const secrets: { name: string; value: string }[] = Array.isArray(body.json) ? body.json : [];
	const names = new Set([...Object.keys(state.secrets), ...secrets.map(({ name }) => name)]);
	if (names.size > MAX_SECRETS)
		throw new ApiRefusal(400, `At most ${MAX_SECRETS} secrets are allowed`);
	for (const { name, value } of secrets) {
		state.secrets[name] = { value, updated_at: new Date().toISOString() };
	}
	return { status: 201 };
}

export async function deleteSecrets({ state, body }: ProjectCall): Promise<Answer> {
	const names: unknown[] = Array.isArray(body.json) ? body.json : [];
	for (const name of names) delete state.secrets[String(name)];
	return { status: 200 };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
