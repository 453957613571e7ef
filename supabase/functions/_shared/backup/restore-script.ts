// The shell scripts in each backup that restore it without us: with psql, gunzip and sha256sum, and files with curl.
import { base64 } from '../components/storage/transfer.ts';
import type { BackupTable, KeptFile } from '../domain/backup.ts';
import { ident } from '../platform/postgres/index.ts';
import { partsOf } from '../schema/names.ts';
import { userPath } from '../schema/own-path.ts';

/** One argument of a shell command, whatever is in it. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** `folderOf`: the folder of a table's parts below that of the backup. */
export function restoreScript(
	tables: readonly BackupTable[],
	folderOf: (table: BackupTable) => string,
): string {
	const loads = tables.map((table) => {
		const columns = table.columns.map(ident).join(', ');
		const copy = `copy ${table.table}${columns === '' ? '' : ` (${columns})`} from stdin`;
		return [
			'load',
			...[folderOf(table), userPath([partsOf(table.table)[0]]), copy].map(quoted),
		].join(' ');
	});
	return `#!/bin/sh
# Restores this backup into an empty Supabase project: sh restore.sh postgresql://postgres:…@…:5432/postgres
# It stops at the first error; with ON_ERROR_STOP=0 in front it tells errors and goes on.
set -eu
stop="\${ON_ERROR_STOP:-1}"
database="$1"
cd "$(dirname "$0")"
sha256sum --check --quiet SHA256SUMS

run() { psql -X -q -v ON_ERROR_STOP="$stop" -d "$database" -f "$1"; }

# Triggers and foreign keys stay silent while rows are loaded.
settings='set session_replication_role = replica; set xmloption = content'
load() {
	path="set search_path = $2"
	# The parts by name: whatever else is in the folder is not of this backup.
	grep -F "  $1/" SHA256SUMS | cut -c 67- | xargs cat | gunzip | psql -X -q -v ON_ERROR_STOP="$stop" -d "$database" -c "$settings" -c "$path" -c "$3" || [ "$stop" = 0 ]
}

run schema.sql
${loads.join('\n')}
run after-rows.sql
run publications.sql
`;
}

/** A line of the lists that restore-files.sh reads: fields in the order of its `read`, none of them empty. */
export function scriptLine(file: KeptFile, size: number | null): string {
	const { bucket, name, offset, row, parts } = file;
	const metadata = objectOf(row?.['metadata']);
	const user = row?.['user_metadata'];
	const end = offset + parts.reduce((sum, part) => sum + part.bytes, 0);
	const header = (value: unknown): string =>
		typeof value === 'string' && /^[\x20-\x7e]+$/.test(value) ? value : '-';
	return [
		row === null ? 'lost' : end >= (size ?? 0) ? 'end' : 'more',
		offset,
		[bucket, ...name.split('/')].map(encodeURIComponent).join('/'),
		header(metadata['mimetype']),
		header(metadata['cacheControl']),
		typeof user === 'object' && user !== null ? base64(JSON.stringify(user)) : '-',
		parts.map((part) => part.name).join(' ') || '-',
	].join('\t');
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null ? { ...value } : {};

/** Makes the buckets and uploads the files of all lists. */
export function filesScript(buckets: readonly Readonly<Record<string, unknown>>[]): string {
	const makes = buckets
		.filter(({ type }) => type === undefined || type === null || type === 'STANDARD')
		.map(({ id, name, public: isPublic, file_size_limit, allowed_mime_types }) => {
			const body = { id, name, public: isPublic, file_size_limit, allowed_mime_types };
			return `make ${quoted(JSON.stringify(body))}`;
		});
	return `#!/bin/sh
# Uploads the files of this backup: sh restore-files.sh https://….supabase.co SECRET_KEY
set -eu
url="$1/storage/v1"
key="$2"
cd "$(dirname "$0")"
whole="$(mktemp)"
trap 'rm -f "$whole"' EXIT

call() { curl -sS --fail-with-body -o /dev/null -H "apikey: $key" -H "authorization: Bearer $key" "$@"; }
make() { call -X POST "$url/bucket" -H 'content-type: application/json' -d "$1"; }
${makes.join('\n')}
tab="$(printf '\t')"
for list in files/*.tsv; do
	[ -e "$list" ] || continue
	while IFS="$tab" read -r state offset path type cache metadata parts; do
		[ "$state" != lost ] || continue
		[ "$offset" != 0 ] || : >"$whole"
		[ "$parts" = - ] || cat $parts >>"$whole"
		[ "$state" = end ] || continue
		set -- -H 'x-upsert: true'
		[ "$type" = - ] || set -- "$@" -H "content-type: $type"
		[ "$cache" = - ] || set -- "$@" -H "cache-control: $cache"
		[ "$metadata" = - ] || set -- "$@" -H "x-metadata: $metadata"
		call -X POST "$url/object/$path" "$@" --data-binary "@$whole"
	done <"$list"
done
`;
}
