// Changes on the source between two clones of a pair: scripts of `tests/changes`, parted by `--#change`. After each
// the target equals the source, rows included, and one more clone changes nothing. Where things go on the source
// (`.extras.sql`), that holds only if the clone removes extras.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { expect, test } from 'vitest';
import type { Component } from '../../supabase/functions/_shared/contract/component.ts';
import { data } from '../../supabase/functions/_shared/components/data/index.ts';
import { functions } from '../../supabase/functions/_shared/components/functions/index.ts';
import { policies } from '../../supabase/functions/_shared/components/policies/index.ts';
import { realtime } from '../../supabase/functions/_shared/components/realtime/index.ts';
import { tables } from '../../supabase/functions/_shared/components/tables/index.ts';
import { triggers } from '../../supabase/functions/_shared/components/triggers/index.ts';
import { views } from '../../supabase/functions/_shared/components/views/index.ts';
import { MANAGED_SCHEMAS } from '../../supabase/functions/_shared/platform/supabase/managed-schemas.ts';
import { atEnd } from '../helpers/at-end.ts';
import { cloneInProcess, keepSessions, verifyAllInProcess } from '../helpers/clone.ts';
import { freshPair } from '../helpers/clusters.ts';
import { runScript } from '../helpers/corpus.ts';
import { dumpedStatements } from '../helpers/dump.ts';
import { rowsOf } from '../helpers/run-sql.ts';

const CHANGES = path.join(import.meta.dirname, '..', 'changes');
const components: readonly Component[] = [
	tables,
	data,
	functions,
	views,
	triggers,
	policies,
	realtime,
];

/** A checksum of the rows of every table. */
const ROWS = `
select format('%I.%I', n.nspname, c.relname) as name, (xpath('/row/sum/text()', query_to_xml(format(
  'select md5(string_agg(to_jsonb(t)::text, chr(10) order by to_jsonb(t)::text)) as sum from only %I.%I t',
  n.nspname, c.relname), true, true, '')))[1]::text as sum
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema', '${MANAGED_SCHEMAS.join("', '")}')
order by 1`;

const scripts = fs.readdirSync(CHANGES).flatMap((file) =>
	(file.endsWith('.extras.sql') ? [true] : [false, true]).map((remove_extra) => ({
		file,
		remove_extra,
		title: `${path.parse(file).name}${remove_extra ? ', extras removed' : ''}`,
	})),
);

test.each(scripts)(
	'the target follows its source: $title',
	{ timeout: 240_000 },
	async ({ file, remove_extra }) => {
		const pair = await freshPair();
		const endpoints = {
			source: { dbUrl: pair.source.dbUrl },
			target: { dbUrl: pair.target.dbUrl },
			options: { remove_extra },
		};
		const kept = keepSessions(endpoints);
		atEnd(() => kept.close());
		const parts = fs.readFileSync(path.join(CHANGES, file), 'utf8').split('--#change\n');
		for (const [number, part] of parts.entries()) {
			runScript(pair.source.dbUrl, part);
			const result = await cloneInProcess({ ...endpoints, kept, components });
			const failed = result
				.outcome('failed')
				.map((id) => `${id}: ${result.items.get(id)?.detail ?? ''}`);
			expect(failed, `part ${String(number)}`).toEqual([]);
			expect(dumpedStatements(pair.target.dbUrl), `part ${String(number)}`).toEqual(
				dumpedStatements(pair.source.dbUrl),
			);
			expect(await rowsOf(pair.target.dbUrl, ROWS)).toEqual(await rowsOf(pair.source.dbUrl, ROWS));
		}
		const findings = await verifyAllInProcess({ ...endpoints, kept, components }, 'checksums');
		expect(findings.filter(({ severity }) => severity === 'failed')).toEqual([]);
		const again = await cloneInProcess({ ...endpoints, kept, components });
		expect(again.outcome('copied')).toEqual([]);
	},
);
