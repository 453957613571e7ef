// Reads the same settings of both endpoints.
import * as z from 'zod/mini';
import type { ReadContext } from '../../contract/context.ts';
import type { Config } from './plan.ts';

const configSchema = z.record(z.string(), z.unknown());

/** The settings of both endpoints. */
export async function readBoth(
	{ source, target }: Pick<ReadContext, 'source' | 'target'>,
	path: string,
): Promise<[Config, Config]> {
	const [one, other] = await Promise.all([
		source.api.get<unknown>(path),
		target.api.get<unknown>(path),
	]);
	return [z.parse(configSchema, one), z.parse(configSchema, other)];
}
