// What the checkout keeps of the control database that its migrations make: its schema, for reviews, and the types
// by which the web app reads it. Every run of the suite compares both with the database.

import { execFile } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import * as prettier from 'prettier';
import { ROOT_DIR } from '../state-dir.ts';
import type { Outcome } from './outcome.ts';

const execute = promisify(execFile);

const HINT = 'npm run test:db -- --update';

const SCHEMA_FILE = 'tests/db/schema.sql';
const TYPES_FILE = 'web/src/lib/data/database-types.ts';

const HEADER = `What supabase/migrations make of an empty project. Written by \`${HINT}\`.`;

/** Servers of different majors print the same view in different words. */
const SERVER = /^-- Printed by PostgreSQL (\d+)$/m;

/** Compares the kept files with the database, or writes them anew. */
export async function checkControlSchema(dbUrl: string, isUpdate: boolean): Promise<Outcome> {
	const made = [
		{ file: SCHEMA_FILE, text: await schemaText(dbUrl) },
		{ file: TYPES_FILE, text: await typesText(dbUrl) },
	];
	let passed = 0;
	const failures: string[] = [];
	for (const { file, text } of made) {
		const place = path.join(ROOT_DIR, file);
		const kept = fs.existsSync(place) ? fs.readFileSync(place, 'utf8') : '';
		const [ofKept, ofMade] = [kept, text].map((one) => SERVER.exec(one)?.[1]);
		if (isUpdate) fs.writeFileSync(place, text);
		if (isUpdate || kept === text) passed += 1;
		else if (ofKept !== undefined && ofKept !== ofMade) {
			console.warn(`${file}: NOT COMPARED, it is of PostgreSQL ${ofKept}, this is ${ofMade}.`);
		} else {
			const failure = `${file} is not what the migrations make: ${firstDifference(kept, text)}`;
			failures.push(failure);
			console.error(failure);
			console.error(`If the migrations are right: ${HINT}`);
		}
	}
	return { passed, failed: failures.length, failures };
}

/** Number of the line and both versions of it. */
function firstDifference(kept: string, made: string): string {
	const [keptLines, madeLines] = [kept.split('\n'), made.split('\n')];
	const differs = madeLines.findIndex((line, at) => line !== keptLines[at]);
	const at = differs < 0 ? madeLines.length : differs;
	return `line ${at + 1} is "${keptLines[at] ?? ''}" and should be "${madeLines[at] ?? ''}"`;
}

const NOISE = /^(--.*|SET .*|SELECT pg_catalog\.set_config\(.*|\\(un)?restrict .*)$/;

/** The platform's: it is there before the migrations. */
const IS_PLATFORM = /^-- Name: (SCHEMA )?public; Type: |Type: DEFAULT ACL;[^]*FOR ROLE supabase_/;

/** pg_dump of our schemas without its noise, and what the migrations make in others. */
async function schemaText(dbUrl: string): Promise<string> {
	const { stdout } = await execute(
		'pg_dump',
		['--schema-only', '--no-owner', '--schema=public', '--schema=private', `--dbname=${dbUrl}`],
		{ maxBuffer: 1 << 26, env: { ...process.env, PGSSLMODE: 'disable' } },
	);
	const [top = '', ...objects] = stdout.split(/^--\n(?=-- Name: )/m);
	const server = /^-- Dumped from database version (\d+)/m.exec(top)?.[1] ?? '';
	const statements = objects
		.filter((object) => !IS_PLATFORM.test(object))
		.map((object) => object.split('\n').filter((line) => !NOISE.test(line)))
		.map((lines) => lines.join('\n').trim());
	const parts = [
		`-- ${HEADER}\n-- Printed by PostgreSQL ${server}`,
		...statements,
		'-- Elsewhere',
		...(await statementsElsewhere(dbUrl)),
	];
	return `${parts.join('\n\n')}\n`;
}

async function statementsElsewhere(dbUrl: string): Promise<string[]> {
	const sql = postgres(dbUrl, { max: 1, onnotice: () => undefined });
	try {
		const rows = await sql`
			select format('CREATE POLICY %I ON %I.%I FOR %s TO %s USING (%s);', policyname, schemaname, tablename,
				cmd, array_to_string(roles, ', '), qual) as statement
			from pg_catalog.pg_policies where schemaname = 'realtime'
			union all
			select format('SELECT cron.schedule(%L, %L, %L);', jobname, schedule, command) from cron.job
			order by statement`;
		return rows.map((row) => String(row['statement']));
	} finally {
		await sql.end();
	}
}

/** As `supabase gen types` writes them, formatted. */
async function typesText(dbUrl: string): Promise<string> {
	const { stdout } = await execute(
		path.join(ROOT_DIR, 'node_modules/.bin/supabase'),
		['gen', 'types', 'typescript', `--remote=${dbUrl}`, '--schema=public'],
		{
			env: {
				...process.env,
				DO_NOT_TRACK: '1',
				SUPABASE_TELEMETRY_DISABLED: '1',
				// Without it a remark on the connection comes along with the types.
				PGSSLMODE: 'disable',
			},
		},
	);
	const place = path.join(ROOT_DIR, TYPES_FILE);
	const config = await prettier.resolveConfig(place);
	return prettier.format(`// ${HEADER}\n${stdout}`, { ...config, filepath: place });
}
