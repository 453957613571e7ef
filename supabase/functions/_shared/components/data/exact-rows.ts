// Counts the rows of tables for a preview that is to be exact: table by table, in as many slices as that takes.
import * as z from 'zod/mini';
import type { SlicedContext } from '../../contract/context.ts';
import { TwinsError } from '../../domain/errors.ts';
import { both } from '../../platform/both.ts';
import type { Session } from '../../platform/postgres/index.ts';
import type { TableJob } from './plan.ts';
import type { ReadPlan, Sessions } from './sessions.ts';

const number = z.nullable(z.number());
const cursorSchema = z.nullable(z.record(z.string(), z.tuple([number, number])));

/** Rows on source and target by table; null where counting is refused, or takes longer than a statement may. */
export type ExactRows = Readonly<Record<string, readonly [number | null, number | null]>>;

/** Undefined when it asked for another slice. */
export async function countRows(
	context: Pick<SlicedContext, 'cursor' | 'spent' | 'signal' | 'continueFrom'>,
	sessions: Sessions,
	{ tableJobs, onTarget }: Pick<ReadPlan, 'tableJobs' | 'onTarget'>,
): Promise<ExactRows | undefined> {
	const counted: Record<string, [number | null, number | null]> = {
		...cursorSchema.parse(context.cursor),
	};
	for (const { object, key } of tableJobs) {
		if (Object.hasOwn(counted, object)) continue;
		context.signal.throwIfAborted();
		counted[object] = await both(
			rowsOf(sessions.source, key),
			onTarget.has(object) ? rowsOf(sessions.target, key) : Promise.resolve(0),
		);
		if (!context.spent()) continue;
		context.continueFrom(counted);
		return undefined;
	}
	return counted;
}

async function rowsOf(session: Session, key: TableJob['key']): Promise<number | null> {
	try {
		const [row] = await session.query<{ rows: string }>(
			`select pg_catalog.count(*)::pg_catalog.text as rows from only ${key}`,
		);
		return row === undefined ? null : Number(row.rows);
	} catch (error) {
		if (!(error instanceof TwinsError) || error.code !== 'database_refused') throw error;
		return null;
	}
}
