// Migrations are applied once per installation: a file that was merged is never edited, renamed or removed. The
// list supabase/migrations.sha256 says what was merged; a change of the schema is another file, and another line.
import { createHash } from 'node:crypto';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { read, sourceFiles } from './source-files.ts';

const FOLDER = 'supabase/migrations';
const LIST = `${FOLDER}.sha256`;

const frozen = read(LIST)
	.split('\n')
	.filter((line) => line !== '' && !line.startsWith('#'))
	.map((line) => line.split('  '))
	.map(([hash = '', name = '']) => ({ hash, name }));

const names = sourceFiles(/^supabase\/migrations\//).map((file) => path.basename(file));

const hashOf = (name: string): string =>
	createHash('sha256')
		.update(read(`${FOLDER}/${name}`))
		.digest('hex');

describe('migrations', () => {
	it('that were merged stay as they were', () => {
		const wrong = frozen.flatMap(({ hash, name }) => {
			if (!names.includes(name)) return [`${name} is gone: installations have applied it`];
			if (hashOf(name) !== hash) {
				return [`${name} was edited: undo that, and write the change as a new migration`];
			}
			return [];
		});
		expect(wrong.join('\n')).toBe('');
	});

	it('are all listed, in the order in which they are applied', () => {
		const missing = names
			.filter((name) => !frozen.some((one) => one.name === name))
			.map((name) => `(cd ${FOLDER} && sha256sum ${name} >> ../migrations.sha256)`);
		expect(missing.join('\n'), 'When it is ready to be merged, run').toBe('');
		expect(
			frozen.map(({ name }) => name),
			`${LIST}: a new migration comes after all others`,
		).toEqual(names);
	});

	it('are named YYYYMMDDHHMMSS_verb_object.sql and say what they are for', () => {
		const wrong = names.filter(
			(name) =>
				!/^\d{14}_[a-z]+(_[a-z]+)+\.sql$/.test(name) ||
				!read(`${FOLDER}/${name}`).startsWith('-- Purpose: '),
		);
		expect(wrong.join('\n')).toBe('');
	});
});
