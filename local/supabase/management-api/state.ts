// What the Management API remembers of each project, as JSON on disk: it survives a restart.
// Files of edge functions are not here but in the project's functionsDir.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Settings, defaultAuthConfig, defaultSettings } from './defaults.ts';

export interface DeployedFunction {
	readonly id: string;
	readonly slug: string;
	readonly name: string;
	readonly status: 'ACTIVE' | 'REMOVED' | 'THROTTLED';
	readonly version: number;
	readonly created_at: number;
	readonly updated_at: number;
	readonly verify_jwt: boolean;
	readonly import_map: boolean;
	readonly entrypoint_path: string;
	readonly import_map_path?: string;
	readonly ezbr_sha256: string;
}

export interface StoredFunction extends DeployedFunction {
	/** How the files were bundled; not shown. */
	readonly bundle: {
		readonly root: string;
		readonly entrypoint: string;
		readonly importMap?: string;
	};
}

export interface ThirdPartyAuth {
	readonly id: string;
	readonly type: string;
	readonly oidc_issuer_url?: string | null;
	readonly jwks_url?: string | null;
	readonly custom_jwks?: unknown;
	readonly inserted_at: string;
	readonly updated_at: string;
}

export interface ProjectState {
	status: 'ACTIVE_HEALTHY' | 'INACTIVE';
	/** Values in clear; the API only ever shows digests of the secret ones. */
	auth: Record<string, unknown>;
	settings: Settings;
	secrets: Record<string, { readonly value: string; readonly updated_at: string }>;
	functions: Record<string, StoredFunction>;
	thirdPartyAuth: ThirdPartyAuth[];
	/** Highest number of functions the plan allows. */
	functionLimit: number;
}

export interface StateStore {
	/** The state of a project; changes to it are kept by `save`. */
	of(ref: string): ProjectState;
	save(): Promise<void>;
}

/** Reads `<directory>/management-api.json`, or starts anew; every project gets the defaults. */
export async function openState(directory: string, refs: readonly string[]): Promise<StateStore> {
	await mkdir(directory, { recursive: true });
	const file = join(directory, 'management-api.json');
	const projects = await read(file);
	for (const ref of refs) projects[ref] = { ...fresh(), ...projects[ref] };
	let writing: Promise<void> = Promise.resolve();
	let writes = 0;
	return {
		of(ref) {
			const state = projects[ref];
			if (!state) throw new Error(`no project ${ref}`);
			return state;
		},
		save() {
			// One write at a time, and never a half written file.
			writing = writing.then(async () => {
				writes += 1;
				const next = `${file}.${process.pid}.${writes}`;
				await writeFile(next, JSON.stringify(projects, null, '\t'), { mode: 0o600 });
				await rename(next, file);
			});
			return writing;
		},
	};
}

async function read(file: string): Promise<Record<string, ProjectState>> {
	try {
		return JSON.parse(await readFile(file, 'utf8'));
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
		throw error;
	}
}

function fresh(): ProjectState {
	return {
		status: 'ACTIVE_HEALTHY',
		auth: defaultAuthConfig(),
		settings: defaultSettings(),
		secrets: {},
		functions: {},
		thirdPartyAuth: [],
		functionLimit: 100,
	};
}
