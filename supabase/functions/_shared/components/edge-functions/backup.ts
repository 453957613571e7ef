// What a backup keeps of functions: the files of each as they are, the bundle that runs, and its settings. And how a restore has them
// read: as the answers of the Management API.
import * as z from 'zod/mini';
import type { ManagementApi } from '../../platform/supabase/management-api.ts';
import { TwinsError } from '../../domain/errors.ts';
import { concernsAll } from './copy-function.ts';
import { type DeployedFunction, deployedSchema, functionPath, listFunctions } from './deployed.ts';
import { downloadBundle } from './deploy.ts';
import { readSecretNames } from './secrets.ts';
import { downloadSource, type SourceFile } from './source.ts';

export { concernsAll, functionPath, listFunctions, readSecretNames };

/** Under which a backup keeps the names of secrets. */
export const KEPT_SECRETS = 'function-secrets';

export const keptFunctionSchema = z.object({
	deployed: deployedSchema,
	entrypoint: z.string(),
	/** Paths of its files with the objects that hold them. */
	files: z.array(z.object({ path: z.string(), object: z.string() })),
	/** The object with its bundle (eszip); null: it could not be read. */
	bundle: z.nullable(z.string()),
});
export type KeptFunction = z.infer<typeof keptFunctionSchema>;

export interface ReadFunction {
	readonly files: readonly SourceFile[];
	readonly entrypoint: string;
	readonly bundle: Uint8Array<ArrayBuffer> | null;
}

/** The files and the bundle of a function. Throws what a clone would fail with. */
export async function readFunction(
	api: ManagementApi,
	deployed: DeployedFunction,
): Promise<ReadFunction> {
	const { files, entrypoint } = await downloadSource(api, deployed);
	try {
		return { files, entrypoint, bundle: await downloadBundle(api, deployed.slug) };
	} catch (error) {
		if (!(error instanceof TwinsError) || concernsAll(error)) throw error;
		return { files, entrypoint, bundle: null };
	}
}

/** The answer to a download of a kept function: its files as a form, or its bundle. */
export async function functionAnswer(
	{ files, entrypoint, bundle }: KeptFunction,
	accept: string | undefined,
	read: (object: string) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Response> {
	if (accept !== 'multipart/form-data') {
		return bundle === null ? Response.json({}, { status: 404 }) : new Response(await read(bundle));
	}
	const form = new FormData();
	form.append('metadata', JSON.stringify({ entrypoint_path: entrypoint }));
	for (const { path, object } of files) {
		// Readers of such an answer undo one layer of escapes.
		form.append('file', new Blob([await read(object)]), path.replaceAll('%', '%25'));
	}
	return new Response(form);
}
