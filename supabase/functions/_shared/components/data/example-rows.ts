// Keys of some rows that differ, so that people can look at them on both endpoints. Found in two steps, so that little is
// moved whatever the size: classes of keys whose sums differ, then the keys of the first such classes.
import { both } from '../../platform/both.ts';
import { inOwnPath } from '../../schema/own-path.ts';
import { ident, type Session } from '../../platform/postgres/index.ts';
import { fromOf, type Summed } from './compare.ts';
import type { Sessions } from './sessions.ts';
import type { TableJob } from './plan.ts';
import { isOfOneTable } from './trouble.ts';

const MOST = 5;
const CLASSES = 1024;
/** A key is shown as far as this. */
const MOST_TEXT = 80;

type ByKey = ReadonlyMap<string, string>;

/** At most five, each as `id 7: only on the source`; none where rows have no key or cannot be read. */
export async function exampleRows(
	sessions: Sessions,
	tableJob: TableJob,
	summed: Summed,
): Promise<readonly string[]> {
	const { identity } = tableJob;
	if (identity === null || identity.length === 0) return [];
	const onBoth = (statement: string): Promise<unknown> =>
		both(sessions.source.query(statement), sessions.target.query(statement));
	const recover = async (): Promise<void> => {
		await onBoth('rollback to savepoint twins_examples');
	};
	await onBoth('savepoint twins_examples');
	try {
		return await inOwnPath(
			{ sessions: [sessions.source, sessions.target], recover },
			[tableJob.key],
			() => differingKeys(sessions, tableJob, identity, summed),
		);
	} catch (error) {
		// The difference itself is known: it is reported without them.
		if (!isOfOneTable(error)) throw error;
		await recover();
		return [];
	}
}

async function differingKeys(
	sessions: Sessions,
	tableJob: TableJob,
	identity: readonly string[],
	summed: Summed,
): Promise<readonly string[]> {
	const key = `pg_catalog.concat_ws(', ', ${identity.map(ident).join(', ')})`;
	const keyClass = `(pg_catalog.hashtextextended(${key}, 0) & ${CLASSES - 1}::pg_catalog.int8)`;
	const value = summed === 'nothing' ? '0::int8' : tableJob.digest;
	const classes = (session: Session, from: string): Promise<ByKey> =>
		read(
			session,
			`select ${keyClass}::pg_catalog.text as key,
  pg_catalog.count(*)::pg_catalog.text || ' ' || pg_catalog.sum(${value})::pg_catalog.text as value
from ${from} group by 1`,
		);
	const [there, here] = await both(
		classes(sessions.source, fromOf(tableJob, 'source')),
		classes(sessions.target, fromOf(tableJob, 'target')),
	);
	const differing = [...new Set([...there.keys(), ...here.keys()])]
		.filter((one) => there.get(one) !== here.get(one))
		.slice(0, MOST);
	if (differing.length === 0) return [];
	const rows = (session: Session, from: string): Promise<ByKey> =>
		read(
			session,
			`select ${key} as key, (${value})::pg_catalog.text as value
from ${from} where ${keyClass} in (${differing.join(', ')})`,
		);
	const [source, target] = await both(
		rows(sessions.source, fromOf(tableJob, 'source')),
		rows(sessions.target, fromOf(tableJob, 'target')),
	);
	const isUpsert = tableJob.strategy === 'upsert';
	return [
		...[...source].filter(([one]) => !target.has(one)).map(([one]) => [one, 'only on the source']),
		// Rows that only the target has are meant to stay.
		...[...target]
			.filter(([one]) => !isUpsert && !source.has(one))
			.map(([one]) => [one, 'only on the target']),
		...[...source]
			.filter(([one, sum]) => target.has(one) && target.get(one) !== sum)
			.map(([one]) => [one, 'differs']),
	]
		.slice(0, MOST)
		.map(([one = '', where]) => `${identity.join(', ')} ${shortened(one)}: ${where}`);
}

const shortened = (text: string): string =>
	text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text;

async function read(session: Session, statement: string): Promise<ByKey> {
	const found = await session.query<{ key: string; value: string }>(statement);
	return new Map(found.map(({ key, value }) => [key, value]));
}
