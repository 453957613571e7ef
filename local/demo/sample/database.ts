// The sample's database: runs the files of sql/ in order, in one transaction.
import * as fs from 'node:fs';
import * as path from 'node:path';
import postgres from 'postgres';
import type { SampleProject } from './stack.ts';

const SQL_DIR = path.join(import.meta.dirname, 'sql');

/** Files of the sample in the order they run, with the project's own address, ref and key filled in. */
export function sampleSql(project: SampleProject): readonly { name: string; text: string }[] {
	const own: Readonly<Record<string, string>> = {
		url: project.url,
		ref: project.ref,
		secret_key: project.secret_key,
	};
	return fs
		.readdirSync(SQL_DIR)
		.sort()
		.map((name) => ({
			name,
			text: fs
				.readFileSync(path.join(SQL_DIR, name), 'utf8')
				.replace(/\{\{(\w+)\}\}/g, (_, word: string) => own[word] ?? ''),
		}));
}

/** Creates tables and rows, unless they are there. All or nothing. Throws with the name of the file. */
export async function createSampleDatabase(project: SampleProject): Promise<void> {
	const sql = postgres(project.db_url, { max: 1, onnotice: () => undefined });
	try {
		const [existing] = await sql`select to_regclass('public.products') is not null as found`;
		if (existing?.['found'] === true) return;
		await sql.begin(async (transaction) => {
			for (const { name, text } of sampleSql(project)) {
				await transaction.unsafe(text).catch((error: unknown) => {
					throw new Error(`${name}: ${String(error)}`, { cause: error });
				});
			}
		});
		await sql.unsafe('analyze');
	} finally {
		await sql.end();
	}
}
