// Writes the changes of one area: all at once; if that is refused, group by group; if a group is refused, field
// by field. So one field that the plan does not have costs only itself.
import type { Item, StageContext } from '../component.ts';
import { TwinsError } from '../../domain/errors.ts';
import type { Area } from './areas.ts';
import type { Change } from './plan.ts';
import { changeDetail } from './report.ts';

/** Writes and says what became of each change. Throws for trouble that is not about these settings. */
export async function applyChanges(
	context: Pick<StageContext, 'target' | 'spend' | 'signal'>,
	area: Area,
	changes: readonly Change[],
): Promise<Item[]> {
	if (changes.length === 0) return [];
	const refusal = await patch(context, area, changes);
	if (!refusal) return changes.map((change) => written(area, change));
	if (refusal.details.httpStatus === 403) {
		return [
			{
				object: `${area.name} settings`,
				outcome: 'failed',
				detail: `${changes.length} settings differ and cannot be written: ${refusal.message}`,
				fix: refusal.fix,
			},
		];
	}
	const [single] = changes;
	if (changes.length === 1 && single) return [refused(area, single, refusal)];
	const items: Item[] = [];
	for (const part of split(changes)) {
		context.signal.throwIfAborted();
		items.push(...(await applyChanges(context, area, part)));
	}
	return items;
}

/** Groups; the fields of a group where there is only one, in their order (an address before its switch). */
function split(changes: readonly Change[]): readonly (readonly Change[])[] {
	const groups = new Map<string, Change[]>();
	for (const change of changes) {
		const group = groups.get(change.group);
		if (group) group.push(change);
		else groups.set(change.group, [change]);
	}
	return groups.size > 1 ? [...groups.values()] : changes.map((change) => [change]);
}

async function patch(
	{ target, spend }: Pick<StageContext, 'target' | 'spend'>,
	area: Area,
	changes: readonly Change[],
): Promise<TwinsError | undefined> {
	const body = Object.fromEntries(changes.map(({ setting, value }) => [setting, value]));
	spend({ operations: 1 });
	try {
		await target.api.send('PATCH', area.path, body);
		return undefined;
	} catch (error) {
		const isRefusal = error instanceof TwinsError && error.code === 'api_refused';
		if (!isRefusal) throw error;
		return error;
	}
}

function written(area: Area, change: Change): Item {
	return {
		object: `${area.name}.${change.setting}`,
		outcome: change.isAdapted ? 'adapted' : 'copied',
		detail: changeDetail(change),
		fix: change.fix,
	};
}

function refused(area: Area, change: Change, refusal: TwinsError): Item {
	const isPlanLimit = refusal.details.httpStatus === 402;
	return {
		object: `${area.name}.${change.setting}`,
		outcome: isPlanLimit ? 'skipped' : 'failed',
		detail: refusal.message,
		fix: isPlanLimit
			? refusal.fix
			: `Set ${change.setting} on the target by hand, or correct it on the source and clone again.`,
	};
}
