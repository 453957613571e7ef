// The sample's edge functions: deployed as the CLI does it, as a form of source files with their paths.
import * as fs from 'node:fs';
import * as path from 'node:path';
import type { SampleApi } from './management-api.ts';

const FUNCTIONS_DIR = path.join(import.meta.dirname, 'functions');

interface SampleFunction {
	readonly slug: string;
	readonly verifyJwt: boolean;
	/** The first is the entry point; paths below the function's folder. */
	readonly files: readonly string[];
}

const FUNCTIONS: readonly SampleFunction[] = [
	{
		slug: 'order-mail',
		verifyJwt: false,
		files: ['index.ts', 'lib/reply.ts', 'lib/template.ts', 'logo.png'],
	},
	{ slug: 'nightly-report', verifyJwt: true, files: ['index.ts', 'lib/count.ts'] },
	{ slug: 'ping', verifyJwt: false, files: ['index.js'] },
];

function deployForm({ slug, verifyJwt, files }: SampleFunction): FormData {
	const form = new FormData();
	const metadata = {
		name: slug,
		entrypoint_path: files[0],
		verify_jwt: verifyJwt,
		static_patterns: files.filter((file) => !/\.[jt]s$/.test(file)),
	};
	form.append('metadata', JSON.stringify(metadata));
	for (const file of files) {
		const bytes = fs.readFileSync(path.join(FUNCTIONS_DIR, slug, file));
		form.append('file', new Blob([bytes]), file);
	}
	return form;
}

function slugsOf(answer: unknown): ReadonlySet<unknown> {
	if (!Array.isArray(answer)) return new Set();
	return new Set(answer.map((one: unknown) => Object(one).slug));
}

/** Deploys the functions that are not there yet. */
export async function deploySampleFunctions(api: SampleApi): Promise<void> {
	const deployed = slugsOf(await api.call('GET', '/functions'));
	for (const one of FUNCTIONS) {
		if (deployed.has(one.slug)) continue;
		await api.call('POST', `/functions/deploy?slug=${one.slug}`, deployForm(one));
	}
}
