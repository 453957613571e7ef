// The options of a clone in a few words, for lists.
import { cloneOptionsSchema } from '#shared/domain/clone.ts';
import { COMPONENT_KEYS } from '#shared/domain/component.ts';
import { formatCount, formatQuantity } from '#shared/domain/amount.ts';
import { matchingPreset, PRESETS } from '../wizard/draft.ts';

/** "Everything", "Schema only · removes extras", "5 components · 1,000 rows per table". */
export function describeOptions(stored: unknown): string {
	const parsed = cloneOptionsSchema.safeParse(stored);
	if (!parsed.success) return 'Unknown';
	const options = parsed.data;
	const chosen = COMPONENT_KEYS.filter((key) => options.components[key]);
	const preset = matchingPreset(chosen);
	const words = [
		PRESETS.find(({ key }) => key === preset)?.label ?? formatQuantity(chosen.length, 'component'),
	];
	if (options.row_limit > 0) words.push(`${formatCount(options.row_limit)} rows per table`);
	if (options.remove_extra) words.push('removes extras');
	if (options.activate) words.push('arms jobs and webhooks');
	if ((options.arm ?? []).length > 0) words.push(`arms ${(options.arm ?? []).join(', ')}`);
	if (options.backup) words.push('with a backup');
	return words.join(' · ');
}
