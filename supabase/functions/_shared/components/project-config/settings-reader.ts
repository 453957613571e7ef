// Reads the same settings of both endpoints.
import * as z from 'zod/mini';
import type { ReadContext } from '../../contract/context.ts';
import type { Config } from './plan.ts';

export const configSchema = z.record(z.string(), z.unknown());

/** The settings of both endpoints. */
export async function readBoth(
	{ source, target }: Pick<ReadContext, 'source' | 'target'>,
	path: string,
): Promise<[Config, Config]> {
	return Promise.all([source.api.get(path, configSchema), target.api.get(path, configSchema)]);
}
