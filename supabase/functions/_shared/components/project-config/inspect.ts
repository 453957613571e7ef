// Preview: what would be written, and what is left for the user to do.
import type { Preview, PreviewWarning, ReadContext } from '../component.ts';
import { AREAS } from './areas.ts';
import { changeDetail, unreadableItem } from './report.ts';

const LISTED = 500;

export async function preview(context: ReadContext): Promise<Preview> {
	const objects: Record<string, unknown>[] = [];
	const warnings: PreviewWarning[] = [];
	let equal = 0;
	for (const area of AREAS) {
		context.signal.throwIfAborted();
		try {
			const plan = await area.plan(context, true);
			equal += plan.equal;
			for (const change of plan.changes) {
				objects.push({ setting: `${area.name}.${change.setting}`, change: changeDetail(change) });
			}
			for (const note of plan.notes.filter(({ kind }) => kind === 'todo')) {
				const { detail: message, fix = '' } = note;
				warnings.push({ object: `${area.name}.${note.setting}`, message, fix });
			}
		} catch (error) {
			const item = unreadableItem(area, error);
			if (!item) throw error;
			warnings.push({ object: item.object, message: item.detail ?? '', fix: item.fix ?? '' });
		}
	}
	return {
		counts: { settings: equal + objects.length, settings_to_change: objects.length },
		objects: objects.slice(0, LISTED),
		warnings,
	};
}
