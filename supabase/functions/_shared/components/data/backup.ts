// What a backup keeps of the rows: every table of the user's as text of COPY, all at one moment of the source, and the
// positions of sequences.
import type { KeptTable, LeftObject } from '../../contract/backup.ts';
import { ruleMatches } from '../../domain/ignore-rule.ts';
import { copyPiece, type CopiedTable } from '../../platform/copy-pieces.ts';
import { qualified, type Session } from '../../platform/postgres/index.ts';
import { readAgain } from '../../platform/schema-changes.ts';
import { columnList } from './expressions.ts';
import { prepare, readSizedTables } from './inspect.ts';
import { copyOut } from './load.ts';
import { planRows, type TableJob } from './plan.ts';
import { READ_SEQUENCES } from './queries.ts';
import { positions, type Sequence } from './sequences.ts';
import { SIZES } from './sizes.ts';
import {
	continueSnapshot,
	type Moment,
	momentOf,
	offerSnapshot,
	recoverSnapshot,
	takeSnapshot,
} from './snapshot.ts';

export interface KeptRows {
	/** The moment that all rows are of. */
	readonly moment: Moment;
	/** It is the one that was held. */
	readonly isContinued: boolean;
	/** Keeps the moment for another session, until that has it: the function returned waits, and ends the transaction. */
	offer(): Promise<() => Promise<void>>;
	readonly tables: readonly KeptTable[];
	/** Tables whose rows are not kept. */
	readonly left: readonly LeftObject[];
	/** Makes the session usable after an error of one table, at the same moment. */
	recover(): Promise<void>;
}

/**
 * Takes the moment, or goes on with the one that is `held`, and locks the tables that are wanted (by their quoted names) against changes of their structure, until the
 * session's transaction ends. The session is for nothing else until then.
 */
export async function keepRows(
	session: Session,
	ignoreRules: readonly string[],
	isWanted: (table: string) => boolean = () => true,
	held?: Moment,
): Promise<KeptRows> {
	await prepare(session, 'source', { lockMs: SIZES.lockMs, statementMs: 0 });
	const found = await readSizedTables(session);
	const { tableJobs: all, others } = planRows({
		source: found,
		target: found,
		options: { row_limit: 0, strategies: {} },
		ignoreRules,
		hashMethod: 'text',
		sameMajor: false,
	});
	const tableJobs = all.filter(({ key }) => isWanted(key));
	const continued = held && (await continueSnapshot(session, tableJobs, held));
	const snapshot = continued ?? (await takeSnapshot(session, tableJobs));
	const moment = momentOf(snapshot);
	return {
		moment,
		isContinued: continued !== undefined,
		offer: () => offerSnapshot(session, moment),
		recover: () => recoverSnapshot(session),
		tables: tableJobs
			.filter((tableJob) => !snapshot.refused.has(tableJob))
			.map((tableJob) => keptTable(session, tableJob)),
		left: [
			...others.map(({ object, outcome, detail = '' }) => ({
				object,
				outcome: outcome === 'skipped' ? ('skipped' as const) : ('failed' as const),
				detail,
			})),
			...[...snapshot.refused].map(([{ object }, reason]) => ({
				object,
				outcome: 'failed' as const,
				detail: reason instanceof Error ? reason.message : String(reason),
			})),
		],
	};
}

function keptTable(session: Session, tableJob: TableJob): KeptTable {
	const { key, object, columns } = tableJob;
	const copied: CopiedTable = {
		from: tableJob.sourceFrom,
		condition: 'true',
		select: columnList(columns),
		whole: copyOut({ tableJob, where: null }),
		key: tableJob.identity,
		hash: tableJob.hash,
		bytes: tableJob.sourceBytes,
		rows: tableJob.rows,
	};
	return {
		object,
		table: key,
		columns: columns.map(({ name }) => name),
		copy: (from, bytes, write) => copyPiece(session, copied, from, bytes, write),
	};
}

export interface KeptSequences {
	readonly positions: readonly {
		readonly sequence: string;
		readonly last: string;
		readonly called: boolean;
	}[];
	readonly left: readonly LeftObject[];
}

/** Positions of sequences, read after the rows: they do not follow snapshots, so none is behind the rows. */
export async function keepSequences(
	session: Session,
	ignoreRules: readonly string[],
): Promise<KeptSequences> {
	const found = await readAgain(session, () => session.query<Sequence>(READ_SEQUENCES));
	const isLeft = ({ owner }: Sequence): boolean =>
		owner !== null && ignoreRules.some((rule) => ruleMatches(rule, owner));
	const wanted = found
		.filter((sequence) => !isLeft(sequence))
		.map(({ schema, name }) => qualified(schema, name));
	const read = await positions(session, wanted);
	return {
		positions: [...read.found].map(([sequence, { last, called }]) => ({ sequence, last, called })),
		left: [...read.refused].map(([object, { message }]) => ({
			object,
			outcome: 'failed' as const,
			detail: message,
		})),
	};
}
