// What a preview tells of tables: sizes and columns, and what the target will not take as it is. How many
// rows there are to copy is reported by `data`.
import type { EndpointRole } from '../../domain/endpoint-role.ts';
import { majorOf, type Session } from '../../platform/postgres/index.ts';
import { readAgain } from '../../platform/schema-changes.ts';
import { leftOutWarnings, readLeftOut } from '../../schema-stages/left-out.ts';
import type { FactPair } from '../../schema/planning.ts';
import { readSchemaParts } from '../../schema-stages/preview.ts';
import {
	makePreview,
	type Counted,
	type Preview,
	type PreviewWarning,
} from '../../domain/preview.ts';
import type { SlicedContext } from '../../contract/context.ts';
import { AVAILABLE_EXTENSIONS, EXTENSIONS, TABLE_SIZES } from './queries.ts';

interface Size {
	readonly columns: number;
	readonly rows: number | null;
	readonly bytes: number;
}

/** Counts, plan, list and warnings. Reads both endpoints, changes nothing. */
export async function previewTables(context: SlicedContext): Promise<Preview | undefined> {
	const parts = await readSchemaParts(context, ['tables'], movedRows);
	if (parts === undefined) return undefined;
	const { counts, objects, warnings } = parts;
	const source = await context.source.database();
	const target = await context.target.database();
	const sizes = { source: await readSizes(source), target: await readSizes(target) };
	const extensions = versionsOf(await source.query(EXTENSIONS));
	const available = versionsOf(await target.query(AVAILABLE_EXTENSIONS));
	const total = (unit: 'columns' | 'bytes'): Pick<Counted, 'source' | 'target'> => ({
		source: sum(sizes.source, unit),
		target: sum(sizes.target, unit),
	});
	return makePreview({
		counts: [
			...counts,
			{ unit: 'column', ...total('columns') },
			{ unit: 'byte', ...total('bytes') },
		],
		objects: objects.map((one) =>
			one.kind === 'table' ? { ...one, counts: sizeOf(one.object, sizes) } : one,
		),
		warnings: [
			...warnings,
			...versionWarning(source.serverVersion, target.serverVersion),
			...extensionWarnings(extensions, available),
			...leftOutWarnings(await readLeftOut(context)),
		],
	});
}

async function readSizes(session: Session): Promise<ReadonlyMap<string, Size>> {
	const rows = await readAgain(session, () => session.query(TABLE_SIZES));
	return new Map(
		rows.map(({ table_name, columns, rows, bytes }) => [
			String(table_name),
			{
				columns: Number(columns),
				rows: rows === null ? null : Number(rows),
				bytes: Number(bytes),
			},
		]),
	);
}

function sizeOf(
	table: string,
	sizes: Readonly<Record<EndpointRole, ReadonlyMap<string, Size>>>,
): Counted[] {
	const [source, target] = [sizes.source.get(table), sizes.target.get(table)];
	const both = (size: keyof Size): Pick<Counted, 'source' | 'target'> => ({
		source: source ? source[size] : 0,
		target: target ? target[size] : 0,
	});
	return [
		{ unit: 'column', ...both('columns') },
		{ unit: 'row', ...both('rows'), is_estimate: true },
		{ unit: 'byte', ...both('bytes') },
	];
}

/** New partitions of trees with a default partition, whose rows on the target may belong to them. */
const movedRows = ({ source, target }: FactPair): PreviewWarning[] =>
	[...source.byId.values()].flatMap(({ id, kind, object, parts, definition }): PreviewWarning[] => {
		const parent = `table:${String(definition['of'])}`;
		const isNew = kind === 'partition' && !target.byId.has(id);
		// A parent that is equal on both endpoints is read on neither.
		const hasParent = !source.byId.has(parent) || target.byId.has(parent);
		if (!isNew || parts?.['fallback'] == null || !hasParent) return [];
		return [
			{
				level: 'note',
				object,
				message:
					'A new partition: rows of the target’s default partition that belong to it are moved there',
				fix: 'Nothing to do. With many rows it takes a while, and the table is locked meanwhile.',
			},
		];
	});

const sum = (sizes: ReadonlyMap<string, Size>, key: 'columns' | 'bytes'): number =>
	[...sizes.values()].reduce((all, size) => all + size[key], 0);

const versionsOf = (rows: readonly Record<string, unknown>[]): Map<string, string> =>
	new Map(rows.map((row) => [String(row['name']), String(row['version'])]));

function versionWarning(source: number, target: number): PreviewWarning[] {
	if (majorOf(source) === majorOf(target)) return [];
	const newer = majorOf(source) > majorOf(target);
	return [
		{
			level: newer ? 'blocker' : 'warning',
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
					level: 'blocker',
					object: `extension ${name}`,
					message: 'The target does not offer this extension',
					fix: 'Choose a target that offers it, or remove what uses it from the source.',
				},
			];
		}
		if (offered === version) return [];
		return [
			{
				level: 'note',
				object: `extension ${name}`,
				message: `Version ${version} on the source, ${offered} on the target`,
				fix: 'Usually nothing: the target keeps its own version.',
			},
		];
	});
}
