// Compares the settings of both ends, in every mode alike: the plan of a clone that would find nothing to do.
import type { Finding, ReadContext } from '../component.ts';
import { type Area, AREAS } from './areas.ts';
import { planIssuers } from './identity-providers.ts';
import type { Plan } from './plan.ts';
import { shown, unreadableItem } from './report.ts';

const FIX = 'Clone the component Project config again; its report says what was refused.';

export async function verify(context: ReadContext): Promise<readonly Finding[]> {
	const findings: Finding[] = [];
	for (const area of AREAS) {
		context.signal.throwIfAborted();
		try {
			findings.push(...findingsOf(area, await area.plan(context, false)));
		} catch (error) {
			const item = unreadableItem(area, error);
			if (!item) throw error;
			findings.push({
				severity: 'warning',
				object: item.object,
				expected: 'readable on both ends',
				found: item.detail ?? '',
				fix: item.fix ?? '',
			});
		}
	}
	const { missing } = await planIssuers(context).catch((error: unknown) => {
		// Without the right to read them, the settings of Auth were not readable either, and said so.
		if (findings.some(({ object }) => object === 'auth settings')) return { missing: [] };
		throw error;
	});
	if (missing.length > 0) {
		findings.push({
			severity: 'failed',
			object: 'auth.third-party issuers',
			expected: 'those of the source',
			found: `${missing.length} missing`,
			fix: FIX,
		});
	}
	return findings;
}

function findingsOf(area: Area, plan: Plan): Finding[] {
	const differing = plan.changes.map(({ setting, value, before }): Finding => ({
		severity: 'failed',
		object: `${area.name}.${setting}`,
		expected: shown(value) ?? 'the text of the source',
		found: shown(before) ?? 'another text',
		fix: FIX,
	}));
	const left = plan.notes
		.filter(({ isDifference }) => isDifference)
		.map(({ setting, detail, fix = '' }): Finding => ({
			severity: 'warning',
			object: `${area.name}.${setting}`,
			expected: 'as on the source',
			found: detail,
			fix,
		}));
	return [...differing, ...left];
}
