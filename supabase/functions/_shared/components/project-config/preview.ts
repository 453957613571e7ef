// Preview: what would be written, and what is left for the user to do.
import {
	makePreview,
	type Preview,
	type PreviewObject,
	type PreviewWarning,
} from '../../domain/preview.ts';
import { readSchemaParts } from '../../schema-stages/preview.ts';
import type { SlicedContext } from '../../contract/context.ts';
import { AREAS } from './areas.ts';
import { previewRoleSettings } from './copy-role-settings.ts';
import { changeDetail, unreadableItem } from './report.ts';

export async function preview(context: SlicedContext): Promise<Preview | undefined> {
	const roles = await readSchemaParts(context, ['project_config']);
	if (roles === undefined) return undefined;
	const objects: PreviewObject[] = [];
	const warnings: PreviewWarning[] = [];
	const warn = (object: string, message: string, fix: string): number =>
		warnings.push({ level: 'warning', object, message, fix });
	let equal = 0;
	for (const area of AREAS) {
		context.signal.throwIfAborted();
		try {
			const plan = await area.plan(context, true);
			equal += plan.equal;
			for (const change of plan.changes) {
				objects.push({
					object: `${area.name}.${change.setting}`,
					kind: 'setting',
					action: 'change',
					detail: changeDetail(change),
				});
			}
			for (const note of plan.notes.filter(({ kind }) => kind === 'todo'))
				warn(`${area.name}.${note.setting}`, note.detail, note.fix ?? '');
		} catch (error) {
			const item = unreadableItem(area, error);
			if (!item) throw error;
			warn(item.object, item.detail ?? '', item.fix ?? '');
		}
	}
	const settings = await previewRoleSettings(context);
	equal += settings.equal;
	objects.push(...settings.objects);
	return makePreview({
		counts: [{ unit: 'setting', source: equal + objects.length }, ...roles.counts],
		plan: equal > 0 ? [{ kind: 'setting', action: 'keep', count: equal }] : [],
		objects: [...roles.objects, ...objects],
		warnings: [...roles.warnings, ...warnings, ...settings.warnings],
	});
}
