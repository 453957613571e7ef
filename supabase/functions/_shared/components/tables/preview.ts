// What a preview tells of tables: sizes and columns, and what the target will not take as it is. How many
// rows there are to copy is told by `data`.
import { majorOf } from '../../platform/session.ts';
import { schemaPreview } from '../../schema/verify.ts';
import type { Preview, PreviewWarning, ReadContext } from '../component.ts';
import { AVAILABLE_EXTENSIONS, EXTENSIONS, TABLE_SIZES } from './queries.ts';

interface Size {
	readonly columns: number;
	readonly rows: number | null;
	readonly bytes: number;
}

/** Counts, list and warnings. Reads both sides, changes nothing. */
export async function previewTables(context: ReadContext): Promise<Preview> {
	const preview = await schemaPreview(context, ['tables']);
	const source = await context.source.database();
	const target = await context.target.database();
	const sizes = new Map<string, Size>();
	for (const row of await source.query(TABLE_SIZES)) {
		const rows = row['rows'];
		sizes.set(String(row['table_name']), {
			columns: Number(row['columns']),
			rows: rows === null ? null : Number(rows),
			bytes: Number(row['bytes']),
		});
	}
	const extensions = versionsOf(await source.query(EXTENSIONS));
	const available = versionsOf(await target.query(AVAILABLE_EXTENSIONS));
	const total = [...sizes.values()].reduce((sum, size) => sum + size.bytes, 0);
	return {
		counts: { ...preview.counts, columns: sum(sizes, 'columns'), bytes: total },
		objects: preview.objects.map((object) => ({
			...object,
			...(object['kind'] === 'table' ? sizes.get(String(object['object'])) : {}),
		})),
		warnings: [
			...preview.warnings,
			...versionWarning(source.serverVersion, target.serverVersion),
			...extensionWarnings(extensions, available),
		],
	};
}

const sum = (sizes: ReadonlyMap<string, Size>, key: 'columns'): number =>
	[...sizes.values()].reduce((all, size) => all + size[key], 0);

const versionsOf = (rows: readonly Record<string, unknown>[]): Map<string, string> =>
	new Map(rows.map((row) => [String(row['name']), String(row['version'])]));

function versionWarning(source: number, target: number): PreviewWarning[] {
	if (majorOf(source) === majorOf(target)) return [];
	const newer = majorOf(source) > majorOf(target);
	return [
		{
			object: 'Postgres',
			message: `The source runs Postgres ${majorOf(source)}, the target Postgres ${majorOf(target)}`,
			fix: newer
				? 'Upgrade the target first: what only the newer version knows cannot be made there.'
				: 'Look at extensions and functions that behave differently in the newer version.',
		},
	];
}

/** Extensions the target cannot offer, or offers in another version. */
export function extensionWarnings(
	wanted: ReadonlyMap<string, string>,
	available: ReadonlyMap<string, string>,
): PreviewWarning[] {
	return [...wanted].flatMap(([name, version]): PreviewWarning[] => {
		const offered = available.get(name);
		if (offered === undefined) {
			return [
				{
					object: `extension ${name}`,
					message: 'The target does not offer this extension',
					fix: 'Choose a target that offers it, or remove what uses it from the source.',
				},
			];
		}
		if (offered === version) return [];
		return [
			{
				object: `extension ${name}`,
				message: `Version ${version} on the source, ${offered} on the target`,
				fix: 'Usually nothing: the target keeps its own version.',
			},
		];
	});
}
