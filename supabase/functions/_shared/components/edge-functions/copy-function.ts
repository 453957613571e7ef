// One function: is it the same on both endpoints, and if not, how does it get there. Converges: doing it twice
// deploys once.
import type { Item } from '../../contract/report.ts';
import type { StageContext } from '../../contract/context.ts';
import type { Endpoints } from '../../contract/endpoint.ts';
import { TwinsError } from '../../domain/errors.ts';
import { type DeployedFunction, hasSameBundle, hasSameSettings } from './deployed.ts';
import { changeSettings, deployBundle, deploySource, downloadBundle } from './deploy.ts';
import { bareImports, lacksImportMap } from './imports.ts';
import { findReferences, referenceAdvice, type SourceNames } from './references.ts';
import { sha256 } from '../../platform/sha256.ts';
import { downloadSource, type FunctionSource, sourceDigest } from './source.ts';

export interface FunctionPair {
	readonly source: DeployedFunction;
	readonly target: DeployedFunction | undefined;
}

export interface Outcome {
	readonly item: Item;
	/** Bytes moved. */
	readonly bytes: number;
}

const FROM_SOURCES =
	'Deploy this function from its own source files, with its deno.json or import map (supabase functions deploy).';

/** Called before the target is written. */
type Announce = (detail: string) => Promise<void>;

/** Copies one function where it differs. Throws only for trouble that concerns every function. */
export async function copyFunction(
	endpoints: Endpoints & Pick<StageContext, 'announce'>,
	pair: FunctionPair,
	names: SourceNames,
): Promise<Outcome> {
	const { slug } = pair.source;
	const announce: Announce = (detail) =>
		endpoints.announce({ object: slug, outcome: 'copied', detail });
	try {
		return await converge(endpoints, pair, names, announce);
	} catch (error) {
		if (!(error instanceof TwinsError) || concernsAll(error)) throw error;
		const { message, fix } = error;
		return { item: { object: slug, outcome: 'failed', detail: message, fix }, bytes: 0 };
	}
}

async function converge(
	endpoints: Endpoints,
	pair: FunctionPair,
	names: SourceNames,
	announce: Announce,
): Promise<Outcome> {
	const { source, target } = pair;
	const object = source.slug;
	if (target && hasSameBundle(source, target)) {
		if (hasSameSettings(source, target)) {
			return { item: { object, outcome: 'unchanged' }, bytes: 0 };
		}
		await announce(settingsDetail(source));
		await changeSettings(endpoints.target.api, source);
		return { item: { object, outcome: 'copied', detail: settingsDetail(source) }, bytes: 0 };
	}
	const files = await downloadSource(endpoints.source.api, source);
	const fix = referenceAdvice(findReferences(files.files, names));
	if (target && (await isSameSource(endpoints, pair, files))) {
		const isSame = hasSameSettings(source, target);
		if (!isSame) {
			await announce(settingsDetail(source));
			await changeSettings(endpoints.target.api, source);
		}
		const item: Item = isSame
			? { object, outcome: 'unchanged', fix }
			: { object, outcome: 'copied', detail: settingsDetail(source), fix };
		return { item, bytes: files.bytes * 2 };
	}
	await announce('deployed');
	const way = await deploy(endpoints, pair, files);
	const detail = `${way}, ${files.files.length} ${files.files.length === 1 ? 'file' : 'files'}`;
	return { item: { object, outcome: 'copied', detail, fix }, bytes: files.bytes * 2 };
}

/**
 * Compares what runs on both endpoints. A download without its import map does not tell all, so then the bundles
 * themselves are compared.
 */
export async function isSameSource(
	endpoints: Endpoints,
	{ source, target }: FunctionPair,
	files: FunctionSource,
): Promise<boolean> {
	if (!target) return false;
	if (lacksImportMap(source, files)) {
		const [here, there] = await Promise.all([
			downloadBundle(endpoints.source.api, source.slug).then(sha256),
			downloadBundle(endpoints.target.api, target.slug).then(sha256),
		]);
		return here === there;
	}
	try {
		const other = await downloadSource(endpoints.target.api, target);
		return (await sourceDigest(files)) === (await sourceDigest(other));
	} catch (error) {
		// A broken function on the target is one to replace.
		if (error instanceof TwinsError && !concernsAll(error)) return false;
		throw error;
	}
}

async function deploy(
	endpoints: Endpoints,
	pair: FunctionPair,
	files: FunctionSource,
): Promise<string> {
	if (!lacksImportMap(pair.source, files)) {
		try {
			await deploySource(endpoints.target.api, pair.source, files);
			return 'deployed from its files';
		} catch (error) {
			const missing = bareImports(files.files);
			const mayBeBundled = error instanceof TwinsError && error.details.httpStatus === 400;
			if (!mayBeBundled || files.importMap !== undefined || missing.length === 0) throw error;
			return deployAsBundle(endpoints, pair, error);
		}
	}
	return deployAsBundle(endpoints, pair, undefined);
}

/** The way for functions whose download is incomplete. */
async function deployAsBundle(
	endpoints: Endpoints,
	{ source, target }: FunctionPair,
	refusal: TwinsError | undefined,
): Promise<string> {
	try {
		const bundle = await downloadBundle(endpoints.source.api, source.slug);
		await deployBundle(endpoints.target.api, source, bundle, target !== undefined);
		return 'deployed as its bundle, because the download lacks the import map';
	} catch (error) {
		if (!(error instanceof TwinsError) || concernsAll(error)) throw error;
		const reasons = [refusal?.message, error.message].filter((reason) => reason !== undefined);
		throw new TwinsError(
			error.code,
			`the download lacks the import map, and the bundle was not accepted either: ${reasons.join(' / ')}`,
			FROM_SOURCES,
			error.details,
		);
	}
}

/** Trouble of the account or the platform, not of one function: the stage stops and is tried again. */
export function concernsAll(error: TwinsError): boolean {
	return (
		error.details.passing === true ||
		error.details.httpStatus === 403 ||
		['account_expired', 'target_not_ready', 'forbidden'].includes(error.code)
	);
}

function settingsDetail({ name, verify_jwt }: DeployedFunction): string {
	return `name ${name}, ${verify_jwt ? 'checks tokens' : 'does not check tokens'}; files were the same`;
}
