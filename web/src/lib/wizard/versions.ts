// Versions of Postgres as the Management API writes them: "15.8.1.060", "17.4".

/** The major version, e.g. "15". */
export function majorOf(version: string): string {
	return version.split('.')[0] ?? version;
}
