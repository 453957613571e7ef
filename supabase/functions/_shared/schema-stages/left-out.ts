// What a clone does not make, by name: compares on both endpoints what no kind reads, and says of each difference why it
// is left and what to do. Changes nothing, anywhere.
import type { Finding, Item } from '../contract/report.ts';
import type { ReadContext } from '../contract/context.ts';
import type { Stage } from '../contract/component.ts';
import type { ComponentKey } from '../domain/component.ts';
import { TwinsError } from '../domain/errors.ts';
import type { PreviewWarning } from '../domain/preview.ts';
import { both } from '../platform/both.ts';
import { readAgain } from '../platform/schema-changes.ts';
import type { Session } from '../platform/postgres/index.ts';
import { forgetKinds, presentKinds } from '../schema/present-kinds.ts';
import { readColumnOrders } from './column-order.ts';
import { EXTENSION_TABLES, leftOut, type LeftRow } from './left-out-queries.ts';

export interface LeftOut {
	readonly component: ComponentKey;
	readonly object: string;
	readonly detail: string;
	readonly fix: string;
	/** Left out where nothing else depends on it: a note of the preview, not a warning. */
	readonly isMinor?: boolean;
}

interface Explained extends Pick<LeftOut, 'detail' | 'fix' | 'isMinor'> {
	readonly component?: ComponentKey;
}

const IN_PLATFORM_SCHEMA = {
	detail: 'It is in a schema of the platform, where a clone makes nothing',
	fix: 'Move it to a schema of your own on the source, then clone again.',
};
const ON_PLATFORM_TABLE = {
	detail: 'It belongs to a table of the platform or of an extension, which a clone does not change',
	fix: 'If it is yours and the target lets you, make it there by hand. Another version of the platform may have brought it.',
};

const EXPLAINED: Readonly<Record<string, Explained>> = {
	function: { component: 'functions', ...IN_PLATFORM_SCHEMA },
	procedure: { component: 'functions', ...IN_PLATFORM_SCHEMA },
	aggregate: { component: 'functions', ...IN_PLATFORM_SCHEMA },
	view: { component: 'views', ...IN_PLATFORM_SCHEMA },
	'materialized view': { component: 'views', ...IN_PLATFORM_SCHEMA },
	table: IN_PLATFORM_SCHEMA,
	'foreign table': IN_PLATFORM_SCHEMA,
	sequence: IN_PLATFORM_SCHEMA,
	type: IN_PLATFORM_SCHEMA,
	schema: {
		detail: 'The platform or an extension makes this schema where it is switched on',
		fix: 'Switch on on the target what brings it: queues, their Data API, migrations.',
	},
	column: ON_PLATFORM_TABLE,
	constraint: ON_PLATFORM_TABLE,
	index: ON_PLATFORM_TABLE,
	rule: { component: 'views', ...ON_PLATFORM_TABLE },
	policy: { component: 'policies', ...ON_PLATFORM_TABLE },
	trigger: { component: 'triggers', ...ON_PLATFORM_TABLE },
	'row level security': { component: 'policies', ...ON_PLATFORM_TABLE },
	'table setting': ON_PLATFORM_TABLE,
	privileges: {
		detail: 'Privileges on objects of the platform and of extensions are not copied',
		fix: 'Grant or revoke by hand on the target what is yours.',
	},
	database: {
		detail: 'Owner and privileges of the database are not copied',
		fix: 'Grant or revoke by hand on the target.',
	},
	parameter: {
		detail: 'Privileges on parameters are given by superusers only',
		fix: 'Ask the platform for them, or do without.',
	},
	'default privileges': {
		detail: 'Default privileges of roles of the platform and in its schemas are not copied',
		fix: 'Set them by hand on the target, with: alter default privileges …',
	},
	membership: {
		component: 'project_config',
		detail: 'Memberships among roles of the platform are not copied',
		fix: 'Grant it by hand, if the target allows it.',
	},
	subscription: {
		detail: 'Subscriptions are not copied: two of them would take the same changes twice',
		fix: 'Create it on the target, if the target is to take over.',
	},
	'replication slot': {
		detail: 'Replication slots are not copied: a slot that nobody reads fills the disk',
		fix: 'Create it on the target, if somebody is to read there.',
	},
	tablespace: {
		detail: 'Tablespaces are directories of a server and are not copied',
		fix: 'Nothing: tables are made in the default tablespace.',
	},
	'security label': {
		detail: 'Security labels are not copied',
		fix: 'Set it on the target, with: security label …',
	},
	comment: {
		detail: 'Comments on what is not copied are not copied',
		fix: 'Nothing: it changes nothing else.',
		isMinor: true,
	},
};

const OTHER: Explained = {
	detail: 'A clone does not make this kind of object, or not where it is',
	fix: 'Make it by hand on the target, if the target allows it.',
};

/** Of a table whose order is told. */
const MOST_COLUMNS = 20;

const ABSENT_ON_PURPOSE = new Set([
	'row level security',
	'table setting',
	'privileges',
	'database',
]);

/** What their own components copy, or where the rows stand for more than themselves. */
const REPORTED_ELSEWHERE = /^(?:cron\.|vault\.|pgmq\.)/;

async function readRows(session: Session): Promise<readonly LeftRow[]> {
	const { answer } = await readAgain(session, async () => {
		const results =
			await session.script(`begin transaction isolation level repeatable read read only;
set local search_path = '';
set local jit = off;
set local statement_timeout = '120s';
${leftOut(await presentKinds(session))};
commit`);
		const row = results.flat().find((row) => 'answer' in row);
		if (row?.['others'] !== true) return { answer: row?.['answer'] ?? [] };
		forgetKinds(session);
		return undefined;
	});
	return answer as readonly LeftRow[];
}

/** Everything in which the endpoints differ and that a clone leaves as it is. */
export async function readLeftOut({
	source,
	target,
}: Pick<ReadContext, 'source' | 'target'>): Promise<LeftOut[]> {
	const [ours, theirs] = await both(source.database(), target.database());
	const [wanted, present] = await both(readRows(ours), readRows(theirs));
	const keyOf = ([kind, object]: LeftRow): string => `${kind} ${object}`;
	const known = new Map(present.map((row) => [keyOf(row), row]));
	const holders = new Set(present.map(([, object]) => object));
	const found: LeftOut[] = [];
	for (const row of wanted) {
		const [kind, object, holder, state] = row;
		const other = known.get(keyOf(row));
		if (kind === 'relation' || other?.[3] === state) continue;
		// What the target lacks with its table is that table's difference, or another version of the platform.
		if (holder !== null && !holders.has(holder)) continue;
		found.push(explain(kind, object, state, other?.[3]));
	}
	return [...found, ...(await extensionRows(ours, theirs))];
}

function explain(kind: string, object: string, state: string, other: string | undefined): LeftOut {
	const { component = 'tables', detail, fix, isMinor = false } = EXPLAINED[kind] ?? OTHER;
	const named = kind === 'privileges' ? `privileges on ${object}` : object;
	const tells = ABSENT_ON_PURPOSE.has(kind);
	const how = tells
		? `: ${state} on the source, ${other ?? 'as Postgres makes it'} on the target`
		: other === undefined
			? ''
			: '; the target has it otherwise';
	return { component, object: named, detail: `${detail}${how}`, fix, isMinor };
}

/** Rows that users added to tables of extensions, where the target does not have the same. */
async function extensionRows(source: Session, target: Session): Promise<LeftOut[]> {
	const found: LeftOut[] = [];
	for (const row of await source.query(EXTENSION_TABLES)) {
		const [extension, name, condition] = [row['extension'], row['name'], row['condition']].map(
			String,
		);
		if (name === undefined || REPORTED_ELSEWHERE.test(name)) continue;
		const ours = await rowsIn(source, name, condition ?? '');
		if (ours?.rows === 0) continue;
		const theirs = await rowsIn(target, name, condition ?? '');
		if (ours && theirs && ours.print === theirs.print) continue;
		found.push({
			component: 'data',
			object: `rows of ${name}`,
			detail: `${ours ? `${ours.rows} rows` : 'Rows, which postgres may not count,'} that users added to a table of the extension ${extension ?? ''} are not copied`,
			fix: `Add them on the target, through the extension or with an insert into ${name}.`,
		});
	}
	return found;
}

/** What a clone has just left otherwise. Before it columns may still be waiting for their new names. */
async function readOrders(context: Pick<ReadContext, 'source' | 'target'>): Promise<LeftOut[]> {
	const shown = (names: readonly string[]): string =>
		names.length > MOST_COLUMNS
			? `${names.slice(0, MOST_COLUMNS).join(', ')}, …`
			: names.join(', ');
	return (await readColumnOrders(context)).map(({ table, source, target }) => ({
		component: 'tables',
		object: `order of columns of ${table}`,
		detail: `The columns of a table that exists keep their order: ${shown(target)}; on the source ${shown(source)}`,
		fix: 'Name the columns wherever rows are inserted or selected. For the source’s order remove the table on the target, with what rests on it, then clone again.',
	}));
}

/** How many rows meet the condition, and one text that is equal for the same rows; undefined where nobody may look. */
async function rowsIn(
	session: Session,
	name: string,
	condition: string,
): Promise<{ rows: number; print: string } | undefined> {
	try {
		const [row] = await session.query(`
select pg_catalog.count(*)::pg_catalog.float8 as rows,
  coalesce(pg_catalog.sum(pg_catalog.hashtextextended(t::pg_catalog.text, 0)), 0)::pg_catalog.text as print
from (select * from ${name} ${condition}) t`);
		return row && { rows: Number(row['rows']), print: String(row['print']) };
	} catch (error) {
		if (!(error instanceof TwinsError) || error.details.passing === true) throw error;
		return undefined;
	}
}

/** The same after a clone, with the order of columns. */
export const readAllLeftOut = async (
	context: Pick<ReadContext, 'source' | 'target'>,
): Promise<LeftOut[]> => [...(await readLeftOut(context)), ...(await readOrders(context))];

/** The stage that tells. It needs all that makes objects, so that what a clone did make is not missed. */
export const leftOutStage: Stage = {
	name: 'left_out',
	needs: [
		'structure',
		'rows',
		'relations',
		'routines',
		'views',
		'triggers',
		'policies',
		'publication',
	],
	provides: [],
	async run(context) {
		const left = await readAllLeftOut(context);
		context.report(...left.map(({ isMinor: _, ...one }): Item => ({ ...one, outcome: 'skipped' })));
		return { state: 'done' };
	},
};

export const leftOutWarnings = (left: readonly LeftOut[]): PreviewWarning[] =>
	left.map(({ object, detail, fix, isMinor = false }) => ({
		level: isMinor ? 'note' : 'warning',
		object,
		message: detail,
		fix,
	}));

export const leftOutFindings = (left: readonly LeftOut[]): Finding[] =>
	left.map(({ object, detail, fix }) => ({
		severity: 'note',
		object,
		expected: 'as on the source',
		found: detail,
		fix,
	}));
