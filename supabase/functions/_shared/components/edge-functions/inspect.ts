// Preview: which functions there are, and what will be left to do. Downloads nothing.
import type { Preview, PreviewWarning, ReadContext } from '../component.ts';
import {
	type DeployedFunction,
	hasSameBundle,
	hasSameSettings,
	listFunctions,
} from './deployed.ts';
import { secretItems } from './secrets.ts';

const LISTED = 500;

export async function preview(context: ReadContext): Promise<Preview> {
	const { source, target } = context;
	const [wanted, present] = await Promise.all([
		listFunctions(source.api),
		listFunctions(target.api),
	]);
	const secrets = (await secretItems(context)).filter(({ outcome }) => outcome === 'skipped');
	const functions = [...wanted.values()];
	const extra = [...present.keys()].filter((slug) => !wanted.has(slug));
	const warnings: PreviewWarning[] = secrets.map(({ object, detail = '', fix = '' }) => ({
		object,
		message: detail,
		fix,
	}));
	if (extra.length > 0) warnings.push(extraWarning(extra, context.options.remove_extra));
	return {
		counts: { functions: functions.length, secrets_missing: secrets.length },
		objects: functions.slice(0, LISTED).map((entry) => describe(entry, present.get(entry.slug))),
		warnings,
	};
}

function describe(
	source: DeployedFunction,
	target: DeployedFunction | undefined,
): Record<string, unknown> {
	return {
		slug: source.slug,
		name: source.name,
		version: source.version,
		verify_jwt: source.verify_jwt,
		import_map: source.import_map,
		target: !target
			? 'missing'
			: hasSameBundle(source, target) && hasSameSettings(source, target)
				? 'same'
				: 'present',
	};
}

function extraWarning(extra: readonly string[], removes: boolean): PreviewWarning {
	const named = extra.slice(0, 10).join(', ') + (extra.length > 10 ? ' …' : '');
	return {
		object: 'functions of the target only',
		message: removes
			? `${extra.length} will be deleted: ${named}`
			: `${extra.length} stay as they are: ${named}`,
		fix: removes
			? 'Switch off "remove extra" to keep them.'
			: 'Switch on "remove extra" to delete them.',
	};
}
