// The files of a deployed function: downloaded as bytes, brought to one form, and summed up in a digest
// by which both endpoints are compared.
import * as z from 'zod/mini';
import { TwinsError } from '../../domain/errors.ts';
import type { ManagementApi } from '../../platform/supabase/management-api.ts';
import { type Part, parseMultipart } from '../../platform/multipart.ts';
import { sha256 } from '../../platform/sha256.ts';
import { type DeployedFunction, functionPath } from './deployed.ts';
import { commonFolder, locate, relativePaths } from './paths.ts';

export interface SourceFile {
	readonly path: string;
	readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface FunctionSource {
	/** Sorted by path. */
	readonly files: readonly SourceFile[];
	readonly entrypoint: string;
	/** Import map or deno.json, when the function has one and the download holds it. */
	readonly importMap: string | undefined;
	readonly bytes: number;
}

const metadataSchema = z.object({
	deno2_entrypoint_path: z.optional(z.string()),
	entrypoint_path: z.optional(z.string()),
});

/** Downloads a function. Throws `unsupported` for a bundle that cannot be read. */
export async function downloadSource(
	api: ManagementApi,
	deployed: DeployedFunction,
): Promise<FunctionSource> {
	const response = await api.fetch('GET', `${functionPath(deployed.slug)}/body`, {
		headers: { accept: 'multipart/form-data' },
	});
	const body = new Uint8Array(await response.arrayBuffer());
	return readSource(deployed, parseMultipart(response.headers.get('content-type') ?? '', body));
}

/** Files, entry point and import map from the parts of a download. */
export function readSource(deployed: DeployedFunction, parts: readonly Part[]): FunctionSource {
	const metadata = parts.find(({ name, filename }) => name === 'metadata' && !filename);
	const contents = parts.filter((part) => part !== metadata);
	const paths = relativePaths(contents.map(pathOf));
	const files = contents
		.map(({ bytes }, index) => ({ path: paths[index] ?? '', bytes }))
		.sort((left, right) => (left.path < right.path ? -1 : 1));

	const said = metadata ? readMetadata(metadata.bytes) : {};
	const wanted = said.deno2_entrypoint_path ?? said.entrypoint_path ?? deployed.entrypoint_path;
	const entrypoint = wanted ? locate(wanted, paths) : soleEntrypoint(paths);
	if (entrypoint === undefined) {
		throw new TwinsError(
			'unsupported',
			`the download does not hold the entry point ${wanted ?? ''}`.trim(),
			'Deploy this function from its own source files.',
		);
	}
	const mapPath = deployed.import_map_path;
	return {
		files,
		entrypoint,
		importMap: deployed.import_map && mapPath ? locate(mapPath, paths) : undefined,
		bytes: files.reduce((sum, { bytes }) => sum + bytes.length, 0),
	};
}

/** The header Supabase-Path is made for paths; a part without any is named like its field. */
function pathOf({ headers, filename, name }: Part): string {
	return headers.get('supabase-path') ?? filename ?? name;
}

function readMetadata(bytes: Uint8Array): z.infer<typeof metadataSchema> {
	try {
		const parsed = z.safeParse(metadataSchema, JSON.parse(new TextDecoder().decode(bytes)));
		return parsed.success ? parsed.data : {};
	} catch {
		return {};
	}
}

/** Very old functions have no entry point on record: it is the one index file. */
function soleEntrypoint(paths: readonly string[]): string | undefined {
	const candidates = paths.filter((path) => /(^|\/)index\.[jt]sx?$/.test(path));
	return candidates.length === 1 ? candidates[0] : undefined;
}

/**
 * SHA-256 over paths, bytes, entry point and import map, in hex: equal for two deployments of the same files.
 * Folders that all files share do not count, because downloads keep or cut them.
 */
export async function sourceDigest(source: FunctionSource): Promise<string> {
	const root = commonFolder(source.files.map(({ path }) => path)).length;
	const lines = await Promise.all(
		source.files.map(async ({ path, bytes }) => `${await sha256(bytes)} ${path.slice(root)}`),
	);
	const roles = [source.entrypoint.slice(root), source.importMap?.slice(root) ?? ''];
	return sha256(new TextEncoder().encode(JSON.stringify([...roles, ...lines])));
}
