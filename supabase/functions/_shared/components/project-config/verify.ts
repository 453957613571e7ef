// Compares the settings of both endpoints, in every mode alike: the plan of a clone that would find nothing to do.
import type { Finding } from '../../contract/report.ts';
import type { ReadContext, SlicedContext } from '../../contract/context.ts';
import { schemaVerify } from '../../schema-stages/verify.ts';
import type { Area } from './area.ts';
import { AREAS } from './areas.ts';
import { verifyRoleSettings } from './copy-role-settings.ts';
import { planIssuers } from './identity-providers.ts';
import { reasonLeft } from './left-as-is.ts';
import type { Plan } from './plan.ts';
import { shown, unreadableItem } from './report.ts';

const FIX = 'Clone the component Project config again; its report says what was refused.';

export const verify = (context: SlicedContext): Promise<readonly Finding[]> =>
	schemaVerify(context, ['project_config'], async () => [
		...(await compareAreas(context)),
		...(await verifyRoleSettings(context)),
	]);

async function compareAreas(context: ReadContext): Promise<readonly Finding[]> {
	const findings: Finding[] = [];
	for (const area of AREAS) {
		context.signal.throwIfAborted();
		try {
			findings.push(...(await findingsOf(context, area, await area.plan(context, false))));
		} catch (error) {
			const item = unreadableItem(area, error);
			if (!item) throw error;
			findings.push({
				severity: 'warning',
				object: item.object,
				expected: 'readable on source and target',
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

async function findingsOf(context: ReadContext, area: Area, plan: Plan): Promise<Finding[]> {
	const differing = await Promise.all(
		plan.changes.map(async (change): Promise<Finding> => {
			const reason = await reasonLeft(context.memory, area, change);
			return {
				severity: reason === undefined ? 'failed' : 'note',
				object: `${area.name}.${change.setting}`,
				expected: shown(change.value) ?? 'the text of the source',
				found: reason ?? shown(change.before) ?? 'another text',
				fix:
					reason === undefined
						? FIX
						: `Set ${change.setting} on the target by hand, if its plan has it.`,
			};
		}),
	);
	const left = plan.notes
		.filter(({ isDifference }) => isDifference)
		.map(({ setting, detail, fix = '' }): Finding => ({
			severity: 'note',
			object: `${area.name}.${setting}`,
			expected: 'as on the source',
			found: detail,
			fix,
		}));
	return [...differing, ...left];
}
