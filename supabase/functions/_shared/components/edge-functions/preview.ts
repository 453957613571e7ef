// Preview: which functions there are, and what will be left to do. Downloads nothing.
import {
	makePreview,
	type Preview,
	type PreviewObject,
	type PreviewWarning,
} from '../../domain/preview.ts';
import type { ReadContext } from '../../contract/context.ts';
import {
	type DeployedFunction,
	hasSameBundle,
	hasSameSettings,
	listFunctions,
} from './deployed.ts';
import { secretItems } from './secrets.ts';

export async function preview(context: ReadContext): Promise<Preview> {
	const { source, target } = context;
	const [wanted, present] = await Promise.all([
		listFunctions(source.api),
		listFunctions(target.api),
	]);
	const { remove_extra: removes } = context.options;
	const secrets = (await secretItems(context)).filter(({ outcome }) => outcome === 'skipped');
	const extra = [...present.values()].filter(({ slug }) => !wanted.has(slug));
	return makePreview({
		counts: [{ unit: 'function', source: wanted.size, target: present.size }],
		objects: [
			...[...wanted.values()].map((entry) => describe(entry, present.get(entry.slug))),
			...extra.map(({ slug }): PreviewObject => ({
				object: slug,
				kind: 'function',
				is_extra: true,
				action: removes ? 'remove' : 'leave',
			})),
		],
		warnings: [
			...secrets.map(({ object, detail = '', fix = '' }): PreviewWarning => ({
				level: 'warning',
				object,
				message: detail,
				fix,
			})),
			...extra.map(({ slug }) => extraWarning(slug, removes)),
		],
	});
}

function describe(source: DeployedFunction, target: DeployedFunction | undefined): PreviewObject {
	return {
		object: source.slug,
		kind: 'function',
		action: !target
			? 'create'
			: !hasSameSettings(source, target)
				? 'change'
				: // Equal functions may be bundled otherwise: then the clone compares their files.
					hasSameBundle(source, target)
					? 'keep'
					: 'compare',
		detail: source.verify_jwt ? 'verifies JWTs' : 'open to all',
	};
}

const extraWarning = (object: string, removes: boolean): PreviewWarning =>
	removes
		? {
				level: 'warning',
				object,
				message: 'This function of the target will be deleted: the source lacks it',
				fix: 'Switch off "remove extra" to keep it.',
			}
		: {
				level: 'note',
				object,
				message: 'Only the target has this function; it stays as it is',
				fix: 'Switch on "remove extra" to delete it.',
			};
