// What to do so that the target's publications are like the source's. Pure: both endpoints in, actions out.
import type { Member, Publication } from './inspect.ts';
import { literal } from '../../platform/postgres/index.ts';
import { REALTIME } from './queries.ts';

export interface PublicationAction {
	/** What people are shown: a table, or the publication itself for its options. */
	readonly object: string;
	readonly kind: 'publication' | 'table' | 'schema';
	readonly how: 'create' | 'change' | 'remove' | 'keep' | 'leave';
	readonly statements: readonly string[];
	/** What was done, or why it is left. */
	readonly detail: string;
	readonly fix?: string;
	/** It is not what the source has, but as near as a target can come. */
	readonly adapted?: true;
}

/** What is done to one of them, before it is said what it is. */
type Action = Omit<PublicationAction, 'kind'>;

export interface WantedPublication extends Publication {
	/** The source publishes all tables; these stand for it, because only a superuser may say `all`. */
	readonly standIn: boolean;
}

const objectOf = (publication: Publication, member: string): string =>
	publication.name === REALTIME ? member : `${member} in ${publication.name}`;

/** `only`: descendants are members of their own. */
const memberText = ({ name, columns, filter }: Member): string =>
	`only ${name}${columns === null ? '' : ` (${columns.join(', ')})`}${filter === null ? '' : ` where (${filter})`}`;

const isSame = (a: Member, b: Member): boolean =>
	a.filter === b.filter && JSON.stringify(a.columns) === JSON.stringify(b.columns);

const commentText = ({ quoted, comment }: Publication): string =>
	`comment on publication ${quoted} is ${literal(comment)}`;

const optionsText = (publication: Publication): string =>
	`publish = '${publication.operations}', publish_via_partition_root = ${String(publication.via_root)}`;

function planOptions(wanted: WantedPublication, target: Publication | undefined): Action {
	const object = wanted.name === REALTIME ? wanted.name : `publication ${wanted.name}`;
	const standIn = wanted.standIn && !target?.all_tables;
	const remark = (detail: string) =>
		standIn
			? ({
					detail:
						'The source publishes all tables, which only a superuser may do: every table of the source is named instead.',
					fix: 'Add later tables to the publication by hand.',
					adapted: true,
				} as const)
			: { detail };
	if (!target) {
		const statements = [
			`create publication ${wanted.quoted} with (${optionsText(wanted)})`,
			...(wanted.comment === null ? [] : [commentText(wanted)]),
		];
		return { object, how: 'create', statements, ...remark('created') };
	}
	if (target.all_tables && !wanted.standIn) {
		return {
			object,
			how: 'leave',
			statements: [],
			detail: 'On the target it publishes all tables, which cannot be narrowed to a list.',
			fix: `Make it anew on the target (drop publication ${wanted.quoted}; create publication ${wanted.quoted}), then clone again.`,
		};
	}
	const sameOptions = optionsText(wanted) === optionsText(target);
	const sameComment = wanted.comment === target.comment;
	if (sameOptions && sameComment) return { object, how: 'keep', statements: [], ...remark('') };
	const statements = [
		...(sameOptions ? [] : [`alter publication ${wanted.quoted} set (${optionsText(wanted)})`]),
		...(sameComment ? [] : [commentText(wanted)]),
	];
	const changed = sameOptions ? 'comment' : sameComment ? 'options' : 'options and comment';
	return { object, how: 'change', statements, ...remark(`${changed} changed`) };
}

function planMember(wanted: WantedPublication, member: Member, found: Member | undefined): Action {
	const object = objectOf(wanted, member.name);
	const add = `alter publication ${wanted.quoted} add table ${memberText(member)}`;
	if (!found) return { object, how: 'create', statements: [add], detail: 'added' };
	if (isSame(member, found)) return { object, how: 'keep', statements: [], detail: '' };
	const drop = `alter publication ${wanted.quoted} drop table only ${member.name}`;
	const detail = 'column list or row filter changed';
	return { object, how: 'change', statements: [drop, add], detail };
}

function planSchemas(wanted: WantedPublication, target: Publication | undefined): Action[] {
	return wanted.schemas
		.filter((schema) => !target?.schemas.includes(schema))
		.map((schema) => ({
			object: objectOf(wanted, `tables in schema ${schema}`),
			how: 'create',
			statements: [`alter publication ${wanted.quoted} add tables in schema ${schema}`],
			detail: 'added',
		}));
}

function planExtra(wanted: WantedPublication, target: Publication): PublicationAction[] {
	const names = new Set(wanted.tables.map(({ name }) => name));
	const tables = target.tables.filter(({ name }) => !names.has(name)).map(({ name }) => name);
	const schemas = target.schemas.filter((schema) => !wanted.schemas.includes(schema));
	const remove = (kind: 'table' | 'schema', object: string, member: string): PublicationAction => ({
		kind,
		object: objectOf(wanted, object),
		how: 'remove',
		statements: [`alter publication ${wanted.quoted} drop ${member}`],
		detail: 'removed: the source does not publish it',
	});
	return [
		...tables.map((name) => remove('table', name, `table only ${name}`)),
		...schemas.map((schema) =>
			remove('schema', `tables in schema ${schema}`, `tables in schema ${schema}`),
		),
	];
}

/** Everything to do, the publication itself before its members. What only the target has goes with `removeExtra`. */
export function planPublications(
	wanted: readonly WantedPublication[],
	target: readonly Publication[],
	{ removeExtra }: { readonly removeExtra: boolean },
): PublicationAction[] {
	const present = new Map(target.map((publication) => [publication.name, publication]));
	const actions = wanted.flatMap((publication): PublicationAction[] => {
		const found = present.get(publication.name);
		const itself = { ...planOptions(publication, found), kind: 'publication' as const };
		if (found?.all_tables) return [itself];
		const members = new Map(found?.tables.map((member) => [member.name, member]));
		return [
			itself,
			...publication.tables.map((member) => ({
				...planMember(publication, member, members.get(member.name)),
				kind: 'table' as const,
			})),
			...planSchemas(publication, found).map((action) => ({ ...action, kind: 'schema' as const })),
			...(removeExtra && found ? planExtra(publication, found) : []),
		];
	});
	if (!removeExtra) return actions;
	const names = new Set(wanted.map(({ name }) => name));
	const extra = target.filter(({ name }) => name !== REALTIME && !names.has(name));
	return [
		...actions,
		...extra.map(({ name, quoted }): PublicationAction => ({
			kind: 'publication',
			object: `publication ${name}`,
			how: 'remove',
			statements: [`drop publication ${quoted}`],
			detail: 'removed: the source does not have it',
		})),
	];
}
