// Writes the changes of one area: all at once; if that is refused, group by group; if a group is refused, field
// by field. So one field that the plan does not have costs only itself.
import type { Item } from '../../contract/report.ts';
import type { StageContext } from '../../contract/context.ts';
import { TwinsError } from '../../domain/errors.ts';
import type { Area } from './area.ts';
import { forgotten, leftEntry } from './left-as-is.ts';
import { type Change, isSame } from './plan.ts';
import { changeDetail } from './report.ts';
import { configSchema } from './settings-reader.ts';

type ApplyContext = Pick<
	StageContext,
	'target' | 'spend' | 'signal' | 'memory' | 'remember' | 'announce'
>;

/** Writes and says what became of each change. Throws for trouble that is not about these settings. */
export async function applyChanges(
	context: ApplyContext,
	area: Area,
	changes: readonly Change[],
): Promise<Item[]> {
	if (changes.length === 0) return [];
	await context.announce(...changes.map((change) => writtenItem(area, change)));
	const { refusal, answer } = await patch(context, area, changes);
	if (!refusal)
		return Promise.all(changes.map((change) => accepted(context, area, change, answer)));
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
	if (changes.length === 1 && single) return [await refused(context, area, single, refusal)];
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
	{ target, spend }: ApplyContext,
	area: Area,
	changes: readonly Change[],
): Promise<{ readonly refusal?: TwinsError; readonly answer?: unknown }> {
	const body = Object.fromEntries(changes.map(({ setting, value }) => [setting, value]));
	spend({ operations: 1 });
	try {
		const answer = await target.api.send<unknown>('PATCH', area.path, body);
		if (changes.every(({ setting }) => isShown(answer, setting))) return { answer };
	} catch (error) {
		const isRefusal = error instanceof TwinsError && error.code === 'api_refused';
		if (!isRefusal) throw error;
		return { refusal: error };
	}
	// Not every area answers with its settings; what is nowhere to be seen does not count as written.
	spend({ operations: 1 });
	return { answer: await target.api.get(area.path, configSchema) };
}

const isShown = (answer: unknown, setting: string): boolean =>
	typeof answer === 'object' && answer !== null && Object.hasOwn(answer, setting);

/** An answer that shows the setting with another value means that the plan has its own, or none. */
async function accepted(
	{ memory, remember }: ApplyContext,
	area: Area,
	change: Change,
	answer: unknown,
): Promise<Item> {
	const { setting, value } = change;
	const shown = typeof answer === 'object' && answer !== null ? Object.entries(answer) : [];
	const found = shown.find(([name]) => name === setting);
	if (found && !isSame(found[1], value)) {
		const detail = 'Supabase took the request, but the setting has another value';
		remember(await leftEntry(area, change, detail));
		const fix = `Set ${setting} on the target by hand, if its plan has it.`;
		return { object: `${area.name}.${setting}`, outcome: 'skipped', detail, fix };
	}
	remember(forgotten(memory, area, [change]));
	return writtenItem(area, change);
}

const writtenItem = (area: Area, change: Change): Item => ({
	object: `${area.name}.${change.setting}`,
	outcome: change.isAdapted ? 'adapted' : 'copied',
	detail: changeDetail(change),
	fix: change.fix,
});

async function refused(
	{ remember }: ApplyContext,
	area: Area,
	change: Change,
	refusal: TwinsError,
): Promise<Item> {
	const isPlanLimit = refusal.details.httpStatus === 402;
	if (isPlanLimit) remember(await leftEntry(area, change, refusal.message));
	return {
		object: `${area.name}.${change.setting}`,
		outcome: isPlanLimit ? 'skipped' : 'failed',
		detail: refusal.message,
		fix: isPlanLimit
			? refusal.fix
			: `Set ${change.setting} on the target by hand, or correct it on the source and clone again.`,
	};
}
