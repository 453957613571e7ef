// The objects of a preview, as its lists show them: what happens to each on the target, by which SQL, and what
// is known of it. Components describe their objects differently; here they become one shape.
import * as z from 'zod/mini';
import { asSentence, formatBytes, formatEstimate, formatQuantity } from '../format.ts';

/** In the order that matters to the owner of the target. */
export const OBJECT_ACTIONS = ['remove', 'change', 'create', 'leave', 'keep'] as const;
export type ObjectAction = (typeof OBJECT_ACTIONS)[number];

export interface ListedObject {
	readonly name: string;
	/** "foreign key"; empty where the component has one kind only. */
	readonly kind: string;
	/** Null where only the clone itself finds out. */
	readonly action: ObjectAction | null;
	readonly sql: string;
	/** "about 9,000 rows · 884 kB" */
	readonly facts: string;
}

/** Fields that may name an object, the most telling first. */
const NAMES = ['object', 'table', 'bucket', 'slug', 'setting', 'provider'] as const;

const FACTS: readonly (readonly [string, (value: unknown) => string | null])[] = [
	['rows', (value) => (typeof value === 'number' ? `${formatEstimate(value)} rows` : null)],
	['columns', (value) => quantity(value, 'columns')],
	['files', (value) => quantity(value, 'files')],
	['users', (value) => quantity(value, 'users')],
	['bytes', (value) => (typeof value === 'number' && value > 0 ? formatBytes(value) : null)],
	['public', (value) => (value === true ? 'public' : 'private')],
	['verify_jwt', (value) => (value === true ? 'verifies JWTs' : 'open to all')],
	['schedule', text],
	['method', text],
	['calls', (value) => (text(value) === null ? null : `calls ${text(value)}`)],
	['change', text],
	['strategy', (value) => (value === 'mirror' ? null : text(value))],
	['skipped', (value) => (text(value) === null ? null : `rows left out: ${text(value)}`)],
];

/** Objects that can be named, those that are lost or overwritten first. */
export function listedObjects(objects: readonly Record<string, unknown>[]): ListedObject[] {
	const listed = objects.flatMap((object): ListedObject[] => {
		const name = NAMES.map((field) => object[field]).find((value) => typeof value === 'string');
		if (name === undefined) return [];
		const statements = z.array(z.string()).safeParse(object['sql']);
		return [
			{
				name,
				kind: text(object['kind'])?.replaceAll('_', ' ') ?? '',
				action: OBJECT_ACTIONS.find((candidate) => candidate === object['action']) ?? null,
				sql: statements.success ? statements.data.join('\n') : '',
				facts: asSentence(factsOf(object)),
			},
		];
	});
	return listed.toSorted((one, other) => rank(one) - rank(other));
}

function factsOf(object: Readonly<Record<string, unknown>>): string {
	return FACTS.flatMap(([field, say]) => (field in object ? (say(object[field]) ?? []) : [])).join(
		' · ',
	);
}

const rank = ({ action }: ListedObject): number =>
	action === null ? 0 : OBJECT_ACTIONS.indexOf(action);

function quantity(value: unknown, plural: string): string | null {
	return typeof value === 'number' ? formatQuantity(value, plural) : null;
}

function text(value: unknown): string | null {
	return typeof value === 'string' && value !== '' ? value : null;
}
