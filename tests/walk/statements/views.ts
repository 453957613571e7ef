// Views, materialized views, rules.
import { ident } from '../../../supabase/functions/_shared/platform/postgres/index.ts';
import { nameOf, newName, tablesOf } from '../names.ts';
import type { Generator } from './generator.ts';

export const viewStatements: readonly Generator[] = [
	(random, catalog) => {
		const from = random.pickAny(catalog.relations.filter(({ kind }) => kind !== 'S'));
		if (!from) return undefined;
		const columns = from.columns.filter(() => random.chance(70)).map(({ name }) => ident(name));
		const what = columns.length === 0 ? '1 as one' : columns.join(', ');
		const options = random.pick([
			'',
			'',
			' with (security_invoker = true)',
			' with (security_barrier)',
		]);
		const schema = ident(random.pickAny(catalog.schemas) ?? 'public');
		const isMaterialized = random.chance(30);
		return `create ${isMaterialized ? 'materialized ' : random.chance(40) ? 'or replace ' : ''}view ${schema}.${ident(newName(random))}${isMaterialized ? '' : options} as select ${what} from ${nameOf(from)}`;
	},
	(random, catalog) => {
		const view = random.pickAny(catalog.relations.filter(({ kind }) => 'vm'.includes(kind)));
		if (!view) return undefined;
		const word = view.kind === 'm' ? 'materialized view' : 'view';
		return random.pick([
			`drop ${word} ${nameOf(view)}${random.chance(50) ? ' cascade' : ''}`,
			`alter ${word} ${nameOf(view)} rename to ${ident(newName(random))}`,
			`comment on ${word} ${nameOf(view)} is 'view ${random.int(9)}'`,
			`grant select on ${nameOf(view)} to authenticated`,
		]);
	},
	(random, catalog) => {
		const view = random.pickAny(catalog.relations.filter(({ kind }) => kind === 'm'));
		return view && `refresh materialized view ${nameOf(view)}`;
	},
	(random, catalog) => {
		const table = random.pickAny(tablesOf(catalog));
		return (
			table &&
			`create rule ${ident(newName(random))} as on delete to ${nameOf(table)} where false do also nothing`
		);
	},
];
