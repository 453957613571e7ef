// What a backup keeps besides schema, rows and users: cron jobs, webhooks, publications, settings, edge functions, and the files of
// Storage. It is read after the rows, and not at their moment.
import { KEPT_JOBS, readJobs } from '../components/cron-jobs/inspect.ts';
import {
	concernsAll,
	KEPT_SECRETS,
	type KeptFunction,
	listFunctions,
	readFunction,
	type ReadFunction,
	readSecretNames,
} from '../components/edge-functions/backup.ts';
import {
	keepRoleSettings,
	keepSettings,
	KEPT_ROLE_SETTINGS,
	KEPT_SETTINGS,
} from '../components/project-config/backup.ts';
import { KEPT_PUBLICATIONS, readWanted } from '../components/realtime/wanted.ts';
import { KEPT_WEBHOOKS, readWebhooks } from '../components/webhooks/inspect.ts';
import { TwinsError } from '../domain/errors.ts';
import { readReferences } from '../platform/supabase/references.ts';
import { documentName, KEPT_PROJECT, type KeptProject } from './documents.ts';
import { keepFiles } from './keep-files.ts';
import { type BackupObjects, safePath } from './objects.ts';
import { cronScript, publicationScript, webhookScript } from './rest-scripts.ts';
import type { RestCursor } from './rest-cursor.ts';
import type { RestRequest } from './rest-request.ts';

/** Goes on from a place; where the next slice goes on, null at the end. */
export async function keepRest(
	request: RestRequest,
	from: RestCursor | null,
): Promise<RestCursor | null> {
	const has = (service: 'management_api' | 'storage_api'): boolean =>
		request.source.services.includes(service);
	let at = from;
	if (at === null) {
		await keepDocuments(request);
		at = { step: 'functions', after: '' };
		if (request.isFull()) return at;
	}
	if (at.step === 'functions') {
		if (has('management_api')) {
			const after = await keepFunctions(request, at.after);
			if (after !== null) return { step: 'functions', after };
		}
		at = { step: 'files', at: null };
		if (request.isFull()) return at;
	}
	if (!has('storage_api')) return null;
	const place = await keepFiles(request, at.at);
	return place === null ? null : { step: 'files', at: place };
}

async function keepDocuments({ source, objects, notes }: RestRequest): Promise<void> {
	const put = (name: string, value: unknown): Promise<void> =>
		objects.putText(documentName(name), `${JSON.stringify(value, undefined, '\t')}\n`);
	const session = await source.database();
	const jobs = await readJobs(session);
	const webhooks = await readWebhooks(session);
	const publications = await readWanted(source);
	await put(KEPT_JOBS, jobs);
	await put(KEPT_WEBHOOKS, webhooks);
	await put(KEPT_PUBLICATIONS, publications);
	await objects.putText('cron-jobs.sql', cronScript(jobs));
	await objects.putText('webhooks.sql', webhookScript(webhooks.hooks));
	await objects.putText('publications.sql', publicationScript(publications));
	notes.components.push('cron_jobs', 'webhooks', 'realtime');
	const texts = [
		...jobs.own.map(({ command }) => command),
		...webhooks.hooks.flatMap(({ args }) => args),
	];
	const { ref, url, keys, keysUnknown } = await readReferences(source);
	await put(KEPT_PROJECT, {
		ref,
		url,
		keys: keys.filter(({ value }) => value !== '' && texts.some((text) => text.includes(value))),
		keysUnknown,
	} satisfies KeptProject);
	if (!source.services.includes('management_api')) return;
	const { answers, refused } = await keepSettings(source);
	await put(KEPT_SETTINGS, answers);
	await put(KEPT_ROLE_SETTINGS, await keepRoleSettings(source));
	notes.components.push('project_config');
	for (const { path, detail } of refused) {
		notes.left.push({ object: `settings of ${path}`, outcome: 'failed', detail });
	}
}

/** In the order of their slugs. The slug after which the next slice goes on, null at the end. */
async function keepFunctions(request: RestRequest, after: string): Promise<string | null> {
	const { source, objects, notes, signal } = request;
	const listed = await listFunctions(source.api).catch((error: unknown) => {
		notes.left.push({ object: 'edge functions', outcome: 'failed', detail: refusalOf(error) });
		return null;
	});
	if (listed === null) return null;
	for (const [slug, deployed] of listed) {
		if (slug <= after) continue;
		signal.throwIfAborted();
		const read = await readFunction(source.api, deployed).catch((error: unknown) => {
			if (error instanceof TwinsError && concernsAll(error)) throw error;
			const object = `edge function ${slug}`;
			notes.left.push({ object, outcome: 'failed', detail: refusalOf(error) });
			return null;
		});
		if (read !== null) await putFunction(objects, deployed, read);
		if (request.isFull()) return slug;
	}
	const secrets = await readSecretNames(source.api).catch((error: unknown) => {
		notes.left.push({
			object: 'names of function secrets',
			outcome: 'failed',
			detail: refusalOf(error),
		});
		return [];
	});
	await objects.putText(documentName(KEPT_SECRETS), JSON.stringify(secrets));
	notes.components.push('edge_functions');
	return null;
}

async function putFunction(
	objects: BackupObjects,
	deployed: KeptFunction['deployed'],
	{ files, entrypoint, bundle }: ReadFunction,
): Promise<void> {
	const folder = `functions/${deployed.slug}`;
	const kept: KeptFunction = { deployed, entrypoint, files: [], bundle: null };
	for (const { path, bytes } of files) {
		const object = `${folder}/source/${safePath(path)}`;
		await objects.put(object, bytes);
		kept.files.push({ path, object });
	}
	if (bundle !== null) {
		kept.bundle = `${folder}/bundle.eszip`;
		await objects.put(kept.bundle, bundle);
	}
	await objects.putText(documentName(`${folder}/function`), JSON.stringify(kept));
}

/** Why something is not kept; what may pass, or is no refusal, is thrown on. */
function refusalOf(error: unknown): string {
	const isRefusal = error instanceof TwinsError && error.details.passing !== true;
	if (!isRefusal || error.code === 'account_expired') throw error;
	return error.message;
}
