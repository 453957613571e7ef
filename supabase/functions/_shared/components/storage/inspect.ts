// What a clone of Storage will meet, read before it starts: buckets with files and bytes, and what will not
// go over as it is.
import type { Preview, PreviewWarning, ReadContext } from '../component.ts';
import { readBuckets, readSpecialBuckets } from './buckets.ts';
import { openEnds } from './ends.ts';
import { label, readable } from './file.ts';
import { readGlobalLimit } from './limits.ts';
import { LARGER_THAN, TOTALS, USER_TRIGGERS } from './queries.ts';

/** Above this the source's owner should know that the download is billed to them. */
const NOTABLE_EGRESS_BYTES = 1_000_000_000;

export async function preview(context: ReadContext): Promise<Preview> {
	const ends = await openEnds(context);
	const buckets = await readBuckets(ends.source);
	const special = await readSpecialBuckets(ends.source);
	const totals = new Map(
		(await ends.source.query(TOTALS)).map((row) => [
			String(row['bucket']),
			{ files: Number(row['files']), bytes: Number(row['bytes']) },
		]),
	);
	const none = { files: 0, bytes: 0 };
	const objects = buckets.map((bucket) => ({
		bucket: bucket.id,
		...(totals.get(bucket.id) ?? none),
		public: bucket.isPublic,
		file_size_limit: bucket.fileSizeLimit,
		allowed_mime_types: bucket.allowedMimeTypes,
		type: bucket.type,
	}));
	const sum = (key: 'files' | 'bytes'): number =>
		[...totals.values()].reduce((total, entry) => total + entry[key], 0);

	const warnings: PreviewWarning[] = special.map(({ name, kind }) => ({
		object: name,
		message: `${kind} bucket: the platform has no way to copy its content`,
		fix: `Create it on the target and fill it from its own source.`,
	}));
	if (sum('bytes') >= NOTABLE_EGRESS_BYTES) {
		warnings.push({
			object: 'storage',
			message: `${readable(sum('bytes'))} are read from the source, at most once per changed file`,
			fix: 'Nothing to do; this egress counts on the source project’s bill.',
		});
	}
	warnings.push(...(await sizeWarnings(context, ends)));
	for (const { name } of await ends.target.query(USER_TRIGGERS)) {
		warnings.push({
			object: `storage.objects ${String(name)}`,
			message: 'a trigger on the target runs for every file that is copied',
			fix: 'Disable it for the time of the clone if it writes rows or calls out.',
		});
	}
	const targetIds = (await readBuckets(ends.target)).map(({ id }) => id);
	const sourceIds = new Set(buckets.map(({ id }) => id));
	for (const id of targetIds.filter((found) => !sourceIds.has(found))) {
		warnings.push({
			object: id,
			message: context.options.remove_extra
				? 'this bucket of the target will be removed with its files: the source lacks it'
				: 'only the target has this bucket; it is left alone',
			fix: context.options.remove_extra
				? 'Switch off "remove extra" to keep it.'
				: 'Nothing to do.',
		});
	}
	return {
		counts: { buckets: buckets.length, files: sum('files'), bytes: sum('bytes') },
		objects: objects.slice(0, 500),
		warnings,
	};
}

async function sizeWarnings(
	context: ReadContext,
	ends: Awaited<ReturnType<typeof openEnds>>,
): Promise<PreviewWarning[]> {
	const ownLimit = await readGlobalLimit(context.target);
	if (ownLimit === null) return [];
	// Project config raises the target's limit to the source's before files are copied.
	const { project_config: isRaised } = context.options.components;
	const limit = Math.max(ownLimit, (isRaised && (await readGlobalLimit(context.source))) || 0);
	const files = await ends.source.query(LARGER_THAN, [limit]);
	return files.map(({ bucket, name, size }) => ({
		object: label(String(bucket), String(name)),
		message: `${readable(Number(size))} is more than the target project takes (${readable(limit)})`,
		fix: `Raise the target's global file size limit to at least ${Number(size)} bytes (Storage → Settings).`,
	}));
}
