// What a look at the source's publications shows and warns of.
import { makePreview, type Preview, type PreviewWarning } from '../../domain/preview.ts';
import type { ReadContext } from '../../contract/context.ts';
import { readPublications, type Publication } from './inspect.ts';
import { planPublications } from './plan.ts';
import { REALTIME } from './queries.ts';
import { readWanted } from './wanted.ts';

/** Counts, list, plan and warnings. Changes nothing. */
export async function previewRealtime(context: ReadContext): Promise<Preview> {
	const wanted = await readWanted(context.source);
	const target = await readPublications(await context.target.database());
	const removeExtra = context.options.remove_extra;
	const actions = planPublications(wanted, target, { removeExtra });
	const warnings = actions
		.filter(({ how }) => how === 'leave')
		.map(({ object, detail, fix }): PreviewWarning => ({
			level: 'warning',
			object,
			message: detail,
			fix: fix ?? '',
		}));
	for (const { name, standIn } of wanted) {
		if (standIn) {
			warnings.push({
				level: 'note',
				object: name,
				message: 'The source publishes all tables; the copy names each of them instead.',
				fix: 'Add later tables to the publication by hand.',
			});
		}
	}
	const published = (publications: readonly Publication[]): number =>
		publications.find(({ name }) => name === REALTIME)?.tables.length ?? 0;
	return makePreview({
		counts: [
			{ unit: 'table', source: published(wanted), target: published(target) },
			{ unit: 'publication', source: wanted.length, target: target.length },
		],
		objects: actions.map(({ object, kind, how, statements }) => ({
			object,
			kind,
			action: how,
			...(statements.length > 0 ? { sql: [...statements] } : {}),
		})),
		warnings,
	});
}
