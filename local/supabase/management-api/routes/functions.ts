// Edge functions: list, deploy, download, change, delete. Files live in the project's functionsDir.
import { randomUUID } from 'node:crypto';
import { type Answer, ApiRefusal, created, ok } from '../answers.ts';
import { type Bundle, bundleHash, checkBundle, packBundle, unpackUpload } from '../bundle.ts';
import { readFiles, removeFiles, replaceFiles } from '../function-files.ts';
import { writeForm } from '../multipart.ts';
import type { ProjectCall } from '../request.ts';
import type { DeployedFunction, StoredFunction } from '../state.ts';

export interface FunctionRouteOptions {
	/** False, as hosted: a download lacks import map and deno.json. */
	readonly downloadsImportMap: boolean;
	/** True: the same files give the same ezbr_sha256 in every project. */
	readonly sameBundleEverywhere: boolean;
}

interface Change {
	readonly slug: string;
	readonly name: string;
	readonly verifyJwt: boolean;
	readonly bundle: Omit<Bundle, 'root'> & { readonly root?: string };
}

export function functionRoutes(options: FunctionRouteOptions) {
	/** Bundles of `bundleOnly=1`, waiting for the bulk update that names their hash. */
	const waiting = new Map<string, Bundle>();

	function describe(call: ProjectCall, change: Change): { stored: StoredFunction; bundle: Bundle } {
		const previous = call.state.functions[change.slug];
		if (!previous && Object.keys(call.state.functions).length >= call.state.functionLimit) {
			throw new ApiRefusal(402, 'Max number of functions reached for project');
		}
		const id = previous?.id ?? randomUUID();
		const version = (previous?.version ?? 0) + 1;
		const place = options.sameBundleEverywhere
			? ''
			: `tmp/user_fn_${call.project.ref}_${id}_${version}/`;
		const bundle: Bundle = { ...change.bundle, root: change.bundle.root ?? `${place}source/` };
		checkBundle(bundle);
		const { root, entrypoint, importMap } = bundle;
		const now = Date.now();
		return {
			bundle,
			stored: {
				id,
				slug: change.slug,
				name: change.name,
				status: 'ACTIVE',
				version,
				created_at: previous?.created_at ?? now,
				updated_at: now,
				verify_jwt: change.verifyJwt,
				import_map: importMap !== undefined,
				entrypoint_path: fileUrl(root, entrypoint),
				...(importMap === undefined ? {} : { import_map_path: fileUrl(root, importMap) }),
				ezbr_sha256: bundleHash(bundle),
				bundle: { root, entrypoint, ...(importMap === undefined ? {} : { importMap }) },
			},
		};
	}

	async function store(call: ProjectCall, change: Change): Promise<DeployedFunction> {
		const { stored, bundle } = describe(call, change);
		await replaceFiles(call.project.functionsDir, change.slug, bundle.files);
		call.state.functions[change.slug] = stored;
		return visible(stored);
	}

	return {
		list: async ({ state }: ProjectCall): Promise<Answer> =>
			ok(Object.values(state.functions).map(visible)),

		get: async (call: ProjectCall): Promise<Answer> => ok(visible(find(call))),

		async deploy(call: ProjectCall): Promise<Answer> {
			const { form } = call.body;
			const metadata = record(form?.metadata);
			const slug = call.query.get('slug') ?? String(metadata['name'] ?? '');
			if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(slug)) throw new ApiRefusal(400, 'Invalid slug');
			const importMap = metadata['import_map_path'];
			const change: Change = {
				slug,
				name: String(metadata['name'] ?? slug),
				verifyJwt: metadata['verify_jwt'] !== false,
				bundle: {
					entrypoint: String(metadata['entrypoint_path']),
					importMap: typeof importMap === 'string' && importMap !== '' ? importMap : undefined,
					files: form?.files ?? [],
				},
			};
			if (['1', 'true'].includes(call.query.get('bundleOnly') ?? '')) {
				const { stored, bundle } = describe(call, change);
				waiting.set(stored.ezbr_sha256, bundle);
				return created(visible(stored));
			}
			return created(await store(call, change));
		},

		/** Takes the bundles made with `bundleOnly=1`; functions that are not named stay. */
		async updateAll(call: ProjectCall): Promise<Answer> {
			const list = Array.isArray(call.body.json) ? call.body.json.map(record) : [];
			const functions: DeployedFunction[] = [];
			for (const entry of list) {
				const slug = String(entry['slug']);
				const bundle = waiting.get(String(entry['ezbr_sha256']));
				const current = call.state.functions[slug];
				if (bundle) {
					const verifyJwt = entry['verify_jwt'] !== false;
					functions.push(
						await store(call, { slug, name: String(entry['name']), verifyJwt, bundle }),
					);
				} else if (current) functions.push(visible(current));
				else throw new ApiRefusal(400, 'NOT_FOUND_FUNCTION_BLOB');
			}
			return ok({ functions });
		},

		/** JSON with one module, or an eszip with its attributes in the query. */
		async create(call: ProjectCall): Promise<Answer> {
			const change = changeOf(call, undefined);
			if (call.state.functions[change.slug]) {
				throw new ApiRefusal(409, `Function slug ${change.slug} already exists`);
			}
			return created(await store(call, change));
		},

		async update(call: ProjectCall): Promise<Answer> {
			const current = find(call);
			const request = record(call.body.json);
			if (call.body.contentType === 'application/json' && request['body'] === undefined) {
				const changed: StoredFunction = {
					...current,
					name: String(request['name'] ?? current.name),
					verify_jwt: (request['verify_jwt'] ?? current.verify_jwt) === true,
					updated_at: Date.now(),
				};
				call.state.functions[current.slug] = changed;
				return ok(visible(changed));
			}
			return ok(await store(call, changeOf(call, current)));
		},

		async remove(call: ProjectCall): Promise<Answer> {
			const { slug } = find(call);
			delete call.state.functions[slug];
			await removeFiles(call.project.functionsDir, slug);
			return { status: 200 };
		},

		async download(call: ProjectCall): Promise<Answer> {
			const { slug, bundle } = find(call);
			const files = await readFiles(call.project.functionsDir, slug);
			if (!call.headers.accept?.includes('multipart/form-data')) {
				const bytes = packBundle({ importMap: undefined, ...bundle, files });
				return {
					status: 200,
					bytes,
					headers: { 'content-type': 'application/vnd.denoland.eszip' },
				};
			}
			const { contentType, bytes } = writeForm(
				{ deno2_entrypoint_path: `${bundle.root}${bundle.entrypoint}` },
				files
					.filter(
						({ path }) => options.downloadsImportMap || !isConfiguration(path, bundle.importMap),
					)
					.map((file) => ({ ...file, path: `${bundle.root}${file.path}` })),
			);
			return { status: 200, bytes, headers: { 'content-type': contentType } };
		},
	};
}

/** A function made from one module of text, or from an uploaded eszip. */
function changeOf(call: ProjectCall, current: StoredFunction | undefined): Change {
	const { query, body } = call;
	if (body.contentType === 'application/json') {
		const request = record(body.json);
		const slug = current?.slug ?? String(request['slug']);
		return {
			slug,
			name: String(request['name'] ?? current?.name ?? slug),
			verifyJwt: (request['verify_jwt'] ?? current?.verify_jwt ?? true) === true,
			bundle: {
				entrypoint: 'index.ts',
				importMap: undefined,
				files: [{ path: 'index.ts', bytes: Buffer.from(String(request['body'])) }],
			},
		};
	}
	const slug = current?.slug ?? query.get('slug') ?? '';
	const verifyJwt = query.get('verify_jwt');
	return {
		slug,
		name: query.get('name') ?? current?.name ?? slug,
		verifyJwt: verifyJwt === null ? (current?.verify_jwt ?? true) : verifyJwt === 'true',
		bundle: unpackUpload(body.bytes),
	};
}

function find({ state, operation }: ProjectCall): StoredFunction {
	const found = state.functions[operation.parameters['function_slug'] ?? ''];
	if (!found) throw new ApiRefusal(404, 'Function not found');
	return found;
}

function visible({ bundle: _hidden, ...answer }: StoredFunction): DeployedFunction {
	return answer;
}

function isConfiguration(path: string, importMap: string | undefined): boolean {
	return path === importMap || /(^|\/)deno\.jsonc?$/.test(path);
}

const fileUrl = (root: string, path: string): string =>
	`file:///${`${root}${path}`.split('/').map(encodeURIComponent).join('/')}`;

function record(value: unknown): Record<string, unknown> {
	return Object.fromEntries(Object.entries(Object(value)));
}
