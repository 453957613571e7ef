// What a look at the source's publications shows and warns of.
import type { Preview, PreviewWarning, ReadContext } from '../component.ts';
import { readPublications } from './inspect.ts';
import { planPublications } from './plan.ts';
import { REALTIME } from './queries.ts';
import { readWanted } from './wanted.ts';

const MAX_OBJECTS = 500;

/** Counts, list, plan and warnings. Changes nothing. */
export async function previewRealtime(context: ReadContext): Promise<Preview> {
	const wanted = await readWanted(await context.source.database());
	const target = await readPublications(await context.target.database());
	const removeExtra = context.options.remove_extra;
	const actions = planPublications(wanted, target, { removeExtra });
	const warnings = actions
		.filter(({ how }) => how === 'leave')
		.map(({ object, detail, fix }): PreviewWarning => ({
			object,
			message: detail,
			fix: fix ?? '',
		}));
	for (const { name, standIn } of wanted) {
		if (standIn) {
			warnings.push({
				object: name,
				message: 'The source publishes all tables; the copy names each of them instead.',
				fix: 'Add later tables to the publication by hand.',
			});
		}
	}
	const count = (how: string): number => actions.filter((action) => action.how === how).length;
	const realtime = wanted.find(({ name }) => name === REALTIME);
	return {
		counts: {
			tables: realtime?.tables.length ?? 0,
			publications: wanted.length,
			plan_create: count('create'),
			plan_change: count('change'),
			plan_keep: count('keep'),
			plan_remove: count('remove'),
		},
		objects: actions
			.slice(0, MAX_OBJECTS)
			.map(({ object, how, statements }) => ({ object, action: how, sql: statements })),
		warnings,
	};
}
