// What a clone of Storage will meet, read before it starts: buckets with files and bytes, and what will not
// go over as it is.
import { formatBytes } from '../../domain/amount.ts';
import {
	makePreview,
	plannedContents,
	type Counted,
	type Preview,
	type PreviewObject,
	type PreviewWarning,
} from '../../domain/preview.ts';
import type { ReadContext } from '../../contract/context.ts';
import { differingSettings, readBuckets, readSpecialBuckets } from './buckets.ts';
import { openEndpoints, type StorageEndpoint } from './endpoints.ts';
import { label, type Bucket } from './file.ts';
import { readGlobalLimit } from './limits.ts';
import { LARGER_THAN, TOTALS, USER_TRIGGERS } from './queries.ts';

/** Above this the source's owner should know that the download is billed to them. */
const NOTABLE_EGRESS_BYTES = 1_000_000_000;

export async function preview(context: ReadContext): Promise<Preview> {
	const endpoints = await openEndpoints(context);
	const { remove_extra: removes } = context.options;
	const source = await readStorage(endpoints.source);
	const target = await readStorage(endpoints.target);
	const extra = [...target.buckets.values()].filter(({ id }) => !source.buckets.has(id));
	const objects = [...source.buckets.values(), ...extra].map((bucket) =>
		bucketObject(bucket, source, target, removes),
	);
	const egress = sum(source, 'bytes');

	const warnings: PreviewWarning[] = (await readSpecialBuckets(endpoints.source)).map(
		({ name, kind }) => ({
			level: 'warning',
			object: name,
			message: `${kind} bucket: the platform has no way to copy its content`,
			fix: `Create it on the target and fill it from its own source.`,
		}),
	);
	if (egress >= NOTABLE_EGRESS_BYTES) {
		warnings.push({
			level: 'note',
			object: 'storage',
			message: `${formatBytes(egress)} are read from the source, at most once per changed file`,
			fix: 'Nothing to do; this egress counts on the source project’s bill.',
		});
	}
	warnings.push(...(await sizeWarnings(context, endpoints)));
	for (const { name } of await endpoints.target.query(USER_TRIGGERS)) {
		warnings.push({
			level: 'warning',
			object: `storage.objects ${String(name)}`,
			message: 'A trigger on the target runs for every file that is copied',
			fix: 'Disable it for the time of the clone if it writes rows or calls out.',
		});
	}
	warnings.push(...extra.map(({ id }) => extraBucket(id, removes)));
	const files: Counted = {
		unit: 'file',
		source: sum(source, 'files'),
		target: sum(target, 'files'),
	};
	return makePreview({
		counts: [
			files,
			{ unit: 'bucket', source: source.buckets.size, target: target.buckets.size },
			{ unit: 'byte', source: egress, target: sum(target, 'bytes') },
		],
		plan: plannedContents(files, removes ? 'mirror' : 'upsert'),
		objects,
		warnings,
	});
}

interface EndpointStorage {
	readonly buckets: ReadonlyMap<string, Bucket>;
	readonly totals: ReadonlyMap<string, Total>;
}

interface Total {
	readonly files: number;
	readonly bytes: number;
}

async function readStorage(endpoint: StorageEndpoint): Promise<EndpointStorage> {
	const totals = await endpoint.query(TOTALS);
	return {
		buckets: new Map((await readBuckets(endpoint)).map((bucket) => [bucket.id, bucket])),
		totals: new Map(
			totals.map((row) => [
				String(row['bucket']),
				{ files: Number(row['files']), bytes: Number(row['bytes']) },
			]),
		),
	};
}

const sum = ({ totals }: EndpointStorage, key: keyof Total): number =>
	[...totals.values()].reduce((all, total) => all + total[key], 0);

/** A bucket with its files; which of those differ, only the clone finds out. */
function bucketObject(
	{ id }: Bucket,
	source: EndpointStorage,
	target: EndpointStorage,
	removes: boolean,
): PreviewObject {
	const [wanted, present] = [source.buckets.get(id), target.buckets.get(id)];
	const counts = (unit: 'file' | 'byte', key: keyof Total): Counted => ({
		unit,
		source: source.totals.get(id)?.[key] ?? 0,
		target: target.totals.get(id)?.[key] ?? 0,
	});
	const files = counts('file', 'files');
	const bucket = { object: id, kind: 'bucket' as const, counts: [files, counts('byte', 'bytes')] };
	if (!wanted) return { ...bucket, is_extra: true, action: removes ? 'remove' : 'leave' };
	const changes = present ? differingSettings(wanted, present) : [];
	return {
		...bucket,
		action: !present ? 'create' : changes.length > 0 ? 'change' : removes ? 'overwrite' : 'merge',
		plan: plannedContents(files, removes ? 'mirror' : 'upsert'),
		detail: [
			wanted.isPublic ? 'public' : 'private',
			...(changes.length > 0 ? [`differs in ${changes.join(', ')}`] : []),
		].join(', '),
	};
}

const extraBucket = (object: string, removes: boolean): PreviewWarning =>
	removes
		? {
				level: 'warning',
				object,
				message: 'This bucket of the target will be removed with its files: the source lacks it',
				fix: 'Switch off "remove extra" to keep it.',
			}
		: {
				level: 'note',
				object,
				message: 'Only the target has this bucket; it is left alone',
				fix: 'Nothing to do.',
			};

async function sizeWarnings(
	context: ReadContext,
	endpoints: Awaited<ReturnType<typeof openEndpoints>>,
): Promise<PreviewWarning[]> {
	const ownLimit = await readGlobalLimit(context.target);
	if (ownLimit === null) return [];
	// Project config raises the target's limit to the source's before files are copied.
	const { project_config: isRaised } = context.options.components;
	const limit = Math.max(ownLimit, (isRaised && (await readGlobalLimit(context.source))) || 0);
	const files = await endpoints.source.query(LARGER_THAN, [limit]);
	return files.map(({ bucket, name, size }) => ({
		level: 'blocker',
		object: label(String(bucket), String(name)),
		message: `${formatBytes(Number(size))} is more than the target project takes (${formatBytes(limit)})`,
		fix: `Raise the target's global file size limit to at least ${Number(size)} bytes (Storage → Settings).`,
	}));
}
