// How large a file the target takes: the project's global limit, from the Management API where the token may
// read it. The limits of buckets are no obstacle: see withoutLimits.
import * as z from 'zod/mini';
import { formatBytes } from '../../domain/amount.ts';
import type { Endpoint } from '../../contract/endpoint.ts';
import { TwinsError } from '../../domain/errors.ts';
import type { StoredFile } from './file.ts';

const storageSchema = z.object({ fileSizeLimit: z.optional(z.nullable(z.number())) });

/** A project's global limit in bytes; null when this account may not read it: then the upload tells. */
export async function readGlobalLimit(endpoint: Endpoint): Promise<number | null> {
	try {
		const config = await endpoint.api.get('/config/storage', storageSchema);
		return config.fileSizeLimit ?? null;
	} catch (error) {
		// An OAuth token has no scope for it. A service that is down must not look like "no limit".
		if (error instanceof TwinsError && error.details.passing) throw error;
		return null;
	}
}

export interface Refusal {
	readonly detail: string;
	readonly fix: string;
}

/** Why the target will not take this file; null when nothing speaks against it. */
export function tooLarge(file: StoredFile, globalLimit: number | null): Refusal | null {
	const size = file.size ?? 0;
	if (globalLimit !== null && size > globalLimit) {
		return {
			detail: `${formatBytes(size)} is more than the target project takes (${formatBytes(globalLimit)})`,
			fix: `Raise the target's global file size limit to at least ${size} bytes (Storage → Settings; needs a paid plan above 50 MB), then clone again.`,
		};
	}
	return null;
}
