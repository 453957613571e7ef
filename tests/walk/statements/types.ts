// Enums, domains, composite types, ranges.
import { ident, literal } from '../../../supabase/functions/_shared/platform/postgres/index.ts';
import { nameOf, newName } from '../names.ts';
import type { Random } from '../random.ts';
import type { WalkCatalog, WalkType } from '../catalog.ts';
import type { Generator } from './generator.ts';

const LABELS = ['sad', 'ok', 'Happy', "it's", 'ö', 'new'] as const;

const place = (random: Random, { schemas }: WalkCatalog): string =>
	`${ident(random.pickAny(schemas) ?? 'public')}.${ident(newName(random))}`;

const ofKind = (random: Random, { types }: WalkCatalog, kind: string): WalkType | undefined =>
	random.pickAny(types.filter((type) => type.kind === kind));

export const typeStatements: readonly Generator[] = [
	(random, catalog) =>
		`create type ${place(random, catalog)} as enum (${LABELS.slice(0, 1 + random.int(4))
			.map(literal)
			.join(', ')})`,
	(random, catalog) =>
		`create domain ${place(random, catalog)} as ${random.pick(['text', 'int4', 'numeric'])}${random.pick(['', ` default '3'`, ` check (value::text <> 'zz')`, ' not null'])}`,
	(random, catalog) =>
		`create type ${place(random, catalog)} as (x int4, y text, ${ident(newName(random))} ${random.pick(['int8', 'numeric', 'text[]'])})`,
	(random, catalog) => `create type ${place(random, catalog)} as range (subtype = float8)`,
	(random, catalog) => {
		const type = ofKind(random, catalog, 'e');
		if (!type) return undefined;
		const label = random.pickAny(type.labels);
		const position =
			label !== undefined && random.chance(50)
				? ` ${random.pick(['before', 'after'])} ${literal(label)}`
				: '';
		return random.chance(60) || label === undefined
			? `alter type ${nameOf(type)} add value ${literal(random.pick(LABELS))}${position}`
			: `alter type ${nameOf(type)} rename value ${literal(label)} to ${literal(random.pick(LABELS))}`;
	},
	(random, catalog) => {
		const type = ofKind(random, catalog, 'c');
		const attribute = random.pickAny(type?.attributes ?? []);
		if (!type || attribute === undefined) return undefined;
		return random.pick([
			`alter type ${nameOf(type)} add attribute ${ident(newName(random))} text`,
			`alter type ${nameOf(type)} drop attribute ${ident(attribute)}`,
			`alter type ${nameOf(type)} rename attribute ${ident(attribute)} to ${ident(newName(random))}`,
			`alter type ${nameOf(type)} drop attribute ${ident(attribute)}, add attribute ${ident(attribute)} text`,
		]);
	},
	(random, catalog) => {
		const type = ofKind(random, catalog, 'd');
		if (!type) return undefined;
		return `alter domain ${nameOf(type)} ${random.pick(['set not null', 'drop not null', `set default '5'`, 'drop default', `add constraint ${ident(newName(random))} check (value::text <> 'yy')`])}`;
	},
	(random, catalog) => {
		const type = random.pickAny(catalog.types);
		if (!type) return undefined;
		const word = type.kind === 'd' ? 'domain' : 'type';
		return random.pick([
			`comment on ${word} ${nameOf(type)} is 'type ${random.int(9)}'`,
			`alter ${word} ${nameOf(type)} rename to ${ident(newName(random))}`,
			`drop ${word} ${nameOf(type)}${random.chance(50) ? ' cascade' : ''}`,
			`revoke usage on type ${nameOf(type)} from public`,
		]);
	},
];
