// The shell script in each backup that restores it with psql, gunzip and sha256sum, and without us.
import type { BackupTable } from '../domain/backup.ts';
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
`;
}
