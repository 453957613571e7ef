// The schema of a database as SQL text that psql runs alone: what a clone into an empty project would do, in its order.
import type { StoredChange, StoredSchema } from '../domain/backup.ts';
import type { ComponentKey } from '../domain/component.ts';
import { literal } from '../platform/postgres/index.ts';
import { pathOf } from '../schema/apply.ts';
import { NO_ROWS_BROUGHT, SCHEMA_STAGES, type Fact, type Facts } from '../schema/fact.ts';
import { KIND_BY_NAME } from '../schema/kinds/index.ts';
import { overloadedRoutines } from '../schema/overloads.ts';
import { planStage } from '../schema/plan.ts';
import { createStatements, type LeftFact, type PlannedChange } from '../schema/planning.ts';
import { indexFacts } from '../schema/read.ts';

/** Components of which every backup has what there is. */
export const ALWAYS_KEPT: readonly ComponentKey[] = [
	...(['tables', 'data', 'views', 'functions', 'triggers', 'policies'] as const),
	'auth_users',
];

export interface SchemaScript {
	readonly stored: StoredSchema;
	/** What cannot be made from what was read. */
	readonly left: readonly LeftFact[];
}

/** For each session that makes a part of the schema. */
export const SCHEMA_SETTINGS = `set check_function_bodies = off;
set client_min_messages = warning;
set statement_timeout = 0;
`;

/**
 * Projects give privileges to the roles of the API, older ones on each new table. They are taken away first: what the source gives
 * is said of each object, and its own defaults come last.
 */
const NO_PRIVILEGES: readonly string[] = [
	...['tables', 'sequences', 'functions'].map(
		(on) =>
			`alter default privileges in schema public revoke all on ${on} from postgres, anon, authenticated, service_role`,
	),
	'revoke all on schema public from anon, authenticated, service_role',
];

/**
 * Functions come before what tables need of them: their bodies call others, which nothing records and Postgres looks
 * up as soon as a table uses one.
 */
const STAGES = [...SCHEMA_STAGES].sort(
	(one, other) => Number(other === 'functions') - Number(one === 'functions'),
);

/** Stages after the rows; the others come before them. */
export const AFTER_ROWS: readonly string[] = ['relations', 'triggers', 'policies'];

/** Statements of the change that only concern what is made later: default privileges come with their schema. */
function ofDefaults({ facts }: PlannedChange): ReadonlySet<string> {
	const defaults = facts.filter(({ kind }) => kind === 'default_privileges');
	return new Set(createStatements(defaults, new Map(), indexFacts([]), { kinds: KIND_BY_NAME }));
}

/** The script for all schema objects of the facts. Pure. */
export function schemaScript(facts: Facts): SchemaScript {
	const made: Fact[] = [];
	const left: LeftFact[] = [];
	const defaults: StoredChange[] = [];
	const stages = STAGES.map((stage) => {
		const plan = planStage(
			{
				source: facts,
				target: indexFacts(made),
				overloaded: overloadedRoutines(facts.byId.keys()),
			},
			{
				stage,
				// Roles that nothing refers to are of the last one.
				components: [...ALWAYS_KEPT, 'project_config'],
				removes: [],
				rows: NO_ROWS_BROUGHT,
				skip: new Set(),
				kinds: KIND_BY_NAME,
			},
		);
		left.push(...plan.left);
		const changes: StoredChange[] = [];
		for (const change of plan.changes) {
			made.push(...change.facts);
			const statements = whereMissing(change);
			const late = ofDefaults(change);
			changes.push(
				...stored(change, [
					...statements.filter((statement) => !late.has(statement)),
					...change.facts.flatMap((fact) => withoutInheritedDefault(fact, facts)),
				]),
			);
			defaults.push(
				...stored(
					change,
					statements.filter((statement) => late.has(statement)),
				),
			);
		}
		return { stage, changes };
	});
	return { stored: { privileges: [...NO_PRIVILEGES], stages, defaults }, left };
}

/** Code of users may name its neighbours only, and what is inlined is looked up at once. */
function stored({ id, facts }: PlannedChange, statements: readonly string[]): StoredChange[] {
	if (statements.length === 0) return [];
	const [fact] = facts;
	return [
		{
			id,
			object: fact?.object ?? id,
			component: fact?.component ?? 'tables',
			path: pathOf(facts),
			statements: [...statements],
		},
	];
}

/** What there has to be before rows are loaded. */
export const schemaBefore = ({ privileges, stages }: StoredSchema): string =>
	SCHEMA_SETTINGS +
	privileges.map((statement) => `${statement};\n`).join('') +
	stages
		.filter(({ stage }) => !AFTER_ROWS.includes(stage))
		.flatMap(({ changes }) => changes)
		.map(textOf)
		.join('');

/** Keys, indexes, triggers, policies. */
export const schemaAfter = ({ stages, defaults }: StoredSchema): string =>
	SCHEMA_SETTINGS +
	[
		...stages.filter(({ stage }) => AFTER_ROWS.includes(stage)).flatMap(({ changes }) => changes),
		...defaults,
	]
		.map(textOf)
		.join('');

function textOf({ id, path, statements }: StoredChange): string {
	const lines = ['begin', `set local search_path = ${path}`, ...statements, 'commit'];
	// As JSON, so that no name ends the comment.
	return `\n-- ${JSON.stringify(id)}\n${lines.map((line) => `${line};\n`).join('')}`;
}

/** Every project has some schemas, extensions and roles already, and not all of them may be commented on. */
function whereMissing({ facts, fallbacks, ...change }: PlannedChange): readonly string[] {
	const [fact] = facts;
	const statements =
		fallbacks.length === 0
			? change.statements
			: [firstThatWorks([change.statements, ...fallbacks])];
	const [first = '', ...others] = statements;
	switch (fact?.kind) {
		case 'schema':
		case 'extension':
			return [fact.parts?.['where_missing'] ?? first, ...others];
		case 'role':
			return [unless('duplicate_object', first), ...others];
		case 'extension_comment':
			return statements.map((statement) => unless('insufficient_privilege', statement));
		default:
			return statements;
	}
}

/** The first attempt that Postgres takes; the error of the last one where it takes none. */
const firstThatWorks = (attempts: readonly (readonly string[])[]): string =>
	`do ${literal(attempt(attempts))}`;

function attempt([statements = [], ...others]: readonly (readonly string[])[]): string {
	const body = statements.map((statement) => `execute ${literal(statement)};\n`).join('');
	const otherwise = others.length === 0 ? '' : `exception when others then\n${attempt(others)};\n`;
	return `begin\n${body}${otherwise}end`;
}

const unless = (condition: string, statement: string): string =>
	`do ${literal(`begin ${statement}; exception when ${condition} then null; end`)}`;

/** A child may lack a default that its parent has; a new one inherits it. */
function withoutInheritedDefault(
	{ kind, identity, definition, needs }: Fact,
	facts: Facts,
): string[] {
	const isLacking =
		kind === 'column' &&
		definition['inherited'] === 'from parent' &&
		!facts.byId.has(`default:${identity}`) &&
		needs.some(
			(id) => id.startsWith('column:') && facts.byId.has(id.replace('column:', 'default:')),
		);
	if (!isLacking) return [];
	const { table, name } = definition;
	return [`alter table only ${String(table)} alter column ${String(name)} drop default`];
}
