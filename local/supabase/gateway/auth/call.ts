// One call of the Auth service, as its routes get it, and how they read its body.
import type { IncomingMessage } from 'node:http';
import * as z from 'zod/mini';
import { authRefusal, type Transaction } from './users.ts';

export const metadata = z._default(z.record(z.string(), z.unknown()), {});

export interface Call {
	readonly request: IncomingMessage;
	readonly url: URL;
	readonly body: unknown;
	readonly transaction: Transaction;
	/** The id at the end of /admin/users/{id}. */
	readonly id: string;
}

/** Body of the answer, undefined for 204. A HttpRefusal returned (not thrown) is sent after commit. */
export type Route = (call: Call) => Promise<object | undefined>;

/** The body as the schema has it. Throws the service's refusal, which names the field. */
export function parse<T>(schema: z.ZodMiniType<T>, body: unknown): T {
	const result = z.safeParse(schema, body);
	if (result.success) return result.data;
	const [issue] = result.error.issues;
	throw authRefusal(400, 'validation_failed', `${issue?.path.join('.')}: ${issue?.message}`);
}
