import { expect, test } from 'vitest';
import { describeNotCompared } from './verification.ts';

const nothing = { components: [], skipped_tables: 0, ignore_rules: 0, row_limit: 0 };

test('says in words what a verification did not look at', () => {
	expect(describeNotCompared({ not_compared: nothing }, 'checksums')).toEqual([]);
	expect(describeNotCompared({ not_compared: nothing }, 'counts')).toEqual(['the content of rows']);
	expect(
		describeNotCompared(
			{
				not_compared: {
					components: ['cron_jobs'],
					skipped_tables: 1,
					ignore_rules: 2,
					row_limit: 1000,
				},
			},
			'checksums',
		),
	).toEqual([
		'Cron jobs',
		'rows of 1 table with the strategy skip',
		'rows of tables that 2 ignore rules name',
		'rows beyond the first 1,000 of each table',
	]);
	expect(describeNotCompared({ not_compared: null }, 'counts')).toEqual([]);
});
