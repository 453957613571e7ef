// The measure of a schema clone: pg_dump's own words, cut into statements and sorted, so that two databases
// with the same objects give the same text whatever the order in which they were made.
import { execFileSync } from 'node:child_process';
import { MANAGED_SCHEMAS } from '../../supabase/functions/_shared/schema/scope.ts';

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
