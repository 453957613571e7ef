// Puts a function on the target: from its files (the platform bundles them again), or as the bundle itself.
import * as z from 'zod/mini';
import { asWanted, json, type ManagementApi } from '../../platform/supabase/management-api.ts';
import { type DeployedFunction, functionPath } from './deployed.ts';
import { uploadForm } from './eszip.ts';
import { sha256 } from '../../platform/sha256.ts';
import type { FunctionSource } from './source.ts';

/** What the bundler takes as modules; everything else must be named as static, or it stays out. */
const BUNDLED = /\.(?:[cm]?[jt]sx?|json|wasm)$/i;
const ESZIP = 'application/vnd.denoland.eszip';

/** Deploys the files under the same slug, name and rule for tokens; replaces what is there. */
export async function deploySource(
	target: ManagementApi,
	deployed: DeployedFunction,
	source: FunctionSource,
): Promise<void> {
	const metadata = {
		name: deployed.name,
		entrypoint_path: source.entrypoint,
		verify_jwt: deployed.verify_jwt,
		...(source.importMap === undefined ? {} : { import_map_path: source.importMap }),
		...staticPatterns(source),
	};
	const form = new FormData();
	form.append('metadata', JSON.stringify(metadata));
	for (const { path, bytes } of source.files) form.append('file', new Blob([bytes]), path);
	const response = await target.fetch('POST', deployPath(deployed.slug), {
		body: form,
	});
	asWanted(`POST ${deployPath(deployed.slug)}`, await json(response), answerOf(deployed));
}

/** What is answered with anything else has not been deployed. */
const answerOf = ({ slug }: DeployedFunction) => z.object({ slug: z.literal(slug) });

/** Where the files of a function are sent. */
export const deployPath = (slug: string): string =>
	`/functions/deploy?slug=${encodeURIComponent(slug)}`;

/** What of a function can change without its files. */
export const settingsBody = ({
	name,
	verify_jwt,
}: DeployedFunction): Pick<DeployedFunction, 'name' | 'verify_jwt'> => ({ name, verify_jwt });

/** Patterns are globs: a character that means something there is replaced by the one that fits any. */
function staticPatterns({ files }: FunctionSource): { static_patterns?: string[] } {
	const paths = files.map(({ path }) => path).filter((path) => !BUNDLED.test(path));
	return paths.length === 0
		? {}
		: { static_patterns: paths.map((path) => path.replaceAll(/[*[\]{}!\\]/g, '?')) };
}

/** The bundle of a function as it runs, import map included. */
export async function downloadBundle(
	api: ManagementApi,
	slug: string,
): Promise<Uint8Array<ArrayBuffer>> {
	const response = await api.fetch('GET', `${functionPath(slug)}/body`, {
		headers: { accept: ESZIP },
	});
	return new Uint8Array(await response.arrayBuffer());
}

/** Uploads a bundle under the attributes that it has on the source. */
export async function deployBundle(
	target: ManagementApi,
	deployed: DeployedFunction,
	bundle: Uint8Array<ArrayBuffer>,
	exists: boolean,
): Promise<void> {
	const body = uploadForm(bundle);
	const query = new URLSearchParams({
		slug: deployed.slug,
		name: deployed.name,
		verify_jwt: String(deployed.verify_jwt),
		import_map: String(deployed.import_map),
		ezbr_sha256: await sha256(body),
	});
	// Modules are named in the bundle by these very addresses.
	if (deployed.entrypoint_path) query.set('entrypoint_path', deployed.entrypoint_path);
	if (deployed.import_map_path) query.set('import_map_path', deployed.import_map_path);
	const path = exists ? functionPath(deployed.slug) : '/functions';
	const method = exists ? 'PATCH' : 'POST';
	const response = await target.fetch(method, `${path}?${query}`, {
		headers: { 'content-type': ESZIP },
		body: new Blob([body]),
	});
	asWanted(`${method} ${path}`, await json(response), answerOf(deployed));
}

/** Changes name and rule for tokens only. */
export async function changeSettings(
	target: ManagementApi,
	deployed: DeployedFunction,
): Promise<void> {
	const path = functionPath(deployed.slug);
	await target.send('PATCH', path, settingsBody(deployed), answerOf(deployed));
}
