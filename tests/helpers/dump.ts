// The measure of a schema clone: pg_dump's own words, cut into statements and sorted, so that two databases
// with the same objects give the same text whatever the order in which they were made.
import { execFileSync } from 'node:child_process';
import { installPostgres } from '../../local/supabase/postgres/postgres-install.ts';
import { databasesDir } from '../../local/state-dir.ts';
import { MANAGED_SCHEMAS } from '../../supabase/functions/_shared/platform/supabase/managed-schemas.ts';

/** Comments in front of each object say its name and owner; the rest are statements. */
const HEADER = /^-- Name: .*$/m;
const NOISE = /^(--.*|SET .*;|SELECT pg_catalog\.set_config\(.*\);|\\(un)?restrict .*|)$/;

/** Text of `pg_dump --schema-only` of the user's schemas, objects sorted by their text. */
export function normalizedDump(url: string): string {
	const dump = execFileSync(
		'pg_dump',
		[
			'--schema-only',
			...MANAGED_SCHEMAS.map((name) => `--exclude-schema=${name}`),
			`--dbname=${url}`,
		],
		{ encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, PGSSLMODE: 'disable' } },
	);
	const [, ...blocks] = dump.split(/^--\n(?=-- Name: )/m);
	return blocks
		.map((block) => {
			const title = HEADER.exec(block)?.[0] ?? '';
			const text = block.split('\n').filter((line) => !NOISE.test(line));
			return [title, ...sortGrants(text)].join('\n');
		})
		.filter(
			(block) =>
				!/^-- Name: .*Type: (EXTENSION|PUBLICATION|EVENT TRIGGER|DEFAULT ACL;.*Owner: supabase_admin)/.test(
					block,
				),
		)
		.sort()
		.join('\n\n');
}

/** Privileges of one object come in the order in which they were given. */
function sortGrants(lines: readonly string[]): string[] {
	const isGrant = (line: string): boolean => /^(GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) /.test(line);
	const others = lines.filter((line) => !isGrant(line));
	return [...others, ...lines.filter(isGrant).sort()];
}

/** Statements of `pg_dump --schema-only` of everything, sorted, without white space: its order differs. `more`: words for pg_dump. */
export function dumpedStatements(url: string, more: readonly string[] = []): string[] {
	const { major } = installPostgres(databasesDir());
	const binary = `/usr/lib/postgresql/${major}/bin/pg_dump`;
	const text = execFileSync(
		binary,
		['--schema-only', '--exclude-schema=_twins', ...more, '-d', url],
		{
			encoding: 'utf8',
			maxBuffer: 1 << 28,
		},
	);
	return (
		text
			.split(/\n(?:--[^\n]*\n)*\n/)
			.map((statement) => statement.replaceAll(/^--.*$/gm, '').trim())
			// Privileges of one object come in the order in which they were given.
			.flatMap((statement) =>
				/^(GRANT|REVOKE|ALTER DEFAULT PRIVILEGES) /.test(statement)
					? statement.split('\n')
					: [statement],
			)
			.filter((statement) => statement !== '')
			.filter(
				(statement) => !/^(\\(un)?restrict|SET |SELECT pg_catalog.set_config)/.test(statement),
			)
			// What the platform's own roles will create is the platform's.
			.filter((statement) => !statement.startsWith('ALTER DEFAULT PRIVILEGES FOR ROLE supabase_'))
			.map((statement) => statement.replaceAll(/\s+/g, ''))
			.sort()
	);
}
