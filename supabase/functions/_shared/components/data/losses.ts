// How much of the target's rows a clone would remove or overwrite, table by table, before anything is written. A sample of
// the target's rows is looked up on the source by its key: seconds for hundreds of tables, where reading all rows of both
// endpoints would double each clone. A share is therefore about right, not exact.
import * as z from 'zod/mini';
import { both } from '../../platform/both.ts';
import { ident } from '../../platform/postgres/index.ts';
import { ruleMatches } from '../../domain/ignore-rule.ts';
import { inOwnPath } from '../../schema/own-path.ts';
import type { SlicedContext } from '../../contract/context.ts';
import type { Loss } from '../../contract/report.ts';
import type { TableJob } from './plan.ts';
import { openSessions, readPlan, type ReadPlan, type Sessions } from './sessions.ts';
import type { Sizes } from './sizes.ts';
import { isOfOneTable } from './trouble.ts';

/** Rows looked up per table; a share is some hundredths off at most. */
const SAMPLED_ROWS = 1000;
/** Tables with fewer rows change as a whole in the ordinary course: settings, a heartbeat. */
const FEWEST_ROWS = 20;

const cursorSchema = z.object({ done: z.array(z.string()) });

/** The share of the rows of each table that would be lost. */
export async function measureLosses(
	context: SlicedContext,
	sizes: Sizes,
): Promise<readonly Loss[]> {
	const done = new Set(context.cursor === null ? [] : cursorSchema.parse(context.cursor).done);
	const isFirst = context.cursor === null;
	let looked = 0;
	const sessions = await openSessions(context, sizes);
	const plan = await readPlan(context, sessions, 'what both have');
	const losses: Loss[] = isFirst ? droppedTables(context, plan) : [];
	for (const tableJob of plan.tableJobs) {
		if (done.has(tableJob.key)) continue;
		// A slice that did nothing would be followed by another such.
		if (looked > 0 && context.spent()) {
			context.continueFrom({ done: [...done] });
			return losses;
		}
		const share = await measured(sessions, tableJob, plan, sizes);
		losses.push({ object: tableJob.object, share });
		done.add(tableJob.key);
		looked += 1;
	}
	return losses;
}

/** With `remove_extra`, tables that the source has not any more go with all their rows. */
function droppedTables({ options, ignoreRules }: SlicedContext, plan: ReadPlan): Loss[] {
	if (!options.remove_extra || !options.components.tables) return [];
	return [...plan.onTarget]
		.filter(
			([object, { kind, rows }]) =>
				kind === 'r' &&
				(rows ?? 0) >= FEWEST_ROWS &&
				!plan.onSource.has(object) &&
				!ignoreRules.some((pattern) => ruleMatches(pattern, object)),
		)
		.map(([object]) => ({ object, share: 1 }));
}

/** A table that cannot be read is not measured: the clone reports it by name. */
async function measured(
	sessions: Sessions,
	tableJob: TableJob,
	plan: ReadPlan,
	sizes: Sizes,
): Promise<number> {
	try {
		return await inOwnPath(
			{ sessions: [sessions.target, sessions.source], recover: () => Promise.resolve() },
			[tableJob.key],
			() =>
				tableJob.identity === null
					? byNumber(sessions, tableJob, sizes)
					: byKey(sessions, tableJob, tableJob.identity, plan),
		);
	} catch (error) {
		if (isOfOneTable(error)) return 0;
		throw error;
	}
}

interface Sample {
	readonly rows: number;
	/** JSON, passed on as it is: [hash, key …] per row. */
	readonly sample: string;
}

async function byKey(
	sessions: Sessions,
	tableJob: TableJob,
	identity: readonly string[],
	plan: ReadPlan,
): Promise<number> {
	const keys = identity.flatMap((name) =>
		tableJob.columns.filter((column) => column.name === name),
	);
	const share = sampledShare(tableJob, plan);
	const read = async (from: string): Promise<Sample> => {
		const [found] = await sessions.target.query<Sample>(`
select pg_catalog.count(*)::pg_catalog.int4 as rows, pg_catalog.json_agg(s.sampled)::pg_catalog.text as sample
from (
  select pg_catalog.json_build_array((${tableJob.hash})::pg_catalog.text,
    ${keys.map(({ name }) => `${ident(name)}::pg_catalog.text`).join(', ')}) as sampled
  from ${from} limit ${2 * SAMPLED_ROWS}
) as s`);
		return found ?? { rows: 0, sample: '[]' };
	};
	let sampled = await read(
		share < 1
			? `${tableJob.targetFrom} tablesample system (${(100 * share).toFixed(4)})`
			: tableJob.targetFrom,
	);
	// Few pages: none was hit.
	if (share < 1 && sampled.rows < FEWEST_ROWS) sampled = await read(tableJob.targetFrom);
	if (sampled.rows < FEWEST_ROWS) return 0;
	const isSame = `(${tableJob.hash})::pg_catalog.int8 = s.twins_hash`;
	const [{ lost } = { lost: 0 }] = await sessions.source.query<{ lost: number }>(
		`
select pg_catalog.count(*) filter (where ${
			// Rows that only the target has stay with the strategy upsert.
			tableJob.strategy === 'upsert' ? 'not f.is_same' : 'f.is_same is not true'
		})::pg_catalog.int4 as lost
from (
  select (e.value ->> 0)::pg_catalog.int8 as twins_hash, ${keys
		.map(({ type }, index) => `(e.value ->> ${index + 1})::${type} as twins_key_${index}`)
		.join(', ')}
  from pg_catalog.json_array_elements($1::pg_catalog.json) as e (value)
) as s
left join lateral (
  select ${isSame} as is_same from ${tableJob.sourceFrom}
  where ${keys.map(({ name }, index) => `${ident(name)} = s.twins_key_${index}`).join(' and ')}
) as f on true`,
		[sampled.sample],
	);
	return lost / sampled.rows;
}

/** Where nothing identifies a row: how many fewer there are. Large tables are left out: counting takes too long. */
async function byNumber(sessions: Sessions, tableJob: TableJob, sizes: Sizes): Promise<number> {
	if (tableJob.bytes > sizes.compareBytes) return 0;
	const count = `select pg_catalog.count(*)::pg_catalog.int8::pg_catalog.text as rows from `;
	const [[here], [there]] = await both(
		sessions.source.query<{ rows: string }>(count + tableJob.sourceFrom),
		sessions.target.query<{ rows: string }>(count + tableJob.targetFrom),
	);
	const [source, target] = [Number(here?.rows ?? 0), Number(there?.rows ?? 0)];
	return target < FEWEST_ROWS ? 0 : Math.max(0, 1 - source / target);
}

/** The share of the target's pages that holds about the wanted number of rows. */
function sampledShare({ object }: TableJob, { onTarget }: ReadPlan): number {
	const { rows = null, bytes = 0 } = onTarget.get(object) ?? {};
	const estimated = rows ?? bytes / SMALLEST_ROW_BYTES;
	return Math.min(1, SAMPLED_ROWS / Math.max(1, estimated));
}

/** Of a table that was never analyzed: the more rows are assumed, the fewer are read. */
const SMALLEST_ROW_BYTES = 64;
